#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/base/limits.h"
#include "common/base/result.h"

#include "quartet/qualification/v1/participant.pb.h"

namespace quartet::commit {

using Decision = qualification::v1::Decision;

// By the qualification's id (a UUID, without the collection).
using Decisions = std::map<std::string, Decision>;

// Where decisions are asked for.
class DecisionSource {
 public:
  virtual ~DecisionSource() = default;
  // The decisions about `qualification_ids` as of some moment after the call
  // began. Errors: UNAVAILABLE DECISIONS_UNAVAILABLE (RetryInfo).
  virtual Result<Decisions> Ask(std::span<const std::string> qualification_ids) = 0;
};

// Remembers what `fetch` has found decided, for ever within a bounded number of
// entries; what is undecided is asked anew each time, in a request that begins
// after the question came (rule 6). Thread-safe.
class CachingDecisionSource final : public DecisionSource {
 public:
  // The answers, positional, and the orchestrator's watermark.
  struct Fetched {
    std::vector<Decision> decisions;
    std::int64_t watermark_us = 0;
  };
  using Fetch = std::function<Result<Fetched>(const std::vector<std::string>& ids)>;
  explicit CachingDecisionSource(Fetch fetch, std::size_t entries_max = limits::kDecisionsKeptMax);
  Result<Decisions> Ask(std::span<const std::string> qualification_ids) override;

  // Before what all qualifications are over; see GetDecisionsResponse. Errors: as Ask.
  Result<std::int64_t> AskWatermark();

 private:
  // Under the lock.
  void Remember(const std::string& id, const Decision& decision);

  const Fetch fetch_;
  const std::size_t entries_max_;
  std::mutex mutex_;
  std::unordered_map<std::string, Decision> decided_;
  std::list<std::string> oldest_first_;
};

}  // namespace quartet::commit
