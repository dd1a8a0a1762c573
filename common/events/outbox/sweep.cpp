#include "common/events/outbox/sweep.h"

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
constexpr std::string_view kSelectEvents = "SELECT payload FROM event WHERE id = $1";
constexpr std::string_view kSelectOldest = "SELECT id FROM outbox WHERE slot = $1 ORDER BY id LIMIT 1";

// What a row of the outbox says, or leaves to the event of the same id.
Result<std::vector<Message>> MessagesOf(storage::Transaction& transaction, const std::string& id,
                                        std::string_view payload) {
  if (!payload.empty()) return ParseMessages(payload);
  Result<std::vector<Message>> messages =
      Error{.code = Code::kDataLoss, .reason = "MESSAGE_UNREADABLE", .message = "its event is missing"};
  QUARTET_RETURN_IF_ERROR(transaction.Query(kSelectEvents, {std::string_view(id)},
                                            [&](const storage::Row& row) { messages = ParseMessages(row.Bytes(0)); }));
  return messages;
}

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
  QUARTET_RETURN_IF_ERROR(database.Read([&](storage::Transaction& transaction) -> Status {
    found.clear();
    std::vector<std::string> payloads;
    QUARTET_RETURN_IF_ERROR(transaction.Query(kSelectPage, {slot, after, end, limit}, [&](const storage::Row& row) {
      found.push_back(Batch{.slot = slot, .id = row.String(0), .create_time_us = row.Int(1)});
      payloads.push_back(row.String(2));
    }));
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (is_held(found[i].id)) continue;
      Result<std::vector<Message>> messages = MessagesOf(transaction, found[i].id, payloads[i]);
      if (messages.ok()) {
        found[i].messages = std::move(*messages);
      } else if (messages.error().code == Code::kDataLoss) {
        telemetry::LogError("an outbox row cannot be read",
                            {{"row", found[i].id}, {"error", ToString(messages.error())}});
      } else {
        return std::move(messages).error();
      }
    }
    return {};
  }));
  return found;
}

Result<std::optional<std::string>> OldestInOutbox(storage::Transaction& transaction) {
  std::optional<std::string> oldest;
  QUARTET_RETURN_IF_ERROR(ForEachSlot(transaction, [&](std::int64_t slot) {
    return transaction.Query(kSelectOldest, {slot}, [&](const storage::Row& row) {
      if (!oldest || row.Bytes(0) < *oldest) oldest = row.String(0);
    });
  }));
  return oldest;
}

}  // namespace quartet::events
