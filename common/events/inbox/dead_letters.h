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
  bool once = false;              // one of this id is not replaced; not stored
};

enum class Burial {
  kKept,
  kKnown,   // there is one of this id already
  kNoRoom,  // there are limits::kDeadLettersMax, or they have limits::kDeadLettersBytesMax
};

// Keeps `letters`, in one transaction; what became of each. One with the same message
// id is replaced. Errors: those of the database; then none is kept.
Result<std::vector<Burial>> BuryDeadLetters(storage::Database& database, std::span<const DeadLetter> letters);

// What an operator does with the dead letters of a service. Thread-safe.
class DeadLetters {
 public:
  // Both must outlive it.
  DeadLetters(storage::Database& database, Bus& bus);

  // The oldest, at most `page_size`: 1 to 1,000; 50 if zero. Without their `data`,
  // which nobody looks at in a list.
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
  Result<std::span<const std::string>> FirstPiece(std::span<const std::string> ids);
  Status ReplayPiece(std::span<const std::string> ids);

  storage::Database& database_;
  Bus& bus_;
};

}  // namespace quartet::events
