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

// Where rows are put that cannot be read: nobody's slot, so that they hold up nothing
// and are there to be looked at.
inline constexpr std::int64_t kUnreadableSlot = -1;

// Calls `visit` for each slot (0 or higher) that has rows, ascending, until one fails.
Status ForEachSlot(storage::Transaction& transaction, const std::function<Status(std::int64_t slot)>& visit);

// The slots whose rows the replica at `slot` must see to: its own, and, if it
// `leads`, those that nobody has now. In one snapshot, so that no living
// replica's slot, be it ever so new, is among them.
Result<std::vector<std::int64_t>> SlotsToSweep(storage::Database& database, std::int64_t slot, bool leads);

// The lowest id in the outbox; nothing if it is empty.
Result<std::optional<std::string>> OldestInOutbox(storage::Transaction& transaction);

// Some rows, in their order.
struct OutboxPage {
  std::vector<Batch> batches;
  std::vector<std::string> unreadable;  // ids
  bool has_more = false;
};

// Which rows may be swept: those made before `end`, and those that seem to be made
// at `future` or later, which the clock has left behind when it was set back. Both are
// the lowest ids of a time.
struct OutboxAge {
  std::string end;
  std::string future;
};

// Rows of `slot` after the id `after` that have such an age, no more than a batch in
// number and bytes (limits.h). Those for which `is_held` says so come without
// messages, and so does one that cannot be read.
Result<OutboxPage> ReadOutbox(storage::Database& database, std::int64_t slot, std::string_view after,
                              const OutboxAge& age, const std::function<bool(const std::string& id)>& is_held);

}  // namespace quartet::events
