#include "common/events/outbox/joiner.h"

#include <algorithm>
#include <iterator>

namespace quartet::events {
namespace {

// One message becomes no larger than this and its last part.
constexpr std::size_t kJoinedBytesMax = 64 << 10;
// So many full ones are kept, for each topic and type or less, while nobody takes them.
constexpr std::size_t kFullMax = 64;

}  // namespace

void Joiner::Add(Message message, int lane, std::int64_t now_us) {
  std::tuple key(message.topic, message.type, lane);
  const auto [found, is_new] = joined_.try_emplace(std::move(key));
  Joined& joined = found->second;
  if (is_new) {
    joined = {.message = std::move(message), .since_us = now_us};
    return;
  }
  if (joined.message.data.size() < kJoinedBytesMax) {
    joined.message.data += message.data;
  } else if (full_.size() < kFullMax) {
    full_.push_back(std::move(joined.message));
    joined = {.message = std::move(message), .since_us = now_us};
  }
}

bool Joiner::Due(const Joined& joined, std::int64_t now_us) const {
  // A clock that was set back makes it due, too.
  return now_us < joined.since_us || now_us - joined.since_us >= linger_us_;
}

std::vector<Message> Joiner::Take(std::int64_t now_us, bool all) {
  std::vector<Message> taken = std::exchange(full_, {});
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
