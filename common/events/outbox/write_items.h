#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "common/base/limits.h"
#include "common/base/result.h"
#include "common/events/outbox/outbox.h"

namespace quartet::events {

// Work that is alike for many items, of which one may fail without harm to the others.
struct ItemWork {
  std::size_t count = 0;
  // Does the work of one item; may run more than once, and only the last run counts.
  std::function<Status(std::size_t item, storage::Transaction& transaction, std::vector<Message>& messages)> run;
  // If there is one, called before `run` with the items that are to run in one operation where the
  // database is remote: may announce what they read, and read what must be known for that.
  std::function<Status(std::span<const std::size_t> items, storage::Transaction& transaction)> expect = nullptr;
  // If there is one, the size of an item, by which operations are bounded.
  std::function<std::size_t(std::size_t item)> bytes_of = nullptr;
};

struct ItemLimits {
  std::size_t items_max = limits::kMessageBatchMax;       // in one operation, which holds up all other writers
  std::size_t bytes_max = limits::kMessageBatchBytesMax;  // likewise, but an item that is larger goes by itself
};

// Writes the items in their order, as many as the limits allow in one operation, so that they
// share a row in the outbox and whatever it costs to begin and end; those of an operation that
// fails run again each in one of its own, which may share a transaction still, so that one that
// fails holds up no other. Positional results. Waits for the database, so it is not for
// its threads. With `replies`: see Outbox::Write; what runs again goes to the relay.
std::vector<Status> WriteItems(Outbox& outbox, const ItemWork& work, std::vector<Message>* replies = nullptr,
                               const ItemLimits& limits = {});

}  // namespace quartet::events
