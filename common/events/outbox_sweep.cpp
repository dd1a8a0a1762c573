#include "common/events/outbox_sweep.h"

#include <limits>
#include <optional>
#include <set>
#include <utility>

#include "common/events/envelope.h"
#include "common/telemetry/log.h"

namespace quartet::events {
namespace {

constexpr std::string_view kSelectNextSlot = "SELECT slot FROM outbox WHERE slot > $1 ORDER BY slot LIMIT 1";
constexpr std::string_view kSelectTaken = "SELECT slot FROM member";
constexpr std::string_view kSelectPage =
    "SELECT id, created_at, payload FROM outbox WHERE slot = $1 AND id > $2 AND id < $3 ORDER BY id LIMIT $4";

}  // namespace

Status ForEachSlot(storage::Transaction& transaction, const std::function<Status(std::int64_t slot)>& visit) {
  std::optional<std::int64_t> next = std::numeric_limits<std::int64_t>::min();
  while (true) {
    const std::int64_t last = *next;
    next.reset();
    QUARTET_RETURN_IF_ERROR(
        transaction.Query(kSelectNextSlot, {last}, [&](const storage::Row& row) { next = row.Int(0); }));
    if (!next) return {};
    QUARTET_RETURN_IF_ERROR(visit(*next));
  }
}

Result<std::vector<std::int64_t>> SlotsToSweep(storage::Database& database, std::int64_t slot, bool leads) {
  if (!leads) return std::vector<std::int64_t>{slot};
  std::vector<std::int64_t> slots;
  QUARTET_RETURN_IF_ERROR(database.Read([&](storage::Transaction& transaction) -> Status {
    slots.clear();
    std::set<std::int64_t> taken;
    QUARTET_RETURN_IF_ERROR(
        transaction.Query(kSelectTaken, {}, [&](const storage::Row& row) { taken.insert(row.Int(0)); }));
    return ForEachSlot(transaction, [&](std::int64_t found) -> Status {
      if (found == slot || !taken.contains(found)) slots.push_back(found);
      return {};
    });
  }));
  return slots;
}

Result<std::vector<Batch>> ReadOutbox(storage::Database& database, std::int64_t slot, std::string_view after,
                                      std::string_view end, std::int64_t limit,
                                      const std::function<bool(const std::string& id)>& is_held) {
  std::vector<Batch> found;
  QUARTET_RETURN_IF_ERROR(database.Read([&](storage::Transaction& transaction) {
    found.clear();
    return transaction.Query(kSelectPage, {slot, after, end, limit}, [&](const storage::Row& row) {
      Batch& batch = found.emplace_back(Batch{.slot = slot, .id = row.String(0), .create_time_us = row.Int(1)});
      if (is_held(batch.id)) return;
      Result<std::vector<Message>> messages = ParseMessages(row.Bytes(2));
      if (messages.ok()) {
        batch.messages = std::move(*messages);
      } else {
        telemetry::LogError("an outbox row cannot be read", {{"row", batch.id}});
      }
    });
  }));
  return found;
}

}  // namespace quartet::events
