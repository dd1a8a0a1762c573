#include "tests/bench/monolith/conversion_records.h"

#include <stdexcept>

#include "common/events/envelope.h"
#include "common/methods/record_changes.h"
#include "services/account/account_rules.h"
#include "services/contact/contact_rules.h"
#include "services/lead/lead_participant.h"
#include "services/lead/lead_rules.h"
#include "services/opportunity/opportunity_rules.h"
#include "services/qualification/qualification_plan.h"

namespace quartet::bench {
namespace {

using qualification::v1::Decision;

// Opens a record as its service does: the rules first, then the references that the decision gives.
template <class Traits, class Check>
resource::Record Open(const Traits& traits, typename Traits::Message& message, const std::string& id,
                      const Decision& decision, const Check& check, std::vector<events::Message>& events) {
  resource::Violations violations;
  traits.PrepareNew(message);
  check(message, violations);
  if (!violations.empty()) throw std::runtime_error(ToString(violations.ToStatus().error()));
  Traits::SetReferences(message, message, decision.names());
  auto record =
      methods::TypedRecord<Traits>::Encode(message, id, 1, decision.decide_time_us(), decision.decide_time_us());
  events.push_back(methods::TypedRecord<Traits>::EventOf(Traits::Event::OPENED, record, message));
  return record;
}

std::string Serialized(std::vector<events::Message>& events, IdSource& ids) {
  std::vector<const events::Message*> pointers;
  for (events::Message& event : events) {
    event.id = ids.NewUuid();
    pointers.push_back(&event);
  }
  return events::SerializeMessages(pointers);
}

const opportunity::OpportunityTraits& Opportunities() {
  static const opportunity::OpportunityTraits traits{.stages = {{"QUALIFY", 10}, {"DEVELOP", 30}}};
  return traits;
}

lead::v1::Lead LeadOf(const resource::Record& record) {
  auto lead = methods::TypedRecord<lead::LeadTraits>::Decode(record);
  if (!lead.ok()) throw std::runtime_error(ToString(lead.error()));
  return *std::move(lead);
}

}  // namespace

resource::Record LeadRecord(lead::v1::Lead lead, std::string id, std::int64_t now_us, Rules rules) {
  lead::LeadTraits::PrepareNew(lead);
  resource::Violations violations;
  if (rules == Rules::kApply) lead::LeadTraits::Check(lead, violations);
  if (!violations.empty()) throw std::runtime_error(ToString(violations.ToStatus().error()));
  return methods::TypedRecord<lead::LeadTraits>::Encode(lead, std::move(id), 1, now_us, now_us);
}

std::string CreationEvents(const std::vector<resource::Record>& leads, IdSource& ids) {
  std::vector<events::Message> events;
  for (const resource::Record& lead : leads) {
    auto message = LeadOf(lead);
    events.push_back(methods::TypedRecord<lead::LeadTraits>::EventOf(lead::v1::LeadEvent::CREATED, lead, message));
  }
  return Serialized(events, ids);
}

ConversionRecords Convert(const resource::Record& before, const std::string& account_id, bool account_opened,
                          IdSource& ids, std::int64_t now_us, Rules rules) {
  const lead::v1::Lead lead = LeadOf(before);
  const auto checked = [rules](auto check) {
    return [rules, check](auto& message, auto& violations) {
      if (rules == Rules::kApply) check(message, violations);
    };
  };
  ConversionRecords records;
  records.qualification_id = ids.NewUuid();
  const std::string contact_id = ids.NewUuid();
  const std::string opportunity_id = ids.NewUuid();

  Decision decision;
  decision.set_qualification(resource::NameOf("qualifications", records.qualification_id));
  decision.set_outcome(Decision::COMMITTED);
  decision.set_decide_time_us(now_us);
  decision.mutable_names()->set_lead(lead.name());
  if (!account_id.empty()) decision.mutable_names()->set_account(resource::NameOf("accounts", account_id));
  decision.mutable_names()->set_contact(resource::NameOf("contacts", contact_id));
  decision.mutable_names()->add_opportunities(resource::NameOf("opportunities", opportunity_id));

  records.plan = qualification::MakePlan(lead, {}, decision.qualification());
  qualification::v1::Plan plan = records.plan;
  std::vector<events::Message> events;
  for (qualification::v1::Prepare& work : *plan.mutable_prepares()) {
    if (work.has_account() && account_opened) {
      records.account = Open(account::AccountTraits(), *work.mutable_account()->mutable_record(), account_id, decision,
                             checked(account::AccountTraits::Check), events);
    } else if (work.has_contact()) {
      records.contact = Open(contact::ContactTraits(), *work.mutable_contact()->mutable_record(), contact_id, decision,
                             checked(contact::CheckFields), events);
    } else if (work.has_opportunities()) {
      const auto check = [](auto& message, auto& violations) { Opportunities().Check(message, violations); };
      records.opportunity = Open(Opportunities(), *work.mutable_opportunities()->mutable_records(0), opportunity_id,
                                 decision, checked(check), events);
    }
  }
  auto closed = lead::LeadKind().Apply({.record_id = before.id, .kind = commit::IntentKind::kLock}, before, decision);
  if (!closed.ok()) throw std::runtime_error(ToString(closed.error()));
  records.lead = std::move(*closed->after);
  events.push_back(std::move(closed->event));
  records.events = Serialized(events, ids);
  records.decision = std::move(decision);
  return records;
}

std::vector<identity::Identity> AccountIdentities(const resource::Record& lead) {
  const lead::v1::Lead message = LeadOf(lead);
  account::v1::Account account;
  account.set_display_name(message.company());
  account.set_website(message.website());
  return methods::TypedRecord<account::AccountTraits>::Identities(account);
}

}  // namespace quartet::bench
