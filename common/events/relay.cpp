#include "common/events/relay.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <set>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/events/envelope.h"
#include "common/events/event_replay.h"
#include "common/events/pace.h"
#include "common/telemetry/log.h"

namespace quartet::events {
namespace {

constexpr std::string_view kSelectOutbox =
    "SELECT id, created_at, payload FROM outbox WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3";
constexpr std::string_view kDeleteOutbox = "DELETE FROM outbox WHERE id = $1";
constexpr std::string_view kSelectOldEvent = "SELECT id FROM event WHERE id < $1 ORDER BY id LIMIT 1";
constexpr std::string_view kDeleteOldEvents =
    "DELETE FROM event WHERE id IN (SELECT id FROM event WHERE id < $1 ORDER BY id LIMIT $2)";

constexpr std::int64_t kSweepPage = 500;
constexpr std::int64_t kPrunePage = 1'000;
// Confirmed rows are deleted at once when so many have gathered.
constexpr std::size_t kDeletesMax = 1'000;

std::int64_t Micros(std::chrono::milliseconds duration) {
  return duration.count() * 1'000;
}

}  // namespace

class Relay::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(Bus& bus, storage::Database& database, IdSource& ids, const Clock& clock, RelayOptions options)
      : bus_(bus),
        database_(database),
        clock_(clock),
        options_(std::move(options)),
        backoff_(options_.backoff_min, options_.backoff_max),
        tick_(options_.tick),
        replay_(bus, database, ids, clock, options_) {}

  void HandOver(Batch batch) {
    const std::lock_guard lock(mutex_);
    if (!HasRoom()) return;  // the sweep finds it
    if (!held_.insert(batch.id).second) return;
    queue_.push_back(std::move(batch));
    if (waiting_) changed_.notify_one();
  }

  bool Step();
  void Start();
  void Stop();
  Stats stats() const;

 private:
  // What is being published.
  struct Round {
    std::vector<Message> messages;
    std::vector<std::string> ids;
    std::int64_t oldest_us = 0;
    bool has_events = false;
  };

  bool HasRoom() const { return held_.size() < static_cast<std::size_t>(options_.batches_held_max); }
  void TakeRound();
  bool PublishRound();
  bool DeleteConfirmed(bool now);
  void Deleted(std::vector<std::string> ids, const Status& status);
  void Tick();
  Status Sweep();
  Status Prune();
  bool Replay();
  // Counts and logs a failure; true if there was none.
  bool Note(const Status& status, std::string_view what, bool of_broker);
  void Loop();
  std::chrono::microseconds NextWait();

  Bus& bus_;
  storage::Database& database_;
  const Clock& clock_;
  const RelayOptions options_;

  // Only the thread that steps.
  Backoff backoff_;
  Periodic tick_;
  EventReplay replay_;
  Round round_;
  std::set<std::string> event_topics_;
  std::thread thread_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // The rest is guarded by mutex_.
  std::deque<Batch> queue_;
  // Batches in memory or on their way out of the table; the sweep leaves them.
  std::unordered_set<std::string> held_;
  std::vector<std::string> confirmed_;
  std::int64_t confirmed_since_us_ = 0;
  bool waiting_ = false;
  bool stopping_ = false;
  Stats stats_;
};

bool Relay::Impl::Note(const Status& status, std::string_view what, bool of_broker) {
  if (status.ok()) return true;
  std::string text = ToString(status.error());
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    if (of_broker) ++stats_.publish_failures;
    is_new = stats_.last_error != text;
    stats_.last_error = text;
  }
  // One line per trouble, not one per try.
  if (is_new) telemetry::LogWarning(what, {{"service", options_.service}, {"error", std::move(text)}});
  if (of_broker) {
    backoff_.Failed(clock_.NowMicros());
    replay_.BrokerFailed();
  }
  return false;
}

bool Relay::Impl::Step() {
  bool busy = PublishRound();
  if (tick_.Take(clock_.NowMicros())) Tick();
  busy = Replay() || busy;
  return DeleteConfirmed(false) || busy;
}

