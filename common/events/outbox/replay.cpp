#include "common/events/outbox/replay.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/events/envelope.h"
#include "common/events/outbox/sweep.h"
#include "common/events/row_page.h"
#include "common/telemetry/log.h"

namespace quartet::events {
namespace {

constexpr storage::Statement kSelectOldestTime = {"SELECT created_at FROM outbox WHERE slot = $1 ORDER BY id LIMIT 1",
                                                  storage::Reads("outbox").By("slot", 1)};
constexpr storage::Statement kMeasureEvents = {
    "SELECT id, LENGTH(payload) FROM event WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3", storage::Reads("event")};
constexpr storage::Statement kSelectEvents = {"SELECT id, payload FROM event WHERE id >= $1 AND id <= $2 ORDER BY id",
                                              storage::Reads("event")};
constexpr std::int64_t kPageRows = 200;

}  // namespace

EventReplay::EventReplay(Bus& bus, storage::Database& database, IdSource& ids, const Clock& clock,
                         const RelayOptions& options)
    : bus_(bus),
      database_(database),
      ids_(ids),
      clock_(clock),
      options_(options),
      topic_(EventTopic(options.service)) {}

void EventReplay::Doubt() {
  suspicious_ = true;
  // A replay in the middle cannot know what became of its first part.
  replay_.reset();
}

// Everything made before this time has been confirmed for the loss window: either
// it was so within the publish window of its making, or it is in the outbox.
Result<std::int64_t> EventReplay::SafeTime() {
  std::int64_t safe = clock_.NowMicros() - (options_.loss_window + options_.publish_window).count() * 1'000;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) {
    return ForEachSlot(transaction, [&](std::int64_t slot) {
      return transaction.Query(kSelectOldestTime, {slot},
                               [&](const storage::Row& row) { safe = std::min(safe, row.Int(0)); });
    });
  }));
  return safe;
}

Status EventReplay::Check() {
  if (replay_) return {};
  QUARTET_ASSIGN_OR_RETURN(const std::int64_t safe, SafeTime());
  QUARTET_ASSIGN_OR_RETURN(const Marker marker, bus_.ReadMarker(topic_));
  const bool is_other_history = marker.history != history_;
  history_ = marker.history;
  if (!marker.value) {
    const std::string token = ids_.NewUuid();
    QUARTET_RETURN_IF_ERROR(bus_.BeginMarker(topic_, token));
    telemetry::LogInfo("the broker has no marker of this service; publishing all retained events",
                       {{"service", options_.service}});
    Begin(std::numeric_limits<std::int64_t>::min(), token);
    return {};
  }
  newest_ = std::max(newest_, *marker.value);
  if (suspicious_ || is_other_history || *marker.value < written_) {
    suspicious_ = true;
    Begin(std::min(*marker.value, safe), "");
    return {};
  }
  // A failover at this very moment shows in the history next time; until then the
  // marker says no more than that what is older than the loss window is there.
  QUARTET_ASSIGN_OR_RETURN(const bool there, bus_.AdvanceMarker(topic_, safe));
  if (there) written_ = safe;
  newest_ = std::max(newest_, safe);
  return {};
}

void EventReplay::Begin(std::int64_t from_us, std::string token) {
  // What is made from now on is published in the ordinary way; but clocks of replicas differ.
  const std::int64_t skew_us = options_.publish_window.count() * 1'000;
  // And a clock that was set back leaves events behind that seem to be made later than now.
  const std::int64_t loss_us = options_.loss_window.count() * 1'000;
  const std::int64_t end_us = std::max(clock_.NowMicros(), newest_ + loss_us + skew_us) + skew_us;
  replay_ = Replay{.next_id = LowestUuidV7(from_us), .end_id = LowestUuidV7(end_us), .token = std::move(token)};
}

Result<int> EventReplay::Step() {
  if (!replay_) return 0;
  std::vector<Message> messages;
  RowPage page;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    messages.clear();
    const std::string_view first = replay_->next_id;
    QUARTET_ASSIGN_OR_RETURN(page, MeasurePage(transaction, kMeasureEvents, {first, std::string_view(replay_->end_id)},
                                               kPageRows, limits::kMessageBatchBytesMax));
    if (page.rows == 0) return {};
    return transaction.Query(kSelectEvents, {first, std::string_view(page.last_id)}, [&](const storage::Row& row) {
      Result<std::vector<Message>> found = ParseMessages(row.Bytes(1));
      if (found.ok()) {
        std::move(found->begin(), found->end(), std::back_inserter(messages));
      } else {
        telemetry::LogError("a retained event cannot be read", {{"event", row.String(0)}});
      }
    });
  }));
  const int count = static_cast<int>(messages.size());
  if (Status published = bus_.Publish(messages); !published.ok()) return std::move(published).error();
  if (page.has_more) {
    // The next id in the order of text.
    replay_->next_id = page.last_id + "!";
  } else {
    QUARTET_RETURN_IF_ERROR(Finish());
  }
  return count;
}

Status EventReplay::Finish() {
  const std::string token = replay_->token;
  replay_.reset();
  QUARTET_ASSIGN_OR_RETURN(const std::int64_t safe, SafeTime());
  bool there = false;
  if (token.empty()) {
    QUARTET_ASSIGN_OR_RETURN(there, bus_.AdvanceMarker(topic_, safe));
  } else {
    QUARTET_ASSIGN_OR_RETURN(there, bus_.SetMarker(topic_, token, safe));
  }
  // Otherwise all is lost again, which the next check sees.
  if (there) {
    written_ = safe;
    newest_ = std::max(newest_, safe);
    suspicious_ = false;
  }
  return {};
}

}  // namespace quartet::events
