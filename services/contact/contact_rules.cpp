#include "services/contact/contact_rules.h"

#include <google/protobuf/util/message_differencer.h>

#include "common/resource/contact_identities.h"
#include "common/resource/field_rules.h"
#include "common/resource/resource_name.h"

namespace quartet::contact {
namespace {

using identity::Kind;
using v1::Basis;

constexpr resource::FilterField kFields[] = {
    resource::TextField("owner", "owner"),
    resource::EnumField("source", "source", &type::v1::Source_descriptor),
    resource::IdentityField("email", Kind::kEmail),
    resource::IdentityField("phone", Kind::kPhone),
    resource::TextField("account", "account"),
    resource::TimeField("create_time", "create_time"),
    resource::TimeField("update_time", "update_time"),
};

}  // namespace

const std::span<const resource::FilterField> ContactTraits::kFilterFields = kFields;

void CheckFields(v1::Contact& contact, resource::Violations& violations) {
  using namespace resource;
  if (contact.has_person()) CheckPersonName(*contact.mutable_person(), "person", violations);
  const bool has_name = !contact.person().given_name().empty() || !contact.person().family_name().empty();
  if (!has_name && contact.emails().empty() && contact.phones().empty())
    violations.Add("person", "a contact needs a name, an e-mail address or a phone number");
  if (contact.has_address()) CheckAddress(*contact.mutable_address(), "address", violations);
  CheckEmails(*contact.mutable_emails(), "emails", violations);
  CheckPhones(*contact.mutable_phones(), contact.address().region_code(), "phones", violations);
  CheckText(*contact.mutable_title(), kShortTextMax, "title", violations);
  if (!contact.account().empty() && !ParseName("accounts", contact.account()))
    violations.Add("account", "must be \"accounts/{uuid}\"");
  CheckEnum(contact.source(), *type::v1::Source_descriptor(), "source", violations);
  CheckText(*contact.mutable_source_detail(), kLongTextMax, "source_detail", violations);
  CheckText(*contact.mutable_owner(), kShortTextMax, "owner", violations);
  CheckTags(*contact.mutable_tags(), "tags", violations);
  CheckCustomAttributes(*contact.mutable_custom_attributes(), "custom_attributes", violations);
  CheckText(*contact.mutable_notes(), kNotesMax, "notes", violations);
  if (contact.has_next_touch_time()) CheckTime(contact.next_touch_time(), "next_touch_time", violations);
  CheckSize(contact, violations);
}

void ContactTraits::Check(v1::Contact& contact, resource::Violations& violations) {
  CheckFields(contact, violations);
  const bool stored = contact.has_create_time();
  const bool by_qualification = contact.basis().kind() == Basis::KIND_QUALIFICATION;
  if (contact.basis().kind() != Basis::KIND_EXISTING_RELATIONSHIP &&
      contact.basis().kind() != Basis::KIND_PAST_RELATIONSHIP && !(stored && by_qualification))
    violations.Add("basis.kind",
                   "must be EXISTING_RELATIONSHIP or PAST_RELATIONSHIP; anybody else becomes a "
                   "contact by the qualification of a lead");
  resource::CheckRequiredText(*contact.mutable_basis()->mutable_reference(), resource::kLongTextMax, "basis.reference",
                              violations);
}

Status ContactTraits::CheckUpdate(const v1::Contact& before, const v1::Contact& after) {
  if (google::protobuf::util::MessageDifferencer::Equals(before.basis(), after.basis())) return {};
  return InvalidArgument({{"basis", "cannot be changed"}});
}

std::vector<resource::ColumnValue> ContactTraits::Columns(const v1::Contact& contact) {
  return {contact.owner(), std::int64_t{contact.source()}, contact.account()};
}

std::vector<identity::Identity> ContactTraits::Identities(const v1::Contact& contact) {
  std::vector<identity::Identity> identities;
  resource::AppendEmails(contact.emails(), identities);
  resource::AppendPhones(contact.phones(), identities);
  return identities;
}

void ContactTraits::SetReferences(v1::Contact& contact, const v1::Contact& proposal,
                                  const qualification::v1::Names& names) {
  if (contact.account().empty() || contact.account() == proposal.account()) contact.set_account(names.account());
}

}  // namespace quartet::contact
