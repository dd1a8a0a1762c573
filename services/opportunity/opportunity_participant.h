#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/commit/record_kind.h"
#include "services/opportunity/opportunity_rules.h"

namespace quartet::opportunity {

// The opportunity service's part in qualifications: opportunities are opened,
// all or none (rule 12).
class OpportunityKind final : public commit::RecordKind {
 public:
  explicit OpportunityKind(OpportunityTraits traits) : traits_(std::move(traits)) {}

  qualification::v1::Participant participant() const override { return qualification::v1::OPPORTUNITY; }
  Result<std::unique_ptr<commit::Evaluation>> Evaluate(const qualification::v1::Prepare& prepare,
                                                       const resource::RecordRepository& records,
                                                       const commit::IntentRepository& intents,
                                                       IdSource& ids) const override;
  Status CheckUntouched(const resource::Record& record, const std::string& qualification_id) const override;
  Result<commit::Change> Apply(const commit::Intent& intent, const std::optional<resource::Record>& before,
                               const qualification::v1::Decision& decision) const override;

 private:
  const OpportunityTraits traits_;
};

}  // namespace quartet::opportunity
