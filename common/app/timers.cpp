#include "common/app/timers.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace quartet::app {

using std::chrono::steady_clock;

Timers::Timers(std::string owner) : owner_(std::move(owner)) {}

Timers::~Timers() {
  Stop();
}

void Timers::Add(std::chrono::milliseconds interval, std::function<void()> action) {
  Add(interval, "timer threw", [action = std::move(action)] {
    action();
    return Status();
  });
}

void Timers::Add(std::chrono::milliseconds interval, std::string trouble, std::function<Status()> action) {
  timers_.push_back({.interval = interval,
                     .what = std::move(trouble),
                     .action = std::move(action),
                     .trouble = std::make_unique<telemetry::Trouble>(
                         clock_, std::vector<std::pair<std::string, std::string>>{{"service", owner_}}),
                     .due = {}});
}

void Timers::Start() {
  if (timers_.empty()) return;
  const auto now = steady_clock::now();
  for (Timer& timer : timers_) timer.due = now + timer.interval;
  thread_ = std::thread([this] { Run(); });
}

void Timers::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stop_changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Timers::Run() {
  const auto by_due = [](const Timer& a, const Timer& b) { return a.due < b.due; };
  std::unique_lock lock(mutex_);
  while (!stop_) {
    Timer& next = *std::min_element(timers_.begin(), timers_.end(), by_due);
    if (stop_changed_.wait_until(lock, next.due, [this] { return stop_; })) return;
    lock.unlock();
    Fire(next);
    lock.lock();
  }
}

void Timers::Fire(Timer& timer) {
  Status result;
  try {
    result = timer.action();
  } catch (const std::exception& exception) {
    result = Internal(std::string("a timer threw: ") + exception.what());
  } catch (...) {
    result = Internal("a timer threw what is no std::exception");
  }
  timer.trouble->Note(timer.what, result);
  timer.due = steady_clock::now() + timer.interval;
}

}  // namespace quartet::app
