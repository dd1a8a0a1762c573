#include "services/opportunity/opportunity_participant.h"

#include <fmt/format.h>

#include "common/methods/record_changes.h"

namespace quartet::opportunity {
namespace {

using Changes = methods::RecordChanges<OpportunityTraits>;

}  // namespace

Result<std::unique_ptr<commit::Evaluation>> OpportunityKind::Evaluate(const qualification::v1::Prepare& prepare,
                                                                      const resource::RecordRepository& /*records*/,
                                                                      const commit::IntentRepository& /*intents*/,
                                                                      IdSource& ids) const {
  if (!prepare.has_opportunities())
    return InvalidArgument({{"work", "the opportunity service prepares opportunities"}});
  commit::Ready ready;
  resource::Violations violations;
  int index = 0;
  for (v1::Opportunity proposal : prepare.opportunities().records()) {
    traits_.PrepareNew(proposal);
    resource::Violations own;
    traits_.Check(proposal, own);
    for (const FieldViolation& violation : own.all())
      violations.Add(fmt::format("opportunities[{}].{}", index, violation.field), violation.description);
    ++index;
    const std::string id = ids.NewUuid();
    ready.intents.push_back(commit::Intent{.record_id = id,
                                           .qualification_id = "",
                                           .kind = commit::IntentKind::kOpen,
                                           .proposal = proposal.SerializeAsString(),
                                           .reserved = {}});
    auto& outcome = *ready.prepared.add_records();
    outcome.set_name(resource::NameOf(OpportunityTraits::kSchema.collection, id));
    outcome.set_kind(qualification::v1::RecordOutcome::OPENED);
    auto& planned = ready.planned.emplace_back();
    *planned.mutable_outcome() = outcome;
    *planned.mutable_opportunity() = std::move(proposal);
  }
  if (!violations.empty()) return commit::Evaluated(commit::Refuse(violations.ToStatus().error()));
  return commit::Evaluated(std::move(ready));
}

Status OpportunityKind::CheckUntouched(const resource::Record& record, const std::string& /*qualification_id*/) const {
  return Changes::CheckUntouched(record);
}

Result<commit::Change> OpportunityKind::Apply(const commit::Intent& intent,
                                              const std::optional<resource::Record>& before,
                                              const qualification::v1::Decision& decision) const {
  return Changes::Apply(intent, before, decision);
}

}  // namespace quartet::opportunity
