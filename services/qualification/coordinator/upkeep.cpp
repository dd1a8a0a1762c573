#include "services/qualification/coordinator/upkeep.h"

#include <exception>
#include <utility>

namespace quartet::qualification {

Upkeep::Upkeep(std::chrono::milliseconds interval, std::string failure, std::function<Status(const Upkeep&)> work,
               const Clock& clock)
    : interval_(interval),
      failure_(std::move(failure)),
      work_(std::move(work)),
      trouble_(clock, {{"service", "qualification"}}) {}

Upkeep::~Upkeep() {
  Stop();
}

void Upkeep::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Upkeep::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Upkeep::Run() {
  std::unique_lock lock(mutex_);
  while (!stop_changed_.wait_for(lock, interval_, [this] { return stopping_.load(); })) {
    lock.unlock();
    RunOnce();
    lock.lock();
  }
}

void Upkeep::RunOnce() {
  Status status;
  try {
    status = work_(*this);
  } catch (const std::exception& exception) {
    status = Internal(exception.what());
  } catch (...) {
    status = Internal("not a std::exception");
  }
  trouble_.Note(failure_, status);
}

}  // namespace quartet::qualification
