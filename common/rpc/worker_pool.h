#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "common/telemetry/counters.h"

namespace quartet::rpc {

// A fixed number of threads and a bounded queue: calls do their work here and
// never on gRPC's own threads, of which there are as few as cores. Thread-safe.
class WorkerPool {
 public:
  // `threads` >= 1 are started as work comes; at most `queue_max` >= 1 tasks
  // wait while all of them are busy. Calls that run here are counted in
  // `counters`, if given, which must outlive the pool.
  WorkerPool(int threads, int queue_max, telemetry::Counters* counters = nullptr);
  ~WorkerPool();  // stops
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Accepts `task`, which must not throw, or returns false at once because the
  // queue is full or the pool has been stopped. A task may submit others, also
  // while the pool drains.
  [[nodiscard]] bool TrySubmit(std::function<void()> task);

  // Runs everything that was accepted, then ends the threads. Not for a task.
  // Safe to call twice, by one thread.
  void Stop();

  // May be null.
  telemetry::Counters* counters() const { return counters_; }

 private:
  void Run();
  bool StartThread();

  const std::size_t threads_max_;
  const std::size_t queue_max_;
  telemetry::Counters* const counters_;
  std::mutex mutex_;
  std::condition_variable wake_;
  // The rest is guarded by mutex_.
  std::deque<std::function<void()>> queue_;
  std::size_t free_ = 0;  // threads without a task, on their way to the queue included
  bool draining_ = false;
  bool stopped_ = false;
  std::vector<std::thread> threads_;  // does not grow once draining
};

}  // namespace quartet::rpc
