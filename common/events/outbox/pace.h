#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

#include "common/base/clock.h"

// When to do something again. Times are Clock::SteadyMicros, which no setting of the
// clock touches. Not thread-safe.
namespace quartet::events {

// Grows from `min` to `max`, doubling with each failure.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds min, std::chrono::milliseconds max)
      : min_us_(min.count() * 1'000), max_us_(max.count() * 1'000) {}

  void Failed(std::int64_t now_us) {
    pause_us_ = std::clamp(pause_us_ * 2, min_us_, max_us_);
    failed_at_us_ = now_us;
  }
  void Succeeded() { pause_us_ = 0; }
  // Microseconds until the next try; 0: now.
  std::int64_t Remaining(std::int64_t now_us) const {
    const std::int64_t waited = now_us - failed_at_us_;
    return waited < 0 ? pause_us_ : std::max<std::int64_t>(0, pause_us_ - waited);
  }

 private:
  std::int64_t min_us_;
  std::int64_t max_us_;
  std::int64_t pause_us_ = 0;
  std::int64_t failed_at_us_ = 0;
};

// Due at once, and then every `interval`.
class Periodic {
 public:
  explicit Periodic(std::chrono::milliseconds interval) : interval_us_(interval.count() * 1'000) {}

  // Whether it is due; then the next time is an interval from now.
  bool Take(std::int64_t now_us) {
    const bool waiting = now_us < next_us_ && next_us_ <= now_us + interval_us_;
    if (!waiting) next_us_ = now_us + interval_us_;
    return !waiting;
  }
  void MakeDue() { next_us_ = 0; }

 private:
  std::int64_t interval_us_;
  std::int64_t next_us_ = 0;
};

// Wall time for what is forgotten by its age. A clock that jumps forward makes
// nothing old, for it may be wrong, and what was forgotten does not come back: this
// goes no faster than time passes. One that is set back takes it along. Starts with the
// wall clock.
class CautiousTime {
 public:
  std::int64_t Now(const Clock& clock) {
    const std::int64_t steady_us = clock.SteadyMicros();
    offset_us_ = std::min(offset_us_, clock.NowMicros() - steady_us);
    return steady_us + offset_us_;
  }

 private:
  std::int64_t offset_us_ = std::numeric_limits<std::int64_t>::max();
};

}  // namespace quartet::events
