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

Result<commit::Filled> Fill(const Prepare::Contact& work, const v1::Contact& proposal, const resource::Record& before,
                            const std::string& dead) {
  QUARTET_ASSIGN_OR_RETURN(v1::Contact contact, Typed::Decode(before));
  commit::Filled filled;
  filled.identities_before = Typed::Identities(contact);
  filled.fields = methods::FillEmptyFields(proposal, contact);
  // Which account it will be is known from the decision.
  if (work.has_account() && (contact.account().empty() || contact.account() == dead)) {
    filled.fields.push_back("account");
    // An account that is deleted is none, and gives way.
    v1::Contact over_dead = proposal;
    over_dead.set_account(dead);
    filled.proposal = over_dead.SerializeAsString();
  }
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
  // Whom a contact works for matters where the decision will name an account.
  request.named = [&work](const resource::Record& before) -> Result<std::string> {
    if (!work.has_account()) return std::string();
    QUARTET_ASSIGN_OR_RETURN(const v1::Contact contact, Typed::Decode(before));
    return contact.account();
  };
  request.fill = [&work, proposal](const resource::Record& before, const std::string& dead) {
    return Fill(work, *proposal, before, dead);
  };
  request.complete = [proposal](commit::Ready& ready, const resource::Record* attached,
                                const std::string& dead) -> Status {
    if (attached != nullptr) {
      QUARTET_ASSIGN_OR_RETURN(const v1::Contact contact, Typed::Decode(*attached));
      ready.prepared.set_contact_account(contact.account() == dead ? "" : contact.account());
    }
    *ready.planned.front().mutable_contact() = *proposal;
    return {};
  };
  return commit::AttachOrOpen(std::move(request), records, intents);
}

Status ContactKind::CheckUntouched(const resource::Record& record, const std::string& /*qualification_id*/) const {
  return Changes::CheckUntouched(record);
}

Result<std::vector<std::string>> ContactKind::Restorable(const resource::Record& record,
                                                         const qualification::v1::RecordUndo& undo) const {
  return Changes::Restorable(record, undo);
}

Result<commit::Change> ContactKind::Apply(const commit::Intent& intent, const std::optional<resource::Record>& before,
                                          const qualification::v1::Decision& decision) const {
  return Changes::Apply(intent, before, decision);
}

bool ContactKind::BreaksAttachment(const resource::Record& before, const resource::Record& after) const {
  constexpr std::size_t kAccount = 2;
  static_assert(ContactTraits::kColumns[kAccount] == "account");
  return RecordKind::BreaksAttachment(before, after) ||
         before.stored_columns[kAccount] != std::get<std::string>(after.columns[kAccount]);
}

}  // namespace quartet::contact
