#pragma once

#include <vector>

#include <google/protobuf/repeated_ptr_field.h>

#include "common/identity/identity.h"

#include "quartet/type/v1/contact_point.pb.h"

namespace quartet::resource {

// Appends the identities of addresses and numbers that have been checked; what
// cannot be normalised is no identity.
void AppendEmails(const google::protobuf::RepeatedPtrField<type::v1::EmailAddress>& emails,
                  std::vector<identity::Identity>& identities);
void AppendPhones(const google::protobuf::RepeatedPtrField<type::v1::PhoneNumber>& phones,
                  std::vector<identity::Identity>& identities);

}  // namespace quartet::resource
