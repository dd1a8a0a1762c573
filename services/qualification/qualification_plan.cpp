#include "services/qualification/qualification_plan.h"

#include <algorithm>

#include <fmt/format.h>
#include <google/protobuf/util/message_differencer.h>

#include "common/base/limits.h"
#include "common/identity/identity.h"
#include "common/resource/field_rules.h"
#include "common/resource/resource_name.h"
#include "common/resource/violations.h"

namespace quartet::qualification {
namespace {

using lead::v1::Lead;
using v1::QualifyOptions;

using limits::kOpportunitiesMax;

const std::string& OwnerOf(const Lead& lead, const QualifyOptions& options) {
  return options.owner().empty() ? lead.owner() : options.owner();
}

// What every record takes over from its lead.
template <class Record>
void CarryCommon(const Lead& lead, const QualifyOptions& options, const std::string& qualification, Record& record) {
  record.set_lead(lead.name());
  record.set_qualification(qualification);
  record.set_owner(OwnerOf(lead, options));
  *record.mutable_tags() = lead.tags();
  *record.mutable_custom_attributes() = lead.custom_attributes();
}

// A company is named by the lead; an e-mail address alone names none.
bool HasAccount(const Lead& lead, const QualifyOptions& options) {
  return !options.account().empty() || !lead.company().empty();
}

void PlanAccount(const Lead& lead, const QualifyOptions& options, const std::string& qualification,
                 v1::Prepare::Account& work) {
  work.set_given(options.account());
  work.set_duplicate_policy(options.duplicate_policy());
  account::v1::Account& record = *work.mutable_record();
  CarryCommon(lead, options, qualification, record);
  record.set_display_name(lead.company());
  record.set_website(lead.website());
  *record.mutable_phones() = lead.phones();
  if (lead.has_address()) *record.mutable_address() = lead.address();
  if (!lead.website().empty()) return;
  // Without a web site the e-mail's domain may find the company, though it is
  // too weak a sign to own it.
  for (const auto& email : lead.emails()) {
    const auto normalised = identity::NormaliseEmail(email.address());
    if (!normalised.ok()) continue;
    if (const auto domain = identity::CompanyDomainOfEmail(*normalised)) work.add_match_domains(*domain);
  }
}

void PlanContact(const Lead& lead, const QualifyOptions& options, const std::string& qualification,
                 v1::Prepare::Contact& work) {
  work.set_given(options.contact());
  work.set_duplicate_policy(options.duplicate_policy());
  work.set_conflict_policy(options.conflict_policy());
  work.set_has_account(HasAccount(lead, options));
  contact::v1::Contact& record = *work.mutable_record();
  CarryCommon(lead, options, qualification, record);
  if (lead.has_person()) *record.mutable_person() = lead.person();
  *record.mutable_emails() = lead.emails();
  *record.mutable_phones() = lead.phones();
  // The address is the company's, where there is one.
  if (lead.has_address() && !work.has_account()) *record.mutable_address() = lead.address();
  record.set_title(lead.title());
  record.set_source(lead.source());
  record.set_source_detail(lead.source_detail());
  record.mutable_basis()->set_kind(contact::v1::Basis::KIND_QUALIFICATION);
  record.mutable_basis()->set_reference(qualification);
}

std::string OpportunityName(const Lead& lead) {
  if (!lead.topic().empty()) return lead.topic();
  if (!lead.company().empty()) return lead.company();
  const auto& person = lead.person();
  std::string name = person.given_name();
  if (!name.empty() && !person.family_name().empty()) name += " ";
  name += person.family_name();
  return name;
}

void PlanOpportunity(const Lead& lead, const QualifyOptions& options, const QualifyOptions::OpportunitySpec& spec,
                     const std::string& qualification, opportunity::v1::Opportunity& record) {
  CarryCommon(lead, options, qualification, record);
  record.set_display_name(spec.display_name().empty() ? OpportunityName(lead) : spec.display_name());
  if (spec.has_amount())
    *record.mutable_amount() = spec.amount();
  else if (lead.has_estimated_value())
    *record.mutable_amount() = lead.estimated_value();
  if (spec.has_expected_close_date())
    *record.mutable_expected_close_date() = spec.expected_close_date();
  else if (lead.has_expected_close_date())
    *record.mutable_expected_close_date() = lead.expected_close_date();
  record.set_stage(spec.stage());
  record.set_source(lead.source());
  record.set_source_detail(lead.source_detail());
  record.set_campaign(lead.campaign());
  record.set_notes(lead.notes());
  if (lead.has_next_touch_time()) *record.mutable_next_touch_time() = lead.next_touch_time();
}

void CheckTextOf(std::string text, std::size_t characters_max, const std::string& field,
                 resource::Violations& violations) {
  resource::CheckText(text, characters_max, field, violations);
}

void CheckSpec(const QualifyOptions::OpportunitySpec& spec, const std::string& field,
               resource::Violations& violations) {
  CheckTextOf(spec.display_name(), resource::kLongTextMax, field + ".display_name", violations);
  CheckTextOf(spec.stage(), limits::kStageMax, field + ".stage", violations);
  if (spec.has_amount()) resource::CheckMoney(spec.amount(), field + ".amount", violations);
  if (spec.has_expected_close_date())
    resource::CheckDate(spec.expected_close_date(), field + ".expected_close_date", violations);
}

}  // namespace

Status CheckOptions(const QualifyOptions& options, const std::string& field) {
  resource::Violations violations;
  const auto check_name = [&](const char* name, std::string_view collection, const std::string& value) {
    if (!value.empty() && !resource::ParseName(collection, value))
      violations.Add(fmt::format("{}.{}", field, name), fmt::format("must be \"{}/{{uuid}}\"", collection));
  };
  check_name("account", "accounts", options.account());
  check_name("contact", "contacts", options.contact());
  if (options.opportunities_size() > kOpportunitiesMax)
    violations.Add(field + ".opportunities",
                   fmt::format("at most {}, not {}", kOpportunitiesMax, options.opportunities_size()));
  if (options.no_opportunity() && options.opportunities_size() > 0)
    violations.Add(field + ".no_opportunity", "cannot stand together with opportunities");
  for (int i = 0; i < options.opportunities_size(); ++i)
    CheckSpec(options.opportunities(i), fmt::format("{}.opportunities[{}]", field, i), violations);
  CheckTextOf(options.owner(), resource::kShortTextMax, field + ".owner", violations);
  resource::CheckEnum(options.duplicate_policy(), *QualifyOptions::DuplicatePolicy_descriptor(),
                      field + ".duplicate_policy", violations);
  resource::CheckEnum(options.conflict_policy(), *QualifyOptions::ConflictPolicy_descriptor(),
                      field + ".conflict_policy", violations);
  return violations.ToStatus();
}

v1::Plan MakePlan(const Lead& lead, const QualifyOptions& options, const std::string& qualification) {
  v1::Plan plan;
  if (HasAccount(lead, options)) PlanAccount(lead, options, qualification, *plan.add_prepares()->mutable_account());
  PlanContact(lead, options, qualification, *plan.add_prepares()->mutable_contact());
  if (options.no_opportunity()) return plan;
  auto& opportunities = *plan.add_prepares()->mutable_opportunities();
  for (const auto& spec : options.opportunities())
    PlanOpportunity(lead, options, spec, qualification, *opportunities.add_records());
  if (options.opportunities().empty()) PlanOpportunity(lead, options, {}, qualification, *opportunities.add_records());
  return plan;
}

std::string CompanyKey(const v1::Plan& plan) {
  const auto prepare = std::ranges::find_if(plan.prepares(), [](const v1::Prepare& p) { return p.has_account(); });
  if (prepare == plan.prepares().end()) return "";
  const v1::Prepare::Account& work = prepare->account();
  if (!work.given().empty()) return work.given();
  if (auto domain = identity::CompanyDomainOfWebsite(work.record().website())) return *std::move(domain);
  if (!work.match_domains().empty()) return work.match_domains(0);
  return identity::NormaliseCompanyName(work.record().display_name());
}

bool SameOptions(const QualifyOptions& a, const QualifyOptions& b) {
  return google::protobuf::util::MessageDifferencer::Equals(a, b);
}

}  // namespace quartet::qualification
