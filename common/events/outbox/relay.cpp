#include "common/events/outbox/relay.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <iterator>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/events/envelope.h"
#include "common/events/outbox/joiner.h"
#include "common/events/outbox/pace.h"
#include "common/events/outbox/prune.h"
#include "common/events/outbox/replay.h"
#include "common/events/outbox/sweep.h"
#include "common/telemetry/trouble.h"

namespace quartet::events {
namespace {

constexpr storage::Statement kDeleteOutbox = {"DELETE FROM outbox WHERE slot = $1 AND id = $2",
                                              storage::Deletes("outbox").By("slot", 1).By("id", 2)};
constexpr storage::Statement kSetAside = {"UPDATE outbox SET slot = $3 WHERE slot = $1 AND id = $2",
                                          storage::Updates("outbox").By("id", 2)};

// Confirmed rows are deleted at once when so many have gathered, and no more of them together.
constexpr std::size_t kDeletesMax = limits::kPruneRowsMax;
// More late rows than this, which are ids only, and nothing more is taken in.
constexpr std::size_t kLateMax = 200'000;

std::int64_t Micros(std::chrono::milliseconds duration) {
  return duration.count() * 1'000;
}

std::size_t BytesOf(const Batch& batch) {
  std::size_t bytes = 0;
  for (const Message& message : batch.messages) bytes += message.size_bytes();
  return bytes;
}

}  // namespace

class Relay::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(Bus& bus, storage::Database& database, const Membership& membership, IdSource& ids, const Clock& clock,
       RelayOptions options)
      : bus_(bus),
        database_(database),
        membership_(membership),
        ids_(ids),
        clock_(clock),
        options_(std::move(options)),
        backoff_(options_.backoff_min, options_.backoff_max),
        tick_(options_.tick),
        replay_(bus, database, ids, clock, options_),
        event_topics_{EventTopic(options_.service)},
        pruner_(database, clock, options_.event_retention, [this] { Wake(); }),
        broker_trouble_(clock, {{"service", options_.service}}),
        database_trouble_(clock, {{"service", options_.service}}),
        joiner_(options_.linger) {}

  void HandOver(Batch batch);
  bool Step();
  void Start();
  void Stop();
  Stats stats() const;
  std::int64_t slot() const { return membership_.Now()->slot; }

 private:
  // One row of the outbox.
  struct Place {
    std::int64_t slot = 0;
    std::string id;
  };
  // What is being published.
  struct Round {
    std::vector<Message> messages;
    std::vector<Place> places;
    std::vector<std::int64_t> event_times;  // for each place when its events were made; 0: it has none
  };
  struct Late {
    std::int64_t due_us = 0;
    Place place;
  };

  bool HasRoom() const {
    const auto held_max = static_cast<std::size_t>(options_.batches_held_max);
    return late_.size() < kLateMax && held_.size() - late_.size() < held_max && queue_.size() < held_max &&
           queue_bytes_ < limits::kPublishQueueBytesMax;
  }
  void TakeRound();
  bool PublishRound();
  bool DeleteConfirmed(bool now);
  void Deleted(std::vector<Place> places, const Status& status);
  void Tick();
  bool Lead();
  Status Sweep(const Members& members);
  Status SweepSlot(std::int64_t slot);
  Status SetAside(std::int64_t slot, std::vector<std::string> ids);
  bool Prune();
  void Wake();
  bool Replay();
  // Counts and logs a failure; true if there was none.
  bool Note(const Status& status, std::string_view what, bool of_broker);
  void Loop();
  std::chrono::microseconds NextWait();

  Bus& bus_;
  storage::Database& database_;
  const Membership& membership_;
  IdSource& ids_;
  const Clock& clock_;
  const RelayOptions options_;

  // Only the thread that steps.
  Backoff backoff_;
  Periodic tick_;
  EventReplay replay_;
  bool led_ = false;  // whether the replay is this replica's
  Round round_;
  std::set<std::string> event_topics_;
  EventPruner pruner_;
  std::thread thread_;
  // Thread-safe.
  telemetry::Trouble broker_trouble_;
  telemetry::Trouble database_trouble_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // The rest is guarded by mutex_.
  std::deque<Batch> queue_;
  std::size_t queue_bytes_ = 0;
  Joiner joiner_;
  bool urgent_ = false;                  // somebody waits for something in queue_
  std::int64_t lingering_since_us_ = 0;  // if not: when the oldest in there came
  bool linger_began_ = false;            // the wait has to be shortened
  // Batches in memory or on their way out of the table; the sweep leaves them.
  std::unordered_set<std::string> held_;
  std::vector<Place> confirmed_;
  std::deque<Late> late_;  // confirmed, but to be kept for a while
  std::int64_t confirmed_since_us_ = 0;
  bool waiting_ = false;
  bool stopping_ = false;
  Stats stats_;
};

