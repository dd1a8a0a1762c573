#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/events/bus.h"
#include "common/storage/database.h"

namespace quartet::events {

// A message that failed too often.
struct DeadLetter {
  Message message;
  std::string group;  // the consumer group that could not handle it
  std::string error;  // why, for a person
  std::int64_t delivery_count = 0;
  std::int64_t fail_time_us = 0;  // when it was given up, microseconds since the Unix epoch
};

// Keeps `letter`, inside the caller's transaction. One with the same message id
// is replaced.
Status WriteDeadLetter(storage::Transaction& transaction, const DeadLetter& letter);

// What an operator does with the dead letters of a service. Thread-safe.
class DeadLetters {
 public:
  // Both must outlive it.
  DeadLetters(storage::Database& database, Bus& bus);

  // The oldest, at most `page_size`: 1 to 1,000; 50 if zero.
  // Errors: INVALID_ARGUMENT.
  Result<std::vector<DeadLetter>> List(int page_size);

  // Publishes the letters again to their topics, then forgets them here. All
  // groups of the topic see them again. `ids` are message ids, 1 to 1,000.
  // Errors: INVALID_ARGUMENT; NOT_FOUND DEAD_LETTER_NOT_FOUND, naming each id that
  // is not there, and nothing is done; UNAVAILABLE (then they may have been
  // published, and are still here).
  Status Replay(std::span<const std::string> ids);

  // Forgets the letters. Errors: as Replay.
  Status Drop(std::span<const std::string> ids);

 private:
  storage::Database& database_;
  Bus& bus_;
};

}  // namespace quartet::events
