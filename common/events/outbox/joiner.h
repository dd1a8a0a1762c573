#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "common/events/bus.h"

namespace quartet::events {

// Joins messages that may wait (see Carriage::kJoined): many become one, which
// costs broker and consumer no more than one. Times are Clock::SteadyMicros. Not
// thread-safe.
class Joiner {
 public:
  explicit Joiner(std::chrono::milliseconds linger) : linger_us_(linger.count() * 1'000) {}

  // Takes over a message, to be joined with others of its `lane`. What is too
  // much to keep is dropped: its sender sends it again.
  void Add(Message message, int lane, std::int64_t now_us);

  // The joined messages whose first part has waited long enough, or that are
  // full; all of them if `all`. Each has the subject and the key of its first part.
  std::vector<Message> Take(std::int64_t now_us, bool all = false);

  bool Empty() const { return joined_.empty(); }
  // How many were too much to keep.
  std::int64_t dropped() const { return dropped_; }
  // How long until something can be taken, at least 0; nothing if it is empty.
  std::optional<std::int64_t> WaitUs(std::int64_t now_us) const;

 private:
  struct Joined {
    Message message;
    std::int64_t since_us = 0;
  };
  bool Due(const Joined& joined, std::int64_t now_us) const;

  const std::int64_t linger_us_;
  std::map<std::tuple<std::string, std::string, int>, Joined> joined_;  // by topic, type and lane
  // While nobody takes them; kJoinedMessagesKeptMax.
  std::vector<Message> full_;
  std::size_t full_bytes_ = 0;
  std::int64_t dropped_ = 0;
};

}  // namespace quartet::events
