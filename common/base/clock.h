#pragma once

#include <cstdint>

namespace quartet {

// Time as a port, so that tests and the simulation own it.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time in microseconds since the Unix epoch. Used for what is stored.
  virtual std::int64_t NowMicros() const = 0;
};

// The machine's own clock.
class SystemClock final : public Clock {
 public:
  std::int64_t NowMicros() const override;
};

// A clock that stands still until it is told otherwise. Thread-safe to read
// while one thread sets it only if the owner synchronises.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t now_us = 1'700'000'000'000'000) : now_us_(now_us) {}
  std::int64_t NowMicros() const override { return now_us_; }
  void Advance(std::int64_t us) { now_us_ += us; }

 private:
  std::int64_t now_us_;
};

}  // namespace quartet