void Relay::Impl::TakeRound() {
  const std::lock_guard lock(mutex_);
  const auto limit = static_cast<std::size_t>(options_.messages_per_round);
  while (!queue_.empty() &&
         (round_.messages.empty() || round_.messages.size() + queue_.front().messages.size() <= limit)) {
    Batch& batch = queue_.front();
    round_.oldest_us = round_.ids.empty() ? batch.create_time_us : std::min(round_.oldest_us, batch.create_time_us);
    for (Message& message : batch.messages) {
      if (IsEventTopic(message.topic)) {
        round_.has_events = true;
        if (!event_topics_.contains(message.topic)) event_topics_.insert(message.topic);
      }
      round_.messages.push_back(std::move(message));
    }
    round_.ids.push_back(std::move(batch.id));
    queue_.pop_front();
  }
}

bool Relay::Impl::PublishRound() {
  if (backoff_.Remaining(clock_.NowMicros()) > 0) return false;
  if (round_.ids.empty()) TakeRound();
  if (round_.ids.empty()) return false;
  // After a failure the same round is tried again, so that the order stays.
  if (!Note(bus_.Publish(round_.messages), "the broker takes no messages; they wait in the outbox", true)) return true;
  backoff_.Succeeded();
  if (round_.has_events) replay_.Confirmed(round_.oldest_us);
  const std::lock_guard lock(mutex_);
  stats_.batches_published += static_cast<std::int64_t>(round_.ids.size());
  stats_.messages_published += static_cast<std::int64_t>(round_.messages.size());
  stats_.last_error.clear();
  if (confirmed_.empty()) confirmed_since_us_ = clock_.NowMicros();
  std::move(round_.ids.begin(), round_.ids.end(), std::back_inserter(confirmed_));
  round_.ids.clear();
  round_.messages.clear();
  round_.has_events = false;
  return true;
}

bool Relay::Impl::DeleteConfirmed(bool now) {
  std::vector<std::string> ids;
  {
    const std::lock_guard lock(mutex_);
    if (confirmed_.empty()) return false;
    const std::int64_t waited = clock_.NowMicros() - confirmed_since_us_;
    const bool due = waited < 0 || waited >= Micros(options_.delete_delay) || confirmed_.size() >= kDeletesMax;
    if (!due && !now) return false;
    ids.swap(confirmed_);
  }
  auto shared_ids = std::make_shared<std::vector<std::string>>(std::move(ids));
  database_.Enqueue({.run = [shared_ids](storage::Transaction& transaction) -> Status {
                       for (const std::string& id : *shared_ids) {
                         const auto deleted = transaction.Execute(kDeleteOutbox, {std::string_view(id)});
                         if (!deleted.ok()) return deleted.error();
                       }
                       return {};
                     },
                     .done = [self = shared_from_this(),
                              shared_ids](const Status& status) { self->Deleted(std::move(*shared_ids), status); }});
  return true;
}

void Relay::Impl::Deleted(std::vector<std::string> ids, const Status& status) {
  const std::lock_guard lock(mutex_);
  if (status.ok()) {
    for (const std::string& id : ids) held_.erase(id);
    return;
  }
  stats_.last_error = ToString(status.error());
  // Tried again after the delay.
  confirmed_since_us_ = clock_.NowMicros();
  std::move(ids.begin(), ids.end(), std::back_inserter(confirmed_));
}

void Relay::Impl::Tick() {
  bool well = Note(Sweep(), "the outbox cannot be read", false);
  well = Note(Prune(), "old events cannot be deleted", false) && well;
  if (backoff_.Remaining(clock_.NowMicros()) > 0) return;
  if (!Note(replay_.Check(), "the broker's marker cannot be checked", true)) return;
  for (const std::string& topic : event_topics_) {
    if (!Note(bus_.Trim(topic, options_.broker_retention), "a topic cannot be trimmed", true)) return;
  }
  backoff_.Succeeded();
  const std::lock_guard lock(mutex_);
  if (well) stats_.last_error.clear();
}

