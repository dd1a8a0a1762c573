#include "common/storage/write_queue.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "common/base/limits.h"

namespace quartet::storage {
namespace {

// Long enough for a full queue to drain on an ordinary disk.
constexpr std::chrono::milliseconds kRetryAfterOverload(250);

std::size_t BytesOfOperation(const WriteOperation& operation) {
  return limits::kWriteBytesMin + operation.size_bytes;
}

}  // namespace

Status WriteQueue::Add(WriteOperation& operation) {
  if (closed_) return Unavailable("DATABASE_CLOSED", "the database is shutting down");
  const std::size_t bytes = BytesOfOperation(operation);
  if (waiting_.size() >= limit_ || (!waiting_.empty() && waiting_bytes_ + bytes > bytes_limit_)) {
    rejected_.fetch_add(1, std::memory_order_relaxed);
    return Error{.code = Code::kResourceExhausted,
                 .reason = "OVERLOADED",
                 .message = "too many writes are waiting for the database",
                 .retry_after = kRetryAfterOverload};
  }
  waiting_bytes_ += bytes;
  waiting_.push_back(std::move(operation));
  return {};
}

bool WriteQueue::WakeTaker() {
  return !led_ && std::exchange(taker_waits_, false);
}

Status WriteQueue::Push(WriteOperation& operation) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    QUARTET_RETURN_IF_ERROR(Add(operation));
    wake = WakeTaker();
  }
  if (wake) changed_.notify_one();
  return {};
}

Status WriteQueue::PushOrLead(WriteOperation& operation, bool& lead) {
  const std::lock_guard lock(mutex_);
  // If it waits, nothing is queued; if somebody leads, or it is on its way, it comes by itself.
  lead = taker_waits_ && !led_ && !closed_;
  if (!lead) return Add(operation);
  led_ = true;
  return {};
}

void WriteQueue::EndLead(bool upkeep) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    led_ = false;
    upkeep_ = upkeep_ || upkeep;
    wake = (upkeep_ || closed_ || !waiting_.empty()) && WakeTaker();
  }
  if (wake) changed_.notify_one();
}

bool WriteQueue::Take(std::vector<WriteOperation>& batch, std::size_t max) {
  batch.clear();
  std::unique_lock lock(mutex_);
  while (led_ || (waiting_.empty() && !closed_ && !upkeep_)) {
    taker_waits_ = true;
    changed_.wait(lock);
  }
  taker_waits_ = false;
  const bool upkeep = std::exchange(upkeep_, false);
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(max, waiting_.size()));
  for (auto taken = waiting_.begin(); taken != end; ++taken) waiting_bytes_ -= BytesOfOperation(*taken);
  batch.insert(batch.end(), std::move_iterator(waiting_.begin()), std::move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  return upkeep || !batch.empty();
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
