#pragma once

#include <cstdint>

namespace quartet {

// Time as a port, so that tests and the simulation own it.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time in microseconds since the Unix epoch. Used for what is stored.
  virtual std::int64_t NowMicros() const = 0;
  // Time that only passes, in microseconds since some moment of this process. What
  // is waited for is measured by it, for the wall clock may be set, either way.
  virtual std::int64_t SteadyMicros() const { return NowMicros(); }
};

// The machine's own clock.
class SystemClock final : public Clock {
 public:
  std::int64_t NowMicros() const override;
  std::int64_t SteadyMicros() const override;
};

// A clock that stands still until it is told otherwise. Thread-safe to read
// while one thread sets it only if the owner synchronises.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t now_us = 1'700'000'000'000'000) : now_us_(now_us) {}
  std::int64_t NowMicros() const override { return now_us_; }
  std::int64_t SteadyMicros() const override { return steady_us_; }
  // Time passes.
  void Advance(std::int64_t us) {
    now_us_ += us;
    steady_us_ += us;
  }
  // The wall clock is set, forward or (negative) back, and no time passes.
  void Set(std::int64_t by_us) { now_us_ += by_us; }

 private:
  std::int64_t now_us_;
  std::int64_t steady_us_ = 1'000'000'000;
};

}  // namespace quartet