// Finds rows that nobody holds: left by a crash, or dropped from a full memory.
// It starts from the beginning each time, for commits do not come in id order.
Status Relay::Impl::Sweep() {
  const std::string end = LowestUuidV7(clock_.NowMicros() - Micros(options_.sweep_age));
  std::string after;
  while (true) {
    std::vector<Batch> found;
    std::int64_t rows = 0;
    {
      const std::lock_guard lock(mutex_);
      if (!HasRoom()) return {};
    }
    QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) {
      const std::string_view from = after;
      return transaction.Query(kSelectOutbox, {from, std::string_view(end), kSweepPage}, [&](const storage::Row& row) {
        ++rows;
        Batch batch{.id = row.String(0), .create_time_us = row.Int(1)};
        {
          const std::lock_guard lock(mutex_);
          if (held_.contains(batch.id)) {
            found.push_back(std::move(batch));
            return;
          }
        }
        Result<std::vector<Message>> messages = ParseMessages(row.Bytes(2));
        if (messages.ok()) {
          batch.messages = std::move(*messages);
        } else {
          telemetry::LogError("an outbox row cannot be read", {{"service", options_.service}, {"row", batch.id}});
        }
        found.push_back(std::move(batch));
      });
    }));
    if (found.empty()) return {};
    after = found.back().id;
    for (Batch& batch : found) {
      if (!batch.messages.empty()) HandOver(std::move(batch));
    }
    if (rows < kSweepPage) return {};
  }
}

Status Relay::Impl::Prune() {
  const std::string end = LowestUuidV7(clock_.NowMicros() - Micros(options_.event_retention));
  bool some = false;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) {
    return transaction.Query(kSelectOldEvent, {std::string_view(end)}, [&](const storage::Row&) { some = true; });
  }));
  if (!some) return {};
  database_.Enqueue({.run = [end](storage::Transaction& transaction) -> Status {
                       const auto deleted = transaction.Execute(kDeleteOldEvents, {std::string_view(end), kPrunePage});
                       return deleted.ok() ? Status() : Status(deleted.error());
                     },
                     .done =
                         [self = shared_from_this()](const Status& status) {
                           if (status.ok()) return;
                           const std::lock_guard lock(self->mutex_);
                           self->stats_.last_error = ToString(status.error());
                         }});
  return {};
}

bool Relay::Impl::Replay() {
  if (!replay_.active() || backoff_.Remaining(clock_.NowMicros()) > 0) return false;
  const Result<int> published = replay_.Step();
  if (!published.ok()) {
    Note(published.error(), "events cannot be published again", true);
    return true;
  }
  const std::lock_guard lock(mutex_);
  stats_.events_republished += *published;
  return true;
}

std::chrono::microseconds Relay::Impl::NextWait() {
  std::int64_t wait = Micros(options_.tick);
  const std::int64_t backing_off = backoff_.Remaining(clock_.NowMicros());
  if (backing_off > 0) wait = std::min(wait, backing_off);
  if (!confirmed_.empty()) wait = std::min(wait, Micros(options_.delete_delay));
  return std::chrono::microseconds(wait);
}

void Relay::Impl::Loop() {
  while (true) {
    const bool busy = Step();
    std::unique_lock lock(mutex_);
    if (stopping_) break;
    const bool backing_off = backoff_.Remaining(clock_.NowMicros()) > 0;
    if (busy && !backing_off) continue;
    waiting_ = true;
    changed_.wait_for(lock, NextWait(), [&] { return stopping_ || (!backing_off && !queue_.empty()); });
    waiting_ = false;
    if (stopping_) break;
  }
  // What is in hand goes out, unless the broker fails.
  while (PublishRound() && backoff_.Remaining(clock_.NowMicros()) == 0) {
  }
  DeleteConfirmed(true);
}

void Relay::Impl::Start() {
  stopping_ = false;
  thread_ = std::thread([this] { Loop(); });
}

void Relay::Impl::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  thread_.join();
}

Relay::Stats Relay::Impl::stats() const {
  const std::lock_guard lock(mutex_);
  Stats stats = stats_;
  stats.batches_held = static_cast<std::int64_t>(held_.size());
  return stats;
}

Relay::Relay(Bus& bus, storage::Database& database, IdSource& ids, const Clock& clock, RelayOptions options)
    : impl_(std::make_shared<Impl>(bus, database, ids, clock, std::move(options))) {}

Relay::~Relay() {
  Stop();
}

void Relay::HandOver(Batch batch) {
  impl_->HandOver(std::move(batch));
}

bool Relay::Step() {
  return impl_->Step();
}

void Relay::Start() {
  impl_->Start();
}

void Relay::Stop() {
  impl_->Stop();
}

Relay::Stats Relay::stats() const {
  return impl_->stats();
}

}  // namespace quartet::events
