#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "services/quartet/check/facts.h"
#include "services/quartet/check/finding.h"

namespace quartet::cli {

struct CheckOptions {
  std::optional<Service> only;             // walk this service's database alone
  std::chrono::seconds grace{300};         // what takes longer than this is not in flight any more
  std::chrono::milliseconds pause{2'500};  // between two looks at what seemed wrong
  bool repair = false;
};

struct CheckTotals {
  std::int64_t records = 0;
  std::int64_t participations = 0;
  std::int64_t qualifications = 0;
  std::int64_t all() const { return records + participations + qualifications; }
};

// Walks the databases of all services page by page, in the order of their keys, looks up the other side of each page in
// batches, and keeps only what seems wrong, so that its memory does not grow with theirs. What seems wrong is looked at
// again after a pause, and is a finding if it is the same then: what was in flight has moved on. For one thread.
class Checker {
 public:
  // Findings that are kept; more of them are counted.
  static constexpr std::size_t kFindingsMax = 10'000;

  // Called after each page: what is walked, and the totals so far.
  using OnProgress = std::function<void(const std::string& what, const CheckTotals& totals)>;

  Checker(Inspections& inspections, CheckOptions options, OnProgress on_progress);

  // Errors: those of Inspections; CANCELLED INTERRUPTED if it is given up.
  Status Run();

  const std::vector<Finding>& findings() const { return findings_; }
  // Findings that were not kept.
  std::int64_t left_out() const { return left_out_; }
  const CheckTotals& totals() const { return totals_; }

 private:
  struct Suspect {
    Subject subject;
    std::vector<Finding> found;  // at the last look
    int looks = 1;
    std::chrono::steady_clock::time_point looked_at;
  };
  // What was found of each subject of a batch.
  using Found = std::map<Subject, std::vector<Finding>>;

  Status WalkRecords(Service service);
  Status WalkParticipations(Service service);
  Status WalkRows();

  Result<Found> Examine(Service service, const qualification::v1::InspectRecordsResponse& page);
  Result<Found> Examine(Service service, const qualification::v1::InspectParticipationsResponse& page);
  Result<Found> Examine(const qualification::v1::InspectQualificationsResponse& page);
  // Reads the subjects anew, by their names.
  Result<Found> LookAgain(const std::vector<Subject>& subjects);

  // Suspects what was found; looks again if there is much of it.
  Status Keep(Found found);
  // Looks again at what is suspected until each is a finding or is none.
  Status Settle();
  Status SettleBatch(std::span<Suspect> batch);
  void Confirm(const Subject& subject, std::vector<Finding>& found);
  Status Progress(const std::string& what);
  Status Pause(std::chrono::steady_clock::time_point until);

  // Has the services carry out what is safe, and sees what came of it.
  Status Repair();
  // Looks once more at the findings of these numbers, and leaves those that are there still.
  Status LeaveUnrepaired(std::vector<std::size_t>& numbers);

  Inspections& inspections_;
  const CheckOptions options_;
  const OnProgress on_progress_;
  CheckTotals totals_;
  std::vector<Suspect> suspects_;
  std::vector<Finding> findings_;
  std::vector<Subject> subjects_;  // of the findings
  std::int64_t left_out_ = 0;
};

// Which services' databases are older than the others', by what is missing there: a finding of kDatabaseBehind for
// each.
std::vector<Finding> FindBehind(const std::vector<Finding>& findings);

}  // namespace quartet::cli
