#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/telemetry/trouble.h"

namespace quartet::qualification {

// Work that is done again and again and may take long, on a thread of its own. One thread starts
// and stops.
class Upkeep {
 public:
  // `work` is called `interval` after each time that it returned; if it takes long it looks at
  // stopping() from time to time.
  Upkeep(std::chrono::milliseconds interval, std::string failure, std::function<Status(const Upkeep&)> work,
         const Clock& clock);
  ~Upkeep();  // stops
  Upkeep(const Upkeep&) = delete;
  Upkeep& operator=(const Upkeep&) = delete;

  void Start();
  // Lets what runs come to its next look, and ends the thread.
  void Stop();
  bool stopping() const { return stopping_; }

 private:
  void Run();
  void RunOnce();

  const std::chrono::milliseconds interval_;
  const std::string failure_;
  const std::function<Status(const Upkeep&)> work_;
  telemetry::Trouble trouble_;
  std::mutex mutex_;
  std::condition_variable stop_changed_;
  std::atomic<bool> stopping_ = false;  // set under mutex_
  std::thread thread_;
};

}  // namespace quartet::qualification
