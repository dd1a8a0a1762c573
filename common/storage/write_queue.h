#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "common/base/result.h"
#include "common/storage/database.h"

namespace quartet::storage {

// The bounded queue between callers and the one thread that writes. A caller may
// take that thread's place while it has nothing to do. Thread-safe.
class WriteQueue {
 public:
  // How many operations may wait, at least 1, and how many bytes of them. One that
  // is larger than all may be waits alone.
  WriteQueue(std::size_t limit, std::size_t bytes_limit) : limit_(limit), bytes_limit_(bytes_limit) {}

  // Appends `operation`, which is moved from only on success.
  // Errors: RESOURCE_EXHAUSTED OVERLOADED (RetryInfo), UNAVAILABLE DATABASE_CLOSED.
  Status Push(WriteOperation& operation);

  // As Push; but if the taker waits for work, `lead` becomes true and the operation
  // stays with the caller, who runs it and then calls EndLead. Nothing is taken
  // until then.
  Status PushOrLead(WriteOperation& operation, bool& lead);
  // `upkeep`: the taker is to come back, even if nothing waits for it.
  void EndLead(bool upkeep);

  // Waits for work, and fills `batch` with the oldest operations, at most `max`;
  // none if it was called for upkeep. Gives false, with an empty batch, once the
  // queue is closed and drained.
  bool Take(std::vector<WriteOperation>& batch, std::size_t max);

  // Whether nothing waits at this moment.
  bool Empty() const;

  // From now on Push refuses; what is queued can still be taken.
  void Close();

  // How many operations were refused because the queue was full.
  std::uint64_t rejected() const { return rejected_.load(std::memory_order_relaxed); }

 private:
  // Under the lock.
  Status Add(WriteOperation& operation);
  // Whether the taker is to be notified, which then goes to work.
  bool WakeTaker();

  const std::size_t limit_;
  const std::size_t bytes_limit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<WriteOperation> waiting_;
  std::size_t waiting_bytes_ = 0;
  bool taker_waits_ = false;
  bool led_ = false;  // by a caller
  bool upkeep_ = false;
  bool closed_ = false;
  std::atomic<std::uint64_t> rejected_ = 0;
};

}  // namespace quartet::storage
