#include "common/events/outbox/sweep.h"

#include <optional>
#include <set>
#include <utility>

#include "common/base/limits.h"
#include "common/events/envelope.h"
#include "common/events/row_page.h"
#include "common/telemetry/log.h"

namespace quartet::events {
namespace {

constexpr storage::Statement kSelectNextSlot = {"SELECT slot FROM outbox WHERE slot > $1 ORDER BY slot LIMIT 1",
                                                storage::Reads("outbox")};
constexpr storage::Statement kSelectTaken = {"SELECT slot FROM member", storage::Reads("member")};
constexpr std::string_view kMeasurePage =
    "SELECT id, LENGTH(payload) FROM outbox WHERE slot = $1 AND id > $2 AND (id < $3 OR id >= $4) ORDER BY id LIMIT $5";
constexpr std::string_view kSelectPage =
    "SELECT id, created_at, payload FROM outbox WHERE slot = $1 AND id > $2 AND id <= $5 AND (id < $3 OR id >= $4)"
    " ORDER BY id";
constexpr storage::Statement kSelectPayload = {"SELECT payload FROM event WHERE id = $1",
                                               storage::Reads("event").By("id", 1)};
constexpr storage::Statement kSelectOldestId = {"SELECT id FROM outbox WHERE slot = $1 ORDER BY id LIMIT 1",
                                                storage::Reads("outbox").By("slot", 1)};

// What a row of the outbox says, or leaves to the event of the same id.
Result<std::vector<Message>> MessagesOf(storage::Transaction& transaction, const std::string& id,
                                        std::string_view payload) {
  if (!payload.empty()) return ParseMessages(payload);
  Result<std::vector<Message>> messages = UnreadableMessage("its event is missing");
  QUARTET_RETURN_IF_ERROR(transaction.Query(kSelectPayload, {std::string_view(id)},
                                            [&](const storage::Row& row) { messages = ParseMessages(row.Bytes(0)); }));
  return messages;
}

}  // namespace

Status ForEachSlot(storage::Transaction& transaction, const std::function<Status(std::int64_t slot)>& visit) {
  std::optional<std::int64_t> next = kUnreadableSlot;
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

Result<OutboxPage> ReadOutbox(storage::Database& database, std::int64_t slot, std::string_view after,
                              const OutboxAge& age, const std::function<bool(const std::string& id)>& is_held) {
  OutboxPage page;
  QUARTET_RETURN_IF_ERROR(database.Read([&](storage::Transaction& transaction) -> Status {
    page = {};
    const std::string_view end = age.end;
    const std::string_view future = age.future;
    QUARTET_ASSIGN_OR_RETURN(const RowPage measured,
                             MeasurePage(transaction, kMeasurePage, {slot, after, end, future},
                                         limits::kMessageBatchMax, limits::kMessageBatchBytesMax));
    if (measured.rows == 0) return {};
    page.has_more = measured.has_more;
    std::vector<Batch> found;
    std::vector<std::string> payloads;
    QUARTET_RETURN_IF_ERROR(transaction.Query(
        kSelectPage, {slot, after, end, future, std::string_view(measured.last_id)}, [&](const storage::Row& row) {
          found.push_back(Batch{.slot = slot, .id = row.String(0), .create_time_us = row.Int(1)});
          payloads.push_back(row.String(2));
        }));
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      // Rows of events have their bytes elsewhere.
      if (bytes > limits::kMessageBatchBytesMax) {
        page.has_more = true;
        return {};
      }
      Batch& batch = page.batches.emplace_back(std::move(found[i]));
      if (is_held(batch.id)) continue;
      Result<std::vector<Message>> messages = MessagesOf(transaction, batch.id, payloads[i]);
      if (messages.ok()) {
        batch.messages = std::move(*messages);
        for (const Message& message : batch.messages) bytes += message.size_bytes();
      } else if (messages.error().code == Code::kDataLoss) {
        telemetry::LogError("an outbox row cannot be read", {{"row", batch.id}, {"error", ToString(messages.error())}});
        page.unreadable.push_back(batch.id);
      } else {
        return std::move(messages).error();
      }
    }
    return {};
  }));
  return page;
}

Result<std::optional<std::string>> OldestInOutbox(storage::Transaction& transaction) {
  std::optional<std::string> oldest;
  QUARTET_RETURN_IF_ERROR(ForEachSlot(transaction, [&](std::int64_t slot) {
    return transaction.Query(kSelectOldestId, {slot}, [&](const storage::Row& row) {
      if (!oldest || row.Bytes(0) < *oldest) oldest = row.String(0);
    });
  }));
  return oldest;
}

}  // namespace quartet::events