void Relay::Impl::HandOver(Batch batch) {
  const auto goes_alone = [](const Message& m) { return m.carriage != Carriage::kJoined; };
  // Most batches are of one kind, and need not be moved.
  std::vector<Message>& messages = batch.messages;
  const auto to_join = std::is_partitioned(messages.begin(), messages.end(), goes_alone)
                           ? std::partition_point(messages.begin(), messages.end(), goes_alone)
                           : std::stable_partition(messages.begin(), messages.end(), goes_alone);
  const int lanes = membership_.Now()->share().of;
  const std::lock_guard lock(mutex_);
  const std::int64_t now_us = clock_.SteadyMicros();
  for (auto message = to_join; message != messages.end(); ++message) {
    linger_began_ = linger_began_ || joiner_.Empty();
    // As many lanes as there are replicas here: if the reader has as many, what is
    // joined is of one reader's share.
    const int lane = lanes > 1 ? bus_.PartitionOf(message->topic, message->key()) % lanes : 0;
    joiner_.Add(std::move(*message), lane, now_us);
  }
  messages.erase(to_join, messages.end());
  // What finds no room the sweep finds, or it is sent again.
  const bool has_room = HasRoom();
  if (!has_room && batch.id.empty()) stats_.messages_let_go += std::ssize(batch.messages);
  if (!batch.messages.empty() && has_room && (batch.id.empty() || held_.insert(batch.id).second)) {
    // Domain events go with what goes next, or after the linger.
    urgent_ = urgent_ ||
              !std::ranges::all_of(batch.messages, [](const Message& message) { return IsEventTopic(message.topic); });
    if (queue_.empty()) {
      lingering_since_us_ = now_us;
      linger_began_ = true;
    }
    queue_bytes_ += BytesOf(batch);
    queue_.push_back(std::move(batch));
  }
  if (waiting_ && (urgent_ || linger_began_)) changed_.notify_one();
}

bool Relay::Impl::Note(const Status& status, std::string_view what, bool of_broker) {
  (of_broker ? broker_trouble_ : database_trouble_).Note(what, status);
  if (status.ok()) return true;
  {
    const std::lock_guard lock(mutex_);
    if (of_broker) ++stats_.publish_failures;
    stats_.last_error = ToString(status.error());
  }
  if (of_broker) {
    backoff_.Failed(clock_.SteadyMicros());
    replay_.Doubt();
  }
  return false;
}

// The wait is to be reckoned anew.
void Relay::Impl::Wake() {
  const std::lock_guard lock(mutex_);
  linger_began_ = true;
  if (waiting_) changed_.notify_one();
}

bool Relay::Impl::Step() {
  bool busy = PublishRound();
  if (tick_.Take(clock_.SteadyMicros())) Tick();
  busy = Prune() || busy;
  busy = Replay() || busy;
  return DeleteConfirmed(false) || busy;
}

void Relay::Impl::TakeRound() {
  const std::lock_guard lock(mutex_);
  const auto limit = static_cast<std::size_t>(options_.messages_per_round);
  std::size_t bytes = 0;
  while (!queue_.empty()) {
    Batch& batch = queue_.front();
    const std::size_t size = BytesOf(batch);
    if (!round_.messages.empty() &&
        (round_.messages.size() + batch.messages.size() > limit || bytes + size > limits::kMessageBatchBytesMax)) {
      break;
    }
    bytes += size;
    queue_bytes_ -= size;
    bool has_events = false;
    for (Message& message : batch.messages) {
      if (IsEventTopic(message.topic)) {
        has_events = true;
        if (!event_topics_.contains(message.topic)) event_topics_.insert(message.topic);
      }
      round_.messages.push_back(std::move(message));
    }
    if (!batch.id.empty()) {
      round_.places.push_back({batch.slot, std::move(batch.id)});
      round_.event_times.push_back(has_events ? batch.create_time_us : 0);
    }
    queue_.pop_front();
  }
  urgent_ = !queue_.empty();
  for (Message& message : joiner_.Take(clock_.SteadyMicros(), stopping_)) {
    message.id = ids_.NewUuid();
    round_.messages.push_back(std::move(message));
  }
}

