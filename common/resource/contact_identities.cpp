#include "common/resource/contact_identities.h"

namespace quartet::resource {

using identity::Kind;

void AppendEmails(const google::protobuf::RepeatedPtrField<type::v1::EmailAddress>& emails,
                  std::vector<identity::Identity>& identities) {
  for (const auto& email : emails) {
    auto normalised = identity::NormaliseEmail(email.address());
    if (normalised.ok()) identities.push_back({Kind::kEmail, *std::move(normalised)});
  }
}

void AppendPhones(const google::protobuf::RepeatedPtrField<type::v1::PhoneNumber>& phones,
                  std::vector<identity::Identity>& identities) {
  for (const auto& phone : phones) {
    // Checked numbers are in E.164 form, which needs no region.
    if (phone.number().starts_with("+")) identities.push_back({Kind::kPhone, phone.number()});
  }
}

}  // namespace quartet::resource
