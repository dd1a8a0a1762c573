#include "services/account/account_participant.h"

#include "common/commit/matching.h"
#include "common/methods/record_changes.h"
#include "common/rpc/error_mapping.h"
#include "services/account/account_rules.h"

namespace quartet::account {
namespace {

using Changes = methods::RecordChanges<AccountTraits>;
using Typed = methods::TypedRecord<AccountTraits>;
using qualification::v1::Prepare;

// The web site's domain is the strongest sign, then the e-mails', then the name.
std::vector<identity::Identity> KeysOf(const Prepare::Account& work, const std::vector<identity::Identity>& own) {
  std::vector<identity::Identity> keys = own;
  for (const std::string& domain : work.match_domains()) keys.push_back({identity::Kind::kDomain, domain});
  std::stable_sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a.kind < b.kind; });
  return keys;
}

Result<commit::Filled> Fill(const v1::Account& proposal, const resource::Record& before) {
  QUARTET_ASSIGN_OR_RETURN(v1::Account account, Typed::Decode(before));
  commit::Filled filled;
  filled.identities_before = Typed::Identities(account);
  filled.fields = methods::FillEmptyFields(proposal, account);
  filled.identities_after = Typed::Identities(account);
  return filled;
}

}  // namespace

Result<std::unique_ptr<commit::Evaluation>> AccountKind::Evaluate(const Prepare& prepare,
                                                                  const resource::RecordRepository& records,
                                                                  const commit::IntentRepository& intents,
                                                                  IdSource& ids) const {
  if (!prepare.has_account()) return InvalidArgument({{"work", "the account service prepares accounts"}});
  const Prepare::Account& work = prepare.account();
  const auto proposal = std::make_shared<v1::Account>(work.record());
  resource::Violations violations;
  AccountTraits::Check(*proposal, violations);
  // Who names an account need not name a company.
  if (!violations.empty() && work.given().empty())
    return commit::Evaluated(commit::Refuse(violations.ToStatus().error()));
  commit::MatchRequest request;
  request.own_id = resource::IdOf(prepare.qualification());
  request.given = resource::IdOf(work.given());
  request.identities = Typed::Identities(*proposal);
  request.keys = KeysOf(work, request.identities);
  request.duplicate_policy = work.duplicate_policy();
  request.new_id = ids.NewUuid();
  request.proposal = proposal->SerializeAsString();
  request.fill = [proposal](const resource::Record& before, const std::string& /*dead*/) {
    return Fill(*proposal, before);
  };
  request.complete = [proposal](commit::Ready& ready, const resource::Record* /*attached*/,
                                const std::string& /*dead*/) -> Status {
    *ready.planned.front().mutable_account() = *proposal;
    return {};
  };
  return commit::AttachOrOpen(std::move(request), records, intents);
}

Status AccountKind::CheckUntouched(const resource::Record& record, const std::string& /*qualification_id*/) const {
  return Changes::CheckUntouched(record);
}

Result<std::vector<std::string>> AccountKind::Restorable(const resource::Record& record,
                                                         const qualification::v1::RecordUndo& undo) const {
  return Changes::Restorable(record, undo);
}

Result<commit::Change> AccountKind::Apply(const commit::Intent& intent, const std::optional<resource::Record>& before,
                                          const qualification::v1::Decision& decision) const {
  return Changes::Apply(intent, before, decision);
}

}  // namespace quartet::account