bool Relay::Impl::PublishRound() {
  if (backoff_.Remaining(clock_.SteadyMicros()) > 0) return false;
  if (round_.messages.empty()) TakeRound();
  if (round_.messages.empty()) return false;
  // After a failure the same round is tried again, so that the order stays.
  if (!Note(bus_.Publish(round_.messages), "the broker takes no messages; they wait in the outbox", true)) return true;
  backoff_.Succeeded();
  const std::int64_t now = clock_.NowMicros();
  const std::int64_t steady_us = clock_.SteadyMicros();
  const std::lock_guard lock(mutex_);
  stats_.batches_published += static_cast<std::int64_t>(round_.places.size());
  stats_.messages_published += static_cast<std::int64_t>(round_.messages.size());
  stats_.last_error.clear();
  if (confirmed_.empty()) confirmed_since_us_ = steady_us;
  for (std::size_t i = 0; i < round_.places.size(); ++i) {
    const std::int64_t made_us = round_.event_times[i];
    // One from the future may be as late as any: the clock was set back.
    if (made_us == 0 || (made_us <= now && now - made_us < Micros(options_.publish_window))) {
      confirmed_.push_back(std::move(round_.places[i]));
    } else {
      late_.push_back({steady_us + Micros(options_.loss_window), std::move(round_.places[i])});
    }
  }
  round_ = {};
  return true;
}

bool Relay::Impl::DeleteConfirmed(bool now) {
  std::vector<Place> places;
  {
    const std::lock_guard lock(mutex_);
    const std::int64_t now_us = clock_.SteadyMicros();
    for (; !late_.empty() && late_.front().due_us <= now_us; late_.pop_front()) {
      confirmed_.push_back(std::move(late_.front().place));
    }
    if (confirmed_.empty()) return false;
    const std::int64_t waited = now_us - confirmed_since_us_;
    const bool due = waited >= Micros(options_.delete_delay) || confirmed_.size() >= kDeletesMax;
    if (!due && !now) return false;
    const auto rest = confirmed_.begin() + std::min(std::ssize(confirmed_), std::ptrdiff_t{kDeletesMax});
    places.assign(std::move_iterator(confirmed_.begin()), std::move_iterator(rest));
    confirmed_.erase(confirmed_.begin(), rest);
  }
  auto shared = std::make_shared<std::vector<Place>>(std::move(places));
  database_.Enqueue(
      {.run = [shared](storage::Transaction& transaction) -> Status {
         for (const Place& place : *shared) {
           QUARTET_RETURN_IF_ERROR(transaction.Run(kDeleteOutbox, {place.slot, std::string_view(place.id)}));
         }
         return {};
       },
       .done = [self = shared_from_this(),
                shared](const Status& status) { self->Deleted(std::move(*shared), status); }});
  return true;
}

void Relay::Impl::Deleted(std::vector<Place> places, const Status& status) {
  if (!status.ok()) database_trouble_.Failed("published rows cannot be deleted", status.error());
  const std::lock_guard lock(mutex_);
  if (status.ok()) {
    for (const Place& place : places) held_.erase(place.id);
    return;
  }
  stats_.last_error = ToString(status.error());
  // Tried again after the delay.
  confirmed_since_us_ = clock_.SteadyMicros();
  std::move(places.begin(), places.end(), std::back_inserter(confirmed_));
}

void Relay::Impl::Tick() {
  const auto members = membership_.Now();
  if (led_ != members->leads()) replay_.Doubt();
  led_ = members->leads();
  const bool well = Note(Sweep(*members), "the outbox cannot be read", false);
  if (led_) pruner_.MakeDue();
  if (backoff_.Remaining(clock_.SteadyMicros()) > 0) return;
  if (led_ && !Lead()) return;
  backoff_.Succeeded();
  const std::lock_guard lock(mutex_);
  if (well) stats_.last_error.clear();
}

// What concerns the whole broker. Whether it is well.
bool Relay::Impl::Lead() {
  if (!Note(replay_.Check(), "the broker's marker cannot be checked", true)) return false;
  for (const std::string& topic : event_topics_) {
    if (!Note(bus_.Trim(topic, options_.broker_retention), "a topic cannot be trimmed", true)) return false;
  }
  return true;
}

