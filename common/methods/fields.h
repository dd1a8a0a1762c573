#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/message.h>

#include "common/base/result.h"

namespace quartet::methods {

// Clears the resource name, the etag and all fields that the server alone
// sets (google.api.field_behavior OUTPUT_ONLY, IDENTIFIER) of a message that a
// caller sent.
void ClearServerFields(google::protobuf::Message& message);

// Writes the fields that `mask` names from `from` into `to` (AIP-134): those
// populated in `from` if it is empty, all if it is "*". Server fields stay as
// they are, whoever names them. Lists and maps are replaced. Errors:
// INVALID_ARGUMENT naming every path that does not exist.
Status MergeFields(const google::protobuf::Message& from, const google::protobuf::FieldMask& mask,
                   google::protobuf::Message& to);

// Copies fields of `from` that are empty in `to`, each whole or not at all;
// never server fields nor IMMUTABLE ones. The names of those copied.
std::vector<std::string> FillEmptyFields(const google::protobuf::Message& from, google::protobuf::Message& to);

// Whether `bytes` can be a serialised message of any type, by its outermost fields: a
// look that costs a small part of parsing it.
bool IsWellFormed(std::string_view bytes);

// The fields that a caller may set, once at least, and that are not the same in
// both, which are of one type.
std::vector<const google::protobuf::FieldDescriptor*> FieldsThatDiffer(const google::protobuf::Message& a,
                                                                       const google::protobuf::Message& b);

// Makes one field of `to` what it is in `from`, which is of the same type.
void CopyField(const google::protobuf::Message& from, const google::protobuf::FieldDescriptor& field,
               google::protobuf::Message& to);

}  // namespace quartet::methods
