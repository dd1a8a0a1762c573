#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "common/rpc/call_counts.h"

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
  CallCounts* counts() const { return counts_.get(); }

 private:
  // A thread without work. The one that fell asleep last is woken first: its
  // caches are warm, and the others sleep on.
  struct Sleeper {
    std::condition_variable wake;
    bool called = false;
  };

  void Run();
  bool StartThread();
  void CallOne();

  const std::size_t threads_max_;
  const std::size_t queue_max_;
  const std::unique_ptr<CallCounts> counts_;
  std::mutex mutex_;
  // The rest is guarded by mutex_.
  std::deque<std::function<void()>> queue_;
  std::size_t free_ = 0;  // threads without a task, on their way to the queue included
  std::vector<Sleeper*> sleepers_;
  bool calling_ = false;  // a sleeper was called and is not awake yet
  bool draining_ = false;
  bool stopped_ = false;
  std::vector<std::thread> threads_;  // does not grow once draining
};

}  // namespace quartet::rpc
