#pragma once

#include <cstddef>
#include <span>

#include "common/events/bus.h"

namespace quartet::events {

// How many entries to ask for, so that what comes is no more than a batch in bytes
// (kMessageBatchBytesMax), which Redis cannot be told: it starts low, doubles with
// every read that comes back full of small ones, and falls at once to what would have
// fitted. So a backlog of large messages is read in pieces of that size; only the
// first of them, after small ones, may be more, by no more than the entries asked for.
class ReadSize {
 public:
  // Of at most `max` entries (at least 1).
  int CountOf(int max) const;
  // What came of a read of `asked`.
  void Came(int asked, std::span<const Delivery> deliveries);

 private:
  static constexpr int kFirst = 64;
  int count_ = kFirst;
};

}  // namespace quartet::events