// Finds rows that nobody holds: left by a crash, or dropped from a full memory.
// It starts from the beginning each time, for commits do not come in id order.
Status Relay::Impl::Sweep(const Members& members) {
  QUARTET_ASSIGN_OR_RETURN(const std::vector<std::int64_t> slots,
                           SlotsToSweep(database_, members.slot, members.leads()));
  for (const std::int64_t slot : slots) QUARTET_RETURN_IF_ERROR(SweepSlot(slot));
  return {};
}

Status Relay::Impl::SweepSlot(std::int64_t slot) {
  const std::int64_t now_us = clock_.NowMicros();
  const OutboxAge age = {.end = LowestUuidV7(now_us - Micros(options_.sweep_age)),
                         .future = LowestUuidV7(now_us + Micros(options_.sweep_age))};
  const auto is_held = [this](const std::string& id) {
    const std::lock_guard lock(mutex_);
    return held_.contains(id);
  };
  std::string after;
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (!HasRoom()) return {};
    }
    QUARTET_ASSIGN_OR_RETURN(OutboxPage page, ReadOutbox(database_, slot, after, age, is_held));
    if (!page.batches.empty()) after = page.batches.back().id;
    for (Batch& batch : page.batches) {
      if (!batch.messages.empty()) HandOver(std::move(batch));
    }
    if (!page.unreadable.empty()) QUARTET_RETURN_IF_ERROR(SetAside(slot, std::move(page.unreadable)));
    if (!page.has_more) return {};
  }
}

// They would be met every second, and nothing younger than they could ever be forgotten.
Status Relay::Impl::SetAside(std::int64_t slot, std::vector<std::string> ids) {
  return database_.Write([&](storage::Transaction& transaction) -> Status {
    for (const std::string& id : ids) {
      QUARTET_RETURN_IF_ERROR(transaction.Run(kSetAside, {slot, std::string_view(id), kUnreadableSlot}));
    }
    return {};
  });
}

bool Relay::Impl::Prune() {
  const Result<bool> pruned = pruner_.Step(shared_from_this());
  return pruned.ok() ? *pruned : Note(pruned.error(), "old events cannot be deleted", false);
}

bool Relay::Impl::Replay() {
  if (!replay_.active() || backoff_.Remaining(clock_.SteadyMicros()) > 0) return false;
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
  const std::int64_t now_us = clock_.SteadyMicros();
  std::int64_t wait = Micros(options_.tick);
  const std::int64_t backing_off = backoff_.Remaining(now_us);
  if (backing_off > 0) wait = std::min(wait, backing_off);
  if (!confirmed_.empty()) wait = std::min(wait, Micros(options_.delete_delay));
  wait = std::min(wait, pruner_.WaitUs().value_or(wait));
  if (backing_off > 0) return std::chrono::microseconds(wait);
  wait = std::min(wait, joiner_.WaitUs(now_us).value_or(wait));
  if (!queue_.empty()) wait = std::clamp<std::int64_t>(lingering_since_us_ + Micros(options_.linger) - now_us, 0, wait);
  return std::chrono::microseconds(wait);
}

void Relay::Impl::Loop() {
  while (true) {
    const bool busy = Step();
    std::unique_lock lock(mutex_);
    if (stopping_) break;
    const bool backing_off = backoff_.Remaining(clock_.SteadyMicros()) > 0;
    if (busy && !backing_off) continue;
    waiting_ = true;
    do {
      linger_began_ = false;
      changed_.wait_for(lock, NextWait(), [&] { return stopping_ || (!backing_off && (urgent_ || linger_began_)); });
    } while (linger_began_ && !urgent_ && !stopping_ && !backing_off);
    waiting_ = false;
    if (stopping_) break;
  }
  // What is in hand goes out, unless the broker fails.
  while (PublishRound() && backoff_.Remaining(clock_.SteadyMicros()) == 0) {
  }
  while (DeleteConfirmed(true)) {
  }
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
  stats.messages_let_go += joiner_.dropped();
  return stats;
}

Relay::Relay(Bus& bus, storage::Database& database, const Membership& membership, IdSource& ids, const Clock& clock,
             RelayOptions options)
    : impl_(std::make_shared<Impl>(bus, database, membership, ids, clock, std::move(options))) {}

Relay::~Relay() {
  Stop();
}

std::int64_t Relay::slot() const {
  return impl_->slot();
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
