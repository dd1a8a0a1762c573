#include "common/rpc/worker_pool.h"

#include <algorithm>
#include <system_error>
#include <utility>

namespace quartet::rpc {

WorkerPool::WorkerPool(int threads, int queue_max, telemetry::Counters* counters)
    : threads_max_(static_cast<std::size_t>(std::max(threads, 1))),
      queue_max_(static_cast<std::size_t>(std::max(queue_max, 1))),
      counts_(counters == nullptr ? nullptr : std::make_unique<CallCounts>(*counters)) {}

WorkerPool::~WorkerPool() {
  Stop();
}

bool WorkerPool::TrySubmit(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return false;
  const bool somebody_is_free = queue_.size() < free_;
  if (!somebody_is_free && !StartThread() && queue_.size() - std::min(free_, queue_.size()) >= queue_max_) {
    return false;
  }
  queue_.push_back(std::move(task));
  CallOne();
  return true;
}

// Wakes a thread, unless one is on its way already: that one calls the next if there is more to do. So threads that are
// at work take most tasks without anybody being woken for them.
void WorkerPool::CallOne() {
  if (calling_ || sleepers_.empty()) return;
  calling_ = true;
  sleepers_.back()->called = true;
  sleepers_.back()->wake.notify_one();
  sleepers_.pop_back();
}

// One more thread, counted as free. False if there may be none.
bool WorkerPool::StartThread() {
  if (draining_ || threads_.size() == threads_max_) return false;
  try {
    threads_.emplace_back([this] { Run(); });
  } catch (const std::system_error&) {
    // The system has no thread left. The first one is a must, the others are a matter of speed.
    if (threads_.empty()) throw;
    return false;
  }
  ++free_;
  return true;
}

void WorkerPool::Run() {
  Sleeper self;
  std::unique_lock lock(mutex_);
  while (true) {
    while (queue_.empty() && !draining_) {
      self.called = false;
      sleepers_.push_back(&self);
      self.wake.wait(lock, [&] { return self.called; });
      calling_ = false;
    }
    if (queue_.empty()) return;
    --free_;
    {
      const std::function<void()> task = std::move(queue_.front());
      queue_.pop_front();
      if (!queue_.empty()) CallOne();
      lock.unlock();
      task();
    }
    lock.lock();
    ++free_;
  }
}

void WorkerPool::Stop() {
  {
    const std::lock_guard lock(mutex_);
    if (draining_) return;
    draining_ = true;
    for (Sleeper* sleeper : sleepers_) {
      sleeper->called = true;
      sleeper->wake.notify_one();
    }
    sleepers_.clear();
  }
  for (std::thread& thread : threads_) thread.join();
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

}  // namespace quartet::rpc
