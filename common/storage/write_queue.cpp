#include "common/storage/write_queue.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace quartet::storage {
namespace {

// Long enough for a full queue to drain on an ordinary disk.
constexpr std::chrono::milliseconds kRetryAfterOverload(250);

}  // namespace

Status WriteQueue::Push(WriteOperation& operation) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (closed_) return Unavailable("DATABASE_CLOSED", "the database is shutting down");
    if (waiting_.size() >= limit_) {
      rejected_.fetch_add(1, std::memory_order_relaxed);
      return Error{.code = Code::kResourceExhausted,
                   .reason = "OVERLOADED",
                   .message = "too many writes are waiting for the database",
                   .retry_after = kRetryAfterOverload};
    }
    waiting_.push_back(std::move(operation));
    wake = std::exchange(taker_waits_, false);
  }
  if (wake) changed_.notify_one();
  return {};
}

bool WriteQueue::Take(std::vector<WriteOperation>& batch, std::size_t max) {
  batch.clear();
  std::unique_lock lock(mutex_);
  while (waiting_.empty() && !closed_) {
    taker_waits_ = true;
    changed_.wait(lock);
  }
  taker_waits_ = false;
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(max, waiting_.size()));
  batch.insert(batch.end(), std::move_iterator(waiting_.begin()), std::move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return !batch.empty();
}

bool WriteQueue::Empty() const {
  std::lock_guard lock(mutex_);
  return waiting_.empty();
}

void WriteQueue::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace quartet::storage
