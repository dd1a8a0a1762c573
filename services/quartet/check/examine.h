#pragma once

#include <chrono>
#include <vector>

#include "services/quartet/check/facts.h"
#include "services/quartet/check/finding.h"

namespace quartet::cli {

// The rules of what must hold between the databases: pure functions over what was read. Each is given a subject that
// was read before the facts, so that what a conversion has changed in between can only look newer than it, which the
// rules allow for; only a revert in between can look wrong, once.

// What must be known for each.
void WantForRow(const Row& row, Facts& facts);
void WantForRecord(const StoredRecord& record, Facts& facts);
void WantForParticipation(const Participation& participation, Facts& facts);

// What takes longer than `grace` is a finding where it would be in flight before.
void ExamineRow(const Row& row, const Facts& facts, std::chrono::microseconds grace, std::vector<Finding>& found);
void ExamineRecord(Service service, const StoredRecord& record, const Facts& facts, std::vector<Finding>& found);
void ExamineParticipation(Service service, const Participation& participation, const Facts& facts,
                          std::chrono::microseconds grace, std::vector<Finding>& found);

}  // namespace quartet::cli
