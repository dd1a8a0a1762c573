#include "services/lead/lead_rules.h"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include "common/resource/contact_identities.h"
#include "common/resource/field_rules.h"

namespace quartet::lead {
namespace {

using resource::Violations;
using v1::Lead;

constexpr resource::FilterField kFields[] = {
    resource::EnumField("state", "state", &v1::Lead::State_descriptor),
    resource::TextField("owner", "owner"),
    resource::EnumField("source", "source", &type::v1::Source_descriptor),
    resource::IdentityField("email", identity::Kind::kEmail),
    resource::IdentityField("phone", identity::Kind::kPhone),
    resource::CompanyField("company", "company"),
    resource::TimeField("create_time", "create_time"),
    resource::TimeField("update_time", "update_time"),
};

// "QUALIFIED", without the enum's prefix.
std::string StateOf(const Lead& lead) {
  return Lead::State_Name(lead.state()).substr(sizeof("STATE_") - 1);
}

}  // namespace

Status CheckOpen(const Lead& lead) {
  if (lead.state() == Lead::STATE_OPEN) return {};
  return FailedPrecondition("LEAD_CLOSED", fmt::format("{} is closed: {}", lead.name(), StateOf(lead)));
}

const std::span<const resource::FilterField> LeadTraits::kFilterFields = kFields;

bool IsOpenReason(Lead::Reason reason) {
  return reason == Lead::REASON_NEW || reason == Lead::REASON_CONTACTED || reason == Lead::REASON_NURTURING;
}

bool IsDisqualifyReason(Lead::Reason reason) {
  return reason >= Lead::REASON_LOST && reason <= Lead::REASON_DUPLICATE;
}

void LeadTraits::Check(Lead& lead, Violations& violations) {
  using namespace resource;
  CheckPersonName(*lead.mutable_person(), "person", violations);
  const bool has_person = !lead.person().given_name().empty() || !lead.person().family_name().empty();
  if (!has_person && lead.person().prefix().empty() && lead.person().suffix().empty()) lead.clear_person();
  CheckText(*lead.mutable_company(), kShortTextMax, "company", violations);
  if (!has_person && lead.company().empty())
    violations.Add("person", "a lead needs the name of a person or of a company");
  if (lead.emails().empty() && lead.phones().empty())
    violations.Add("emails", "a lead needs an e-mail address or a phone number");
  if (lead.has_address()) CheckAddress(*lead.mutable_address(), "address", violations);
  CheckEmails(*lead.mutable_emails(), "emails", violations);
  CheckPhones(*lead.mutable_phones(), lead.address().region_code(), "phones", violations);
  CheckWebsite(*lead.mutable_website(), "website", violations);
  CheckText(*lead.mutable_title(), kShortTextMax, "title", violations);
  CheckEnum(lead.source(), *type::v1::Source_descriptor(), "source", violations);
  CheckText(*lead.mutable_source_detail(), kLongTextMax, "source_detail", violations);
  CheckText(*lead.mutable_campaign(), kShortTextMax, "campaign", violations);
  CheckText(*lead.mutable_topic(), kLongTextMax, "topic", violations);
  CheckEnum(lead.rating(), *type::v1::Rating_descriptor(), "rating", violations);
  if (lead.has_estimated_value()) CheckMoney(lead.estimated_value(), "estimated_value", violations);
  if (lead.has_expected_close_date()) CheckDate(lead.expected_close_date(), "expected_close_date", violations);
  CheckText(*lead.mutable_owner(), kShortTextMax, "owner", violations);
  CheckTags(*lead.mutable_tags(), "tags", violations);
  CheckCustomAttributes(*lead.mutable_custom_attributes(), "custom_attributes", violations);
  CheckText(*lead.mutable_notes(), kNotesMax, "notes", violations);
  if (lead.has_next_touch_time()) CheckTime(lead.next_touch_time(), "next_touch_time", violations);
  if (lead.state() == Lead::STATE_OPEN && !IsOpenReason(lead.reason()))
    violations.Add("reason", "an open lead's reason is NEW, CONTACTED or NURTURING");
  CheckSize(lead, violations);
}

std::vector<FieldViolation> CheckLead(Lead& lead) {
  Violations violations;
  LeadTraits::Check(lead, violations);
  return violations.all();
}

void LeadTraits::PrepareNew(Lead& lead) {
  lead.set_state(Lead::STATE_OPEN);
  if (lead.reason() == Lead::REASON_UNSPECIFIED) lead.set_reason(Lead::REASON_NEW);
}

Status LeadTraits::CheckUpdate(const Lead& before, const Lead& /*after*/) {
  return CheckOpen(before);
}

std::vector<resource::ColumnValue> LeadTraits::Columns(const Lead& lead) {
  return {std::int64_t{lead.state()}, lead.owner(), std::int64_t{lead.source()},
          identity::NormaliseCompanyName(lead.company())};
}

std::vector<identity::Identity> LeadTraits::Identities(const Lead& lead) {
  std::vector<identity::Identity> identities;
  resource::AppendEmails(lead.emails(), identities);
  resource::AppendPhones(lead.phones(), identities);
  return identities;
}

Status Disqualify(Lead& lead, Lead::Reason reason, const std::string& note, std::int64_t now_us) {
  Violations violations;
  if (!IsDisqualifyReason(reason))
    violations.Add("reason", "must be LOST, CANNOT_CONTACT, NO_LONGER_INTERESTED, CANCELED or DUPLICATE");
  std::string trimmed = note;
  resource::CheckText(trimmed, resource::kStateNoteMax, "note", violations);
  QUARTET_RETURN_IF_ERROR(violations.ToStatus());
  QUARTET_RETURN_IF_ERROR(CheckOpen(lead));
  lead.set_state(Lead::STATE_DISQUALIFIED);
  lead.set_reason(reason);
  lead.set_state_note(trimmed);
  *lead.mutable_close_time() = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(now_us);
  return {};
}

Status Reactivate(Lead& lead, Lead::Reason reason) {
  if (reason == Lead::REASON_UNSPECIFIED) reason = Lead::REASON_CONTACTED;
  if (!IsOpenReason(reason)) return InvalidArgument({{"reason", "must be NEW, CONTACTED or NURTURING"}});
  if (lead.state() != Lead::STATE_DISQUALIFIED)
    return FailedPrecondition("LEAD_NOT_DISQUALIFIED",
                              lead.name() + " is " + StateOf(lead) + "; only a disqualified lead is reactivated");
  lead.set_state(Lead::STATE_OPEN);
  lead.set_reason(reason);
  lead.clear_close_time();
  return {};
}

Status CheckQualifiable(const Lead& lead) {
  if (lead.has_delete_time()) return FailedPrecondition("LEAD_DELETED", lead.name() + " is deleted");
  if (lead.state() == Lead::STATE_DISQUALIFIED)
    return FailedPrecondition("LEAD_DISQUALIFIED", lead.name() + " is disqualified; reactivate it first");
  if (lead.state() != Lead::STATE_QUALIFIED) return {};
  Error error = FailedPrecondition("LEAD_ALREADY_QUALIFIED", lead.name() + " was qualified by " + lead.qualification());
  std::string opportunities;
  for (const std::string& name : lead.opportunities()) opportunities += (opportunities.empty() ? "" : ",") + name;
  error.metadata = {{"qualification", lead.qualification()},
                    {"contact", lead.contact()},
                    {"account", lead.account()},
                    {"opportunities", opportunities}};
  return error;
}

}  // namespace quartet::lead
