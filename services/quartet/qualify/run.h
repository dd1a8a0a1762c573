#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "common/base/result.h"

#include "quartet/qualification/v1/service.pb.h"

namespace quartet::cli {

// Qualifies many leads, a batch at a time.
//
// A lead's request_id is made of the run's id, the lead and a number. While the outcome of a batch is unknown (the
// service was away, the deadline passed) it is sent again with the same ids and joins what it began. Where a decided
// answer says that trying again helps (another qualification holds the lead), the number grows: a decided row gives the
// same answer for ever. Every run has an id of its own for that reason too. That a second run changes nothing does not
// rest on ids but on the leads: a qualified one answers LEAD_ALREADY_QUALIFIED and names its records.
class QualifyRun {
 public:
  using Call = std::function<Result<qualification::v1::BatchQualifyLeadsResponse>(
      const qualification::v1::BatchQualifyLeadsRequest&)>;

  // Waits that long; false, at once, as soon as the run is to end.
  using Wait = std::function<bool(std::chrono::milliseconds)>;

  // What happened to the leads so far.
  struct Totals {
    std::size_t leads = 0;
    std::size_t qualified = 0;
    std::size_t already = 0;  // qualified before
    std::size_t failed = 0;
    std::size_t left = 0;  // not tried, or of unknown outcome, when the run ended early
    std::size_t contacts_opened = 0, contacts_attached = 0;
    std::size_t accounts_opened = 0, accounts_attached = 0;
    std::size_t opportunities_opened = 0;
  };

  struct Observer {
    std::function<void(const qualification::v1::Qualification&)> on_qualified;
    std::function<void(const std::string& lead, const Error&)> on_failed;
    std::function<void(std::size_t done)> on_progress;
  };

  // `run_id` is any text that no other run has.
  QualifyRun(Call call, Wait wait, std::string run_id, qualification::v1::QualifyOptions options);

  // Returns when every lead has an outcome, or early where `wait` says so. A service that goes away is waited for about
  // seven seconds; one that was never there is not. Errors: that of the batch that could not be sent; the totals hold
  // what was known by then.
  Status Run(const std::vector<std::string>& leads, const Observer& observer);

  const Totals& totals() const { return totals_; }

 private:
  struct Item {
    std::string lead;
    int number = 0;
    Error last = {};  // what kept it from being decided
  };

  Status Finish(std::vector<Item> batch, const Observer& observer);
  Result<std::vector<Item>> RunBatch(std::span<const Item> batch, const Observer& observer);
  void Count(const qualification::v1::Qualification& qualification);

  Call call_;
  Wait wait_;
  std::string run_id_;
  qualification::v1::QualifyOptions options_;
  Totals totals_;
};

}  // namespace quartet::cli
