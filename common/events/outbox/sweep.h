#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/events/outbox/outbox.h"
#include "common/storage/database.h"

// What is read of the outbox: rows that wait, by the slot of the replica that
// wrote them.
namespace quartet::events {

// Calls `visit` for each slot that has rows, ascending, until one fails.
Status ForEachSlot(storage::Transaction& transaction, const std::function<Status(std::int64_t slot)>& visit);

// The slots whose rows the replica at `slot` must see to: its own, and, if it
// `leads`, those that nobody has now. In one snapshot, so that no living
// replica's slot, be it ever so new, is among them.
Result<std::vector<std::int64_t>> SlotsToSweep(storage::Database& database, std::int64_t slot, bool leads);

// The lowest id in the outbox; nothing if it is empty.
Result<std::optional<std::string>> OldestInOutbox(storage::Transaction& transaction);

// At most `limit` rows of `slot` after the id `after` and below `end`, in their
// order. Those for which `is_held` says so come without messages, and so does
// one that cannot be read.
Result<std::vector<Batch>> ReadOutbox(storage::Database& database, std::int64_t slot, std::string_view after,
                                      std::string_view end, std::int64_t limit,
                                      const std::function<bool(const std::string& id)>& is_held);

}  // namespace quartet::events
