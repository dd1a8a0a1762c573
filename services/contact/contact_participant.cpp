#include "services/contact/contact_participant.h"

#include "common/commit/matching.h"
#include "common/methods/record_changes.h"
#include "common/rpc/error_mapping.h"
#include "services/contact/contact_rules.h"

namespace quartet::contact {
namespace {

using Changes = methods::RecordChanges<ContactTraits>;
using Typed = methods::TypedRecord<ContactTraits>;
using qualification::v1::Prepare;
using qualification::v1::QualifyOptions;

commit::Filled Fill(const Prepare::Contact& work, const v1::Contact& proposal, const resource::Record& before) {
  v1::Contact contact = Typed::Decode(before);
  commit::Filled filled;
  filled.identities_before = Typed::Identities(contact);
  filled.fields = methods::FillEmptyFields(proposal, contact);
  // Which account it will be is known from the decision.
  if (work.has_account() && contact.account().empty()) filled.fields.push_back("account");
  filled.identities_after = Typed::Identities(contact);
  return filled;
}

}  // namespace

Result<std::unique_ptr<commit::Evaluation>> ContactKind::Evaluate(const Prepare& prepare,
                                                                  const resource::RecordRepository& records,
                                                                  const commit::IntentRepository& intents,
                                                                  IdSource& ids) const {
  if (!prepare.has_contact()) return InvalidArgument({{"work", "the contact service prepares contacts"}});
  const Prepare::Contact& work = prepare.contact();
  const auto proposal = std::make_shared<v1::Contact>(work.record());
  resource::Violations violations;
  CheckFields(*proposal, violations);
  if (!violations.empty()) return commit::Evaluated(commit::Refuse(violations.ToStatus().error()));
  commit::MatchRequest request;
  request.own_id = resource::IdOf(prepare.qualification());
  request.given = resource::IdOf(work.given());
  request.identities = Typed::Identities(*proposal);
  request.keys = request.identities;  // sorted: e-mail addresses, then phone numbers
  request.duplicate_policy = work.duplicate_policy();
  request.explain_conflicts = work.conflict_policy() != QualifyOptions::EMAIL_WINS;
  request.new_id = ids.NewUuid();
  request.proposal = proposal->SerializeAsString();
  request.fill = [&work, proposal](const resource::Record& before) { return Fill(work, *proposal, before); };
  request.complete = [proposal](commit::Ready& ready, const resource::Record* attached) {
    if (attached != nullptr) ready.prepared.set_contact_account(Typed::Decode(*attached).account());
    *ready.planned.front().mutable_contact() = *proposal;
  };
  return commit::AttachOrOpen(std::move(request), records, intents);
}

Status ContactKind::CheckUntouched(const resource::Record& record, const std::string& /*qualification_id*/) const {
  return Changes::CheckUntouched(record);
}

Result<commit::Change> ContactKind::Apply(const commit::Intent& intent, const std::optional<resource::Record>& before,
                                          const qualification::v1::Decision& decision) const {
  return Changes::Apply(intent, before, decision);
}

bool ContactKind::BreaksAttachment(const resource::Record& before, const resource::Record& after) const {
  return RecordKind::BreaksAttachment(before, after) ||
         Typed::Decode(before).account() != Typed::Decode(after).account();
}

}  // namespace quartet::contact
