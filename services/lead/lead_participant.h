#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/commit/record_kind.h"

namespace quartet::lead {

// The lead service's part in qualifications: a lead is locked, then closed; or,
// when its qualification is reverted, opened again.
class LeadKind final : public commit::RecordKind {
 public:
  qualification::v1::Participant participant() const override { return qualification::v1::LEAD; }
  Result<std::unique_ptr<commit::Evaluation>> Evaluate(const qualification::v1::Prepare& prepare,
                                                       const resource::RecordRepository& records,
                                                       const commit::IntentRepository& intents,
                                                       IdSource& ids) const override;
  // With the lead as it was when it was locked, which it still is.
  Status Complete(storage::Transaction& transaction, const resource::RecordRepository& records,
                  const qualification::v1::Prepare& prepare, qualification::v1::Reply& reply) const override;
  Status CheckUntouched(const resource::Record& record, const std::string& qualification_id) const override;
  Result<commit::Change> Apply(const commit::Intent& intent, const std::optional<resource::Record>& before,
                               const qualification::v1::Decision& decision) const override;
  // A lead has one live qualification (rule 13): another one is refused, and
  // told who holds it.
  qualification::v1::Reply HeldBy(const qualification::v1::Prepare& prepare,
                                  const commit::Intent& holder) const override;
};

}  // namespace quartet::lead
