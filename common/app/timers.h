#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/telemetry/trouble.h"

namespace quartet::app {

// Calls actions at intervals, all on one thread, so none overlap and a slow one
// delays the others. Add comes before Start; one thread starts and stops.
class Timers {
 public:
  // `owner` names whose timers these are, in the log.
  explicit Timers(std::string owner);
  ~Timers();  // stops
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

  // `action` is called `interval` (> 0) after Start, and then `interval` after
  // each time that it returned. What it throws is logged.
  void Add(std::chrono::milliseconds interval, std::function<void()> action);
  // The same for one that may fail: then `trouble`, a short constant text, is logged,
  // once for as long as it lasts.
  void Add(std::chrono::milliseconds interval, std::string trouble, std::function<Status()> action);
  void Start();
  // Lets an action that runs finish.
  void Stop();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Timer {
    std::chrono::milliseconds interval;
    std::string what;
    std::function<Status()> action;
    std::unique_ptr<telemetry::Trouble> trouble;
    SteadyTime due;
  };

  void Run();
  void Fire(Timer& timer);

  const std::string owner_;
  const SystemClock clock_;
  std::vector<Timer> timers_;  // the thread's own once started
  std::mutex mutex_;
  std::condition_variable stop_changed_;
  bool stop_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace quartet::app
