#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/telemetry/log.h"

namespace quartet::telemetry {

// What is tried again and again, and fails each time, is told once: a warning when
// it begins, one more for each other kind of error (code and reason), and a line
// when it is over, with how long it lasted and how often it failed. One that comes
// and goes is one trouble: it is over when nothing has failed for a while.
// Thread-safe; without trouble a success costs one load.
class Trouble {
 public:
  using Sink = std::function<void(Level, std::string_view event, std::span<const Field>)>;

  // `fields` tell whose trouble it is, in every line. The clock must outlive it;
  // `sink` is where lines go.
  Trouble(const Clock& clock, std::vector<std::pair<std::string, std::string>> fields, Sink sink = LogLine);

  // `what` failed: a short constant text, the line's event.
  void Failed(std::string_view what, const Error& error);
  void Succeeded() {
    if (is_on_.load(std::memory_order_relaxed)) TryEnd();
  }
  // Either of both; whether it was OK.
  bool Note(std::string_view what, const Status& status);

 private:
  static void LogLine(Level level, std::string_view event, std::span<const Field> fields) { Log(level, event, fields); }
  void TryEnd();
  void Tell(Level level, std::string_view event, std::vector<Field> more) const;

  const Clock& clock_;
  const std::vector<std::pair<std::string, std::string>> fields_;
  const Sink sink_;
  std::atomic<bool> is_on_ = false;  // written under mutex_
  std::mutex mutex_;
  // The rest is guarded by mutex_.
  std::set<std::string, std::less<>> kinds_;  // that have been told
  std::string what_;                          // of the first
  std::int64_t begin_us_ = 0;
  std::int64_t last_us_ = 0;
  std::int64_t times_ = 0;
};

}  // namespace quartet::telemetry
