#include "common/events/outbox/joiner.h"

#include <algorithm>
#include <iterator>

#include "common/base/limits.h"

namespace quartet::events {

void Joiner::Add(Message message, int lane, std::int64_t now_us) {
  std::tuple key(message.topic, message.type, lane);
  const auto [found, is_new] = joined_.try_emplace(std::move(key));
  Joined& joined = found->second;
  if (is_new) {
    joined = {.message = std::move(message), .since_us = now_us};
    return;
  }
  // One message becomes no larger than this, unless a part is.
  if (joined.message.data.size() + message.data.size() <= limits::kJoinedMessageBytesMax) {
    joined.message.data += message.data;
  } else if (full_.size() < limits::kJoinedMessagesKeptMax && full_bytes_ < limits::kMessageBatchBytesMax) {
    full_bytes_ += joined.message.size_bytes();
    full_.push_back(std::move(joined.message));
    joined = {.message = std::move(message), .since_us = now_us};
  } else {
    ++dropped_;
  }
}

bool Joiner::Due(const Joined& joined, std::int64_t now_us) const {
  return now_us - joined.since_us >= linger_us_;
}

std::vector<Message> Joiner::Take(std::int64_t now_us, bool all) {
  std::vector<Message> taken = std::exchange(full_, {});
  full_bytes_ = 0;
  for (auto entry = joined_.begin(); entry != joined_.end();) {
    if (!all && !Due(entry->second, now_us)) {
      ++entry;
      continue;
    }
    taken.push_back(std::move(entry->second.message));
    entry = joined_.erase(entry);
  }
  return taken;
}

std::optional<std::int64_t> Joiner::WaitUs(std::int64_t now_us) const {
  if (joined_.empty()) return std::nullopt;
  std::int64_t wait_us = linger_us_;
  for (const auto& [key, joined] : joined_)
    wait_us = std::min(wait_us, Due(joined, now_us) ? 0 : linger_us_ - (now_us - joined.since_us));
  return full_.empty() ? wait_us : 0;
}

}  // namespace quartet::events
