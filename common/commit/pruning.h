#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/commit/decisions.h"
#include "common/storage/database.h"
#include "common/telemetry/contradictions.h"

namespace quartet::commit {

// Before which all qualifications are over in every service (rule 1): none of them
// can be asked about any more, and what still comes of one is a message that was
// late. Thread-safe.
class Watermark {
 public:
  bool Covers(std::string_view qualification_id) const;
  // Never goes back.
  void Raise(std::int64_t time_us);
  std::int64_t time_us() const { return time_us_; }

 private:
  std::atomic<std::int64_t> time_us_{0};
};

// Deletes participations that are over, so that they do not grow for ever: the
// orchestrator tells by its watermark when nobody can ask for one any more. In
// chunks, beside all other work.
class Pruning {
 public:
  // All must outlive it.
  Pruning(storage::Database& database, CachingDecisionSource& decisions, Watermark& watermark,
          telemetry::Contradictions& contradictions, const Clock& clock)
      : database_(database),
        decisions_(decisions),
        watermark_(watermark),
        contradictions_(contradictions),
        clock_(clock) {}

  // Sets the watermark to the one that is stored; before anything is prepared.
  Status Load();

  // Asks for the orchestrator's watermark now and then, stores a higher one, and
  // deletes some of what is before it. Whether more may be. What is held there still
  // is reported as a contradiction, and stays. Errors: UNAVAILABLE.
  Result<bool> Step();

 private:
  Status Learn();

  storage::Database& database_;
  CachingDecisionSource& decisions_;
  Watermark& watermark_;
  telemetry::Contradictions& contradictions_;
  const Clock& clock_;
  std::int64_t asked_us_ = 0;  // of the last question; 0: none yet
  bool has_more_ = true;
};

}  // namespace quartet::commit
