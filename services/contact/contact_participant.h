#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/commit/record_kind.h"

namespace quartet::contact {

// The contact service's part in qualifications: the contact is found and attached to, or
// opened.
class ContactKind final : public commit::RecordKind {
 public:
  qualification::v1::Participant participant() const override { return qualification::v1::CONTACT; }
  Result<std::unique_ptr<commit::Evaluation>> Evaluate(const qualification::v1::Prepare& prepare,
                                                       const resource::RecordRepository& records,
                                                       const commit::IntentRepository& intents,
                                                       IdSource& ids) const override;
  Status CheckUntouched(const resource::Record& record, const std::string& qualification_id) const override;
  Result<std::vector<std::string>> Restorable(const resource::Record& record,
                                              const qualification::v1::RecordUndo& undo) const override;
  Result<commit::Change> Apply(const commit::Intent& intent, const std::optional<resource::Record>& before,
                               const qualification::v1::Decision& decision) const override;
  // A qualification relies on the account of the contact that it attaches to.
  bool BreaksAttachment(const resource::Record& before, const resource::Record& after) const override;
};

}  // namespace quartet::contact
