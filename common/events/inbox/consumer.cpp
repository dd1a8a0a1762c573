#include "common/events/inbox/consumer.h"

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "common/base/id_source.h"
#include "common/base/limits.h"
#include "common/events/inbox/dead_letters.h"
#include "common/events/inbox/handling.h"
#include "common/events/outbox/pace.h"
#include "common/telemetry/log.h"
#include "common/telemetry/trouble.h"

namespace quartet::events {

class Consumer::Impl {
 public:
  Impl(Bus& bus, storage::Database& database, const Membership& membership, const std::string& topic,
       const std::string& group, Handler handler, ConsumerOptions options, const Clock& clock)
      : bus_(bus),
        database_(database),
        membership_(membership),
        topic_(topic),
        group_(group),
        handler_(std::move(handler)),
        options_(std::move(options)),
        clock_(clock),
        broker_trouble_(clock, {{"topic", topic}, {"group", group}}),
        message_trouble_(clock, {{"topic", topic}, {"group", group}}),
        backoff_(options_.backoff_min, options_.backoff_max),
        tick_(options_.tick) {
    Follow();
  }

  Result<int> Step(std::chrono::milliseconds timeout);
  void Start();
  void Stop();
  Stats stats() const;

 private:
  // A message between two tries. Its delivery count is that of the next one.
  struct Retry {
    Delivery delivery;
    std::int64_t due_us = 0;
    std::int64_t pause_us = 0;
  };
  using Place = std::pair<std::string, std::string>;  // stream key, entry id

  // One that has failed too often.
  struct Dead {
    Delivery delivery;
    Error error;
    std::string waiting;  // parts of it that are to be tried again
  };

  // What is to be handled now, and the pauses of those that are tried again.
  struct Work {
    std::vector<Delivery> deliveries;
    std::map<Place, std::int64_t> pauses;
  };

  static Place PlaceOf(const Delivery& delivery) { return {delivery.key, delivery.entry_id}; }
  void Follow();
  Result<Work> Gather(std::chrono::milliseconds timeout);
  Status Upkeep(std::vector<Delivery>& reclaimed);
  // One round; what came of it is settled with the next one, or by Settle.
  Result<int> Round(std::chrono::milliseconds timeout);
  Status Handle(Work work);
  // What is to become of a message that has failed.
  void Fail(const Work& work, Delivery delivery, Error error, std::vector<Dead>& dead);
  Status GiveUp(const Work& work, std::vector<Dead> dead);
  Result<std::vector<Delivery>> SettleAndReceive(std::chrono::milliseconds wait);
  Status Settle();
  void Settled();
  // A failure of the broker.
  Error Failed(Error error);
  void TryAgain(const Work& work, Delivery delivery);
  void Finished(Delivery delivery) { finished_.push_back(std::move(delivery)); }
  void Count(std::string_view what, const Error* error, std::int64_t amount);
  void NoteError(telemetry::Trouble& trouble, const Error& error, std::string_view what);
  void Loop();

  Bus& bus_;
  storage::Database& database_;
  const Membership& membership_;
  const std::string topic_;
  const std::string group_;
  const Handler handler_;
  const ConsumerOptions options_;
  const Clock& clock_;

  // Thread-safe.
  telemetry::Trouble broker_trouble_;
  telemetry::Trouble message_trouble_;

