#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/storage/database.h"
#include "services/qualification/qualification_repository.h"

namespace quartet::qualification {

// Deletes qualifications that are over, and what their request_ids stand for, when a
// retention has passed: after that nobody can take them back, be shown them, or repeat
// their requests. What may be deleted is what is older than the watermark, by the time
// in its id; and the watermark is never raised above
//  - what is not over, so that every participant has heard of what is deleted,
//  - what somebody is about to take back,
//  - the retention, and a while more, so that whoever may still have begun to take
//    something back (see MayBeReverted) is seen.
// It is durable before anything is deleted, so that an id without a row is never
// mistaken for one that never began (rule 1). Thread-safe.
class Pruner {
 public:
  struct Options {
    std::int64_t retention_us = 0;  // 0: for ever
    // Longer than an operation takes, and than the clocks of replicas differ.
    std::int64_t grace_us = 600'000'000;
    int chunk = 200;  // rows that one operation deletes, and others wait for
  };

  Pruner(const QualificationRepository& repository, storage::Database& database, const Clock& clock, Options options)
      : repository_(repository), database_(database), clock_(clock), options_(options) {}

  // Reads the watermark, which others may have raised.
  Status Refresh();
  // Raises it as far as it may be. Errors: DATA_LOSS if it cannot be told what a revert
  // is about that is not over; those of the database.
  Status RaiseWatermark();
  // Deletes the oldest that are below it, a chunk at most; how many. In one operation.
  Result<int> DeleteSome();

  // As it was read or written last.
  std::int64_t watermark_us() const { return watermark_us_; }

  // UNAVAILABLE CLOCK_BEHIND (RetryInfo) if what is begun now would be older than the
  // watermark, because the clock was set back: nobody could tell it from what was deleted.
  Status CheckClock() const;
  // Whether the qualification of that id is young enough to be taken back.
  bool MayBeReverted(std::string_view id) const;

 private:
  const QualificationRepository& repository_;
  storage::Database& database_;
  const Clock& clock_;
  const Options options_;
  std::atomic<std::int64_t> watermark_us_ = 0;
};

// Prunes from time to time, on a thread of its own, for nobody waits for that: the replica
// that leads does it, the others look how far it is.
class PrunerThread {
 public:
  PrunerThread(Pruner& pruner, std::function<bool()> leads) : pruner_(pruner), leads_(std::move(leads)) {}
  ~PrunerThread() { Stop(); }
  PrunerThread(const PrunerThread&) = delete;
  PrunerThread& operator=(const PrunerThread&) = delete;

  void Start();
  void Stop();

 private:
  void Run();
  Status Round();
  // False if it is to stop.
  bool Pause(std::chrono::milliseconds pause);

  Pruner& pruner_;
  const std::function<bool()> leads_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace quartet::qualification