  // Only the thread that steps, but for what Stop interrupts: it is set under
  // mutex_, and read there by Stop.
  std::unique_ptr<Subscription> subscription_;
  // Only the thread that steps.
  std::shared_ptr<const Members> members_;  // as they were followed last
  bool takeover_ = false;                   // a replica has died, and its messages have not all been looked for
  Backoff backoff_;
  Periodic tick_;
  std::map<Place, Retry> retries_;
  std::size_t retries_bytes_ = 0;
  // Of the last round, to be settled. If that fails all of it comes again.
  std::vector<Delivery> finished_;
  std::vector<Message> replies_;
  std::int64_t acknowledged_ = 0;  // of the finished, without those that were given up
  std::int64_t failed_ = 0;        // in this round
  std::thread thread_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // guarded by mutex_
  Stats stats_;            // guarded by mutex_
};

void Consumer::Impl::NoteError(telemetry::Trouble& trouble, const Error& error, std::string_view what) {
  trouble.Failed(what, error);
  const std::lock_guard lock(mutex_);
  stats_.last_error = ToString(error);
}

void Consumer::Impl::Count(std::string_view what, const Error* error, std::int64_t amount) {
  if (options_.counters == nullptr || amount == 0) return;
  std::string name = fmt::format("{}_total{{topic=\"{}\"", what, topic_);
  if (error != nullptr)
    name += fmt::format(",reason=\"{}\"", error->reason.empty() ? CodeName(error->code) : error->reason);
  options_.counters->Get(name + "}").Add(amount);
}

// Reads what is this replica's share now.
void Consumer::Impl::Follow() {
  std::shared_ptr<const Members> members = membership_.Now();
  if (members_ != nullptr && members_->version == members->version) return;
  if (members_ == nullptr || members_->slot != members->slot) {
    auto subscription = bus_.Subscribe(topic_, group_, fmt::format("{}-{}", group_, members->slot));
    // What waits here is pending at the broker under the old name, and comes from there.
    retries_.clear();
    retries_bytes_ = 0;
    const std::lock_guard lock(mutex_);
    subscription_ = std::move(subscription);
  }
  subscription_->Take(members->share());
  if (members_ != nullptr &&
      !std::includes(members->live.begin(), members->live.end(), members_->live.begin(), members_->live.end())) {
    takeover_ = true;
    tick_.MakeDue();
  }
  members_ = std::move(members);
}

// Once per tick: takes over what others left behind, keeps what waits here, and
// trims.
Status Consumer::Impl::Upkeep(std::vector<Delivery>& reclaimed) {
  if (!retries_.empty()) {
    std::vector<Delivery> held;
    for (const auto& [place, retry] : retries_) held.push_back({.key = place.first, .entry_id = place.second});
    QUARTET_RETURN_IF_ERROR(subscription_->Hold(held));
  }
  const std::chrono::milliseconds idle = takeover_ ? options_.takeover_idle : options_.reclaim_idle;
  QUARTET_ASSIGN_OR_RETURN(reclaimed, subscription_->Reclaim(options_.batch_max, idle));
  if (reclaimed.empty()) {
    takeover_ = false;
  } else {
    tick_.MakeDue();  // there may be more
  }
  return members_->leads() ? bus_.Trim(topic_, options_.broker_retention) : Status();
}

Result<Consumer::Impl::Work> Consumer::Impl::Gather(std::chrono::milliseconds timeout) {
  if (membership_.Now()->version != members_->version) {
    QUARTET_RETURN_IF_ERROR(Settle());
    Follow();
  }
  std::vector<Delivery> found;
  if (tick_.Take(clock_.SteadyMicros())) {
    // Somebody waits for the replies.
    QUARTET_RETURN_IF_ERROR(Settle());
    QUARTET_RETURN_IF_ERROR(Upkeep(found));
  }

  const bool has_reclaimed = !found.empty();
  const std::int64_t now = clock_.SteadyMicros();
  std::int64_t wait_us = found.empty() ? timeout.count() * 1'000 : 0;
  for (const auto& [place, retry] : retries_)
    wait_us = std::min(wait_us, std::max<std::int64_t>(0, retry.due_us - now));
  // Rounded up, so that a retry is due after the wait.
  const std::chrono::milliseconds wait((wait_us + 999) / 1'000);
  QUARTET_ASSIGN_OR_RETURN(std::vector<Delivery> received, SettleAndReceive(wait));
  std::move(received.begin(), received.end(), std::back_inserter(found));

  Work work;
  std::set<Place> seen;
  work.deliveries.reserve(found.size() + retries_.size());
  for (Delivery& delivery : found) {
    // Delivered again while it waits here: its turn comes.
    if (retries_.contains(PlaceOf(delivery))) continue;
    // What was reclaimed is this consumer's now, and may come as such once more.
    if (has_reclaimed && !seen.insert(PlaceOf(delivery)).second) continue;
    work.deliveries.push_back(std::move(delivery));
  }
  const std::int64_t later = clock_.SteadyMicros();
  for (auto it = retries_.begin(); it != retries_.end();) {
    const auto next = std::next(it);
    if (it->second.due_us <= later) {
      work.pauses[it->first] = it->second.pause_us;
      retries_bytes_ -= it->second.delivery.message.size_bytes();
      work.deliveries.push_back(std::move(it->second.delivery));
      retries_.erase(it);
    }
    it = next;
  }
  return work;
}

Result<std::vector<Delivery>> Consumer::Impl::SettleAndReceive(std::chrono::milliseconds wait) {
  if (finished_.empty() && replies_.empty()) return subscription_->Receive(options_.batch_max, wait);
  auto received = subscription_->SettleAndReceive(finished_, replies_, options_.batch_max, wait);
  if (received.ok()) Settled();
  return received;
}

Status Consumer::Impl::Settle() {
  if (finished_.empty() && replies_.empty()) return {};
  QUARTET_RETURN_IF_ERROR(subscription_->Settle(finished_, replies_));
  Settled();
  return {};
}

void Consumer::Impl::Settled() {
  finished_.clear();
  replies_.clear();
  const std::lock_guard lock(mutex_);
  stats_.acknowledged += std::exchange(acknowledged_, 0);
}

Error Consumer::Impl::Failed(Error error) {
  finished_.clear();
  replies_.clear();
  acknowledged_ = 0;
  NoteError(broker_trouble_, error, "the broker fails a consumer");
  backoff_.Failed(clock_.SteadyMicros());
  const std::lock_guard lock(mutex_);
  ++stats_.broker_failures;
  return error;
}

Result<int> Consumer::Impl::Round(std::chrono::milliseconds timeout) {
  if (backoff_.Remaining(clock_.SteadyMicros()) > 0) return 0;
  Result<Work> work = Gather(timeout);
  if (!work.ok()) return Failed(std::move(work).error());
  broker_trouble_.Succeeded();
  const int count = static_cast<int>(work->deliveries.size());
  if (count > 0) {
    if (Status handled = Handle(*std::move(work)); !handled.ok()) return Failed(std::move(handled).error());
  }
  if (retries_.empty()) message_trouble_.Succeeded();
  backoff_.Succeeded();
  return count;
}

Result<int> Consumer::Impl::Step(std::chrono::milliseconds timeout) {
  QUARTET_ASSIGN_OR_RETURN(const int count, Round(timeout));
  if (Status settled = Settle(); !settled.ok()) return Failed(std::move(settled).error());
  return count;
}

void Consumer::Impl::TryAgain(const Work& work, Delivery delivery) {
  const std::size_t bytes = delivery.message.size_bytes();
  if (retries_.size() >= static_cast<std::size_t>(options_.retries_held_max) ||
      (!retries_.empty() && retries_bytes_ + bytes > limits::kRetriesBytesMax)) {
    // It stays pending at the broker and comes again from there; or its sender sends it again, and would send more
    // than anybody can ever work off if none was let go.
    if (delivery.message.carriage == Carriage::kStored) return;
    Finished(std::move(delivery));
    Count("messages_let_go", nullptr, 1);
    const std::lock_guard lock(mutex_);
    ++stats_.let_go;
    return;
  }
  Place place = PlaceOf(delivery);
  const auto paused = work.pauses.find(place);
  const std::int64_t doubled = paused == work.pauses.end() ? 0 : paused->second * 2;
  const std::int64_t pause =
      std::clamp<std::int64_t>(doubled, options_.retry_min.count() * 1'000, options_.retry_max.count() * 1'000);
  retries_bytes_ += bytes;
  retries_.insert_or_assign(
      std::move(place),
      Retry{.delivery = std::move(delivery), .due_us = clock_.SteadyMicros() + pause, .pause_us = pause});
}

Status Consumer::Impl::Handle(Work work) {
  failed_ = 0;
  std::vector<Dead> dead;
  for (std::span<Delivery> left(work.deliveries); !left.empty();) {
    const auto some = left.first(CountOfCall(left, options_.batch_max));
    // Somebody waits for the replies.
    if (some.data() != work.deliveries.data()) QUARTET_RETURN_IF_ERROR(Settle());
    left = left.subspan(some.size());
    Handled handled = CallHandler(handler_, some);
    std::ranges::move(handled.replies, std::back_inserter(replies_));
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (handled.statuses[i].ok()) {
        ++acknowledged_;
        Finished(std::move(some[i]));
      } else {
        Fail(work, std::move(some[i]), std::move(handled.statuses[i]).error(), dead);
      }
    }
  }
  Status given_up;
  if (!dead.empty()) given_up = GiveUp(work, std::move(dead));
  if (!given_up.ok()) QUARTET_RETURN_IF_ERROR(Settle());
  if (failed_ > 0) return given_up;
  const std::lock_guard lock(mutex_);
  stats_.last_error.clear();
  return given_up;
}

void Consumer::Impl::Fail(const Work& work, Delivery delivery, Error error, std::vector<Dead>& dead) {
  std::string waiting;
  // Where nothing works at all the parts need not be asked.
  const bool is_about_it = error.code != Code::kUnavailable && error.code != Code::kResourceExhausted;
  if (delivery.message.carriage == Carriage::kJoined && is_about_it) {
    JoinedRest rest = TryParts(handler_, delivery, options_.batch_max);
    std::ranges::move(rest.replies, std::back_inserter(replies_));
    if (!rest.error) {
      ++acknowledged_;
      return Finished(std::move(delivery));
    }
    error = *std::move(rest.error);
    waiting = std::move(rest.waiting);
    delivery.message.data = rest.faulty.empty() ? std::exchange(waiting, {}) : std::move(rest.faulty);
  }
  ++failed_;
  NoteError(message_trouble_, error, "a message cannot be handled");
  if (!PassesByItself(error) && delivery.delivery_count >= options_.deliveries_max) {
    dead.push_back({.delivery = std::move(delivery), .error = std::move(error), .waiting = std::move(waiting)});
    return;
  }
  if (!PassesByItself(error)) ++delivery.delivery_count;
  delivery.message.data += waiting;
  TryAgain(work, std::move(delivery));
  const std::lock_guard lock(mutex_);
  ++stats_.retries;
}

// What nobody sends again, and what nobody can read, waits for an operator; of the rest it is enough to know that it
// was given up, for it comes again (ADR 0029).
Status Consumer::Impl::GiveUp(const Work& work, std::vector<Dead> dead) {
  const std::int64_t now_us = clock_.NowMicros();
  std::vector<DeadLetter> letters;
  std::vector<std::optional<std::size_t>> letter_of(dead.size());
  for (std::size_t i = 0; i < dead.size(); ++i) {
    const auto& [delivery, error, waiting] = dead[i];
    const bool comes_again = delivery.message.carriage != Carriage::kStored;
    if (comes_again && error.reason != kUnreadable) continue;
    letter_of[i] = letters.size();
    DeadLetter& letter = letters.emplace_back(DeadLetter{.message = delivery.message,
                                                         .group = group_,
                                                         .error = ToString(error),
                                                         .delivery_count = delivery.delivery_count,
                                                         .fail_time_us = now_us,
                                                         .once = comes_again});
    // One stands for all of its kind.
    if (comes_again)
      letter.message.id = UuidV5(fmt::format("{} {} {} {}", group_, topic_, letter.message.type, error.reason));
  }
  std::vector<Burial> burials;
  Status failure;
  if (!letters.empty()) {
    Result<std::vector<Burial>> buried = BuryDeadLetters(database_, letters);
    if (buried.ok()) {
      burials = *std::move(buried);
    } else {
      failure = std::move(buried).error();
    }
  }
  for (std::size_t i = 0; i < dead.size(); ++i) {
    auto& [delivery, error, waiting] = dead[i];
    const bool is_stored = delivery.message.carriage == Carriage::kStored;
    const std::optional<Burial> burial =
        letter_of[i] && failure.ok() ? std::optional(burials[*letter_of[i]]) : std::nullopt;
    const bool is_kept = burial && *burial == Burial::kKept;
    if (burial && *burial == Burial::kNoRoom) Count("dead_letters_refused", nullptr, 1);
    // Never without a trace: until there is room, or the database is back, it stays.
    if ((letter_of[i] && !failure.ok()) || (is_stored && !is_kept)) {
      delivery.message.data += waiting;
      TryAgain(work, std::move(delivery));
      continue;
    }
    if (is_kept) {
      if (Status copied = subscription_->Bury(delivery, error); !copied.ok()) return copied;
      telemetry::LogError("a message is given up",
                          {{"topic", topic_}, {"id", letters[*letter_of[i]].message.id}, {"error", ToString(error)}});
    }
    Count("messages_given_up", &error, 1);
    {
      const std::lock_guard lock(mutex_);
      ++(is_kept ? stats_.dead : stats_.given_up);
    }
    if (waiting.empty()) {
      Finished(std::move(delivery));
    } else {
      delivery.message.data = std::move(waiting);
      delivery.delivery_count = 1;
      TryAgain(work, std::move(delivery));
    }
  }
  return failure;
}

void Consumer::Impl::Loop() {
  while (true) {
    // A failure is noted in there; what is left to do is to wait.
    const Result<int> handled = Round(options_.receive_timeout);
    std::unique_lock lock(mutex_);
    if (stopping_) break;
    if (handled.ok()) continue;
    const std::chrono::microseconds pause(backoff_.Remaining(clock_.SteadyMicros()));
    changed_.wait_for(lock, pause, [&] { return stopping_; });
    if (stopping_) break;
  }
  if (Status settled = Settle(); !settled.ok()) Failed(std::move(settled).error());
}

void Consumer::Impl::Start() {
  stopping_ = false;
  thread_ = std::thread([this] { Loop(); });
}

void Consumer::Impl::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
    subscription_->Interrupt();
  }
  thread_.join();
}

Consumer::Stats Consumer::Impl::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

Consumer::Consumer(Bus& bus, storage::Database& database, const Membership& membership, const std::string& topic,
                   const std::string& group, Handler handler, ConsumerOptions options, const Clock& clock)
    : impl_(std::make_unique<Impl>(bus, database, membership, topic, group, std::move(handler), std::move(options),
                                   clock)) {}

Consumer::~Consumer() {
  Stop();
}

Result<int> Consumer::Step(std::chrono::milliseconds timeout) {
  return impl_->Step(timeout);
}

void Consumer::Start() {
  impl_->Start();
}

void Consumer::Stop() {
  impl_->Stop();
}

Consumer::Stats Consumer::stats() const {
  return impl_->stats();
}

}  // namespace quartet::events
