#include "common/events/inbox/consumer.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "common/events/inbox/dead_letters.h"
#include "common/events/outbox/pace.h"
#include "common/telemetry/log.h"

namespace quartet::events {
namespace {

bool PassesByItself(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kAborted || error.code == Code::kResourceExhausted;
}

}  // namespace

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

  // What is to be handled now, and the pauses of those that are tried again.
  struct Work {
    std::vector<Delivery> deliveries;
    std::map<Place, std::int64_t> pauses;
  };

  static Place PlaceOf(const Delivery& delivery) { return {delivery.key, delivery.entry_id}; }
  void Follow();
  Result<Work> Gather(std::chrono::milliseconds timeout);
  Status Upkeep(std::vector<Delivery>& reclaimed);
  Handled Call(std::span<const Delivery> deliveries);
  // One round; what came of it is settled with the next one, or by Settle.
  Result<int> Round(std::chrono::milliseconds timeout);
  Status Finish(Work work, Handled handled);
  Result<std::vector<Delivery>> SettleAndReceive(std::chrono::milliseconds wait);
  Status Settle();
  void Settled();
  // A failure of the broker.
  Error Failed(Error error);
  void TryAgain(const Work& work, Delivery delivery);
  // Writes what is given up to the database and to the dead-letter streams.
  Status Bury(std::span<const Delivery> deliveries, std::span<const Error> errors);
  void NoteError(const Error& error, std::string_view what);
  void Loop();

  Bus& bus_;
  storage::Database& database_;
  const Membership& membership_;
  const std::string topic_;
  const std::string group_;
  const Handler handler_;
  const ConsumerOptions options_;
  const Clock& clock_;

  // Only the thread that steps, but for what Stop interrupts: it is set under
  // mutex_, and read there by Stop.
  std::unique_ptr<Subscription> subscription_;
  // Only the thread that steps.
  std::shared_ptr<const Members> members_;  // as they were followed last
  bool takeover_ = false;                   // a replica has died, and its messages have not all been looked for
  Backoff backoff_;
  Periodic tick_;
  std::map<Place, Retry> retries_;
  // Of the last round, to be settled. If that fails all of it comes again.
  std::vector<Delivery> finished_;
  std::vector<Message> replies_;
  std::int64_t acknowledged_ = 0;  // of the finished, without the dead
  std::thread thread_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // guarded by mutex_
  Stats stats_;            // guarded by mutex_
};

void Consumer::Impl::NoteError(const Error& error, std::string_view what) {
  std::string text = ToString(error);
  {
    const std::lock_guard lock(mutex_);
    if (stats_.last_error == text) return;
    stats_.last_error = text;
  }
  // One line per trouble, not one per try.
  telemetry::LogWarning(what, {{"topic", topic_}, {"group", group_}, {"error", std::move(text)}});
}

// Reads what is this replica's share now.
void Consumer::Impl::Follow() {
  std::shared_ptr<const Members> members = membership_.Now();
  if (members_ != nullptr && members_->version == members->version) return;
  if (members_ == nullptr || members_->slot != members->slot) {
    auto subscription = bus_.Subscribe(topic_, group_, fmt::format("{}-{}", group_, members->slot));
    // What waits here is pending at the broker under the old name, and comes from there.
    retries_.clear();
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
  if (tick_.Take(clock_.NowMicros())) {
    // Somebody waits for the replies.
    QUARTET_RETURN_IF_ERROR(Settle());
    QUARTET_RETURN_IF_ERROR(Upkeep(found));
  }

  const bool has_reclaimed = !found.empty();
  const std::int64_t now = clock_.NowMicros();
  std::int64_t wait_us = found.empty() ? timeout.count() * 1'000 : 0;
  for (const auto& [place, retry] : retries_)
    wait_us = std::min(wait_us, std::max<std::int64_t>(0, retry.due_us - now));
  // Rounded up, so that a retry is due after the wait.
  const std::chrono::milliseconds wait((wait_us + 999) / 1'000);
  QUARTET_ASSIGN_OR_RETURN(std::vector<Delivery> received, SettleAndReceive(wait));
  std::move(received.begin(), received.end(), std::back_inserter(found));

  Work work;
  std::set<Place> seen;
  for (Delivery& delivery : found) {
    // Delivered again while it waits here: its turn comes.
    if (retries_.contains(PlaceOf(delivery))) continue;
    // What was reclaimed is this consumer's now, and may come as such once more.
    if (has_reclaimed && !seen.insert(PlaceOf(delivery)).second) continue;
    work.deliveries.push_back(std::move(delivery));
  }
  const std::int64_t later = clock_.NowMicros();
  for (auto it = retries_.begin(); it != retries_.end();) {
    const auto next = std::next(it);
    if (it->second.due_us <= later) {
      work.pauses[it->first] = it->second.pause_us;
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
  NoteError(error, "the broker fails a consumer");
  backoff_.Failed(clock_.NowMicros());
  const std::lock_guard lock(mutex_);
  ++stats_.broker_failures;
  return error;
}

Result<int> Consumer::Impl::Round(std::chrono::milliseconds timeout) {
  if (backoff_.Remaining(clock_.NowMicros()) > 0) return 0;
  Result<Work> work = Gather(timeout);
  if (!work.ok()) return Failed(std::move(work).error());
  const int count = static_cast<int>(work->deliveries.size());
  if (count > 0) {
    Handled handled = Call(work->deliveries);
    if (Status finished = Finish(std::move(*work), std::move(handled)); !finished.ok()) {
      return Failed(std::move(finished).error());
    }
  }
  backoff_.Succeeded();
  return count;
}

Result<int> Consumer::Impl::Step(std::chrono::milliseconds timeout) {
  QUARTET_ASSIGN_OR_RETURN(const int count, Round(timeout));
  if (Status settled = Settle(); !settled.ok()) return Failed(std::move(settled).error());
  return count;
}

Handled Consumer::Impl::Call(std::span<const Delivery> deliveries) {
  std::string problem;
  try {
    Handled handled = handler_(deliveries);
    if (handled.statuses.size() == deliveries.size()) return handled;
    problem = fmt::format("a handler gives {} results for {} messages", handled.statuses.size(), deliveries.size());
  } catch (const std::exception& exception) {
    problem = fmt::format("a handler threw: {}", exception.what());
  } catch (...) {
    problem = "a handler threw";
  }
  return std::vector<Status>(deliveries.size(), Status(Internal(problem)));
}

void Consumer::Impl::TryAgain(const Work& work, Delivery delivery) {
  // Beyond the limit it stays pending at the broker and comes again from there.
  if (retries_.size() >= static_cast<std::size_t>(options_.retries_held_max)) return;
  Place place = PlaceOf(delivery);
  const auto paused = work.pauses.find(place);
  const std::int64_t doubled = paused == work.pauses.end() ? 0 : paused->second * 2;
  const std::int64_t pause =
      std::clamp<std::int64_t>(doubled, options_.retry_min.count() * 1'000, options_.retry_max.count() * 1'000);
  retries_.insert_or_assign(
      std::move(place),
      Retry{.delivery = std::move(delivery), .due_us = clock_.NowMicros() + pause, .pause_us = pause});
}

Status Consumer::Impl::Finish(Work work, Handled handled) {
  const std::vector<Status>& statuses = handled.statuses;
  std::vector<Delivery> dead;
  std::vector<Error> reasons;
  std::int64_t retried = 0;
  replies_ = std::move(handled.replies);
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    Delivery& delivery = work.deliveries[i];
    if (statuses[i].ok()) {
      finished_.push_back(std::move(delivery));
      continue;
    }
    const Error& error = statuses[i].error();
    NoteError(error, "a message cannot be handled");
    if (!PassesByItself(error) && delivery.delivery_count >= options_.deliveries_max) {
      dead.push_back(std::move(delivery));
      reasons.push_back(error);
      continue;
    }
    if (!PassesByItself(error)) ++delivery.delivery_count;
    ++retried;
    TryAgain(work, std::move(delivery));
  }
  acknowledged_ = std::ssize(finished_);
  Status buried;
  std::int64_t died = 0;
  if (!dead.empty()) {
    buried = Bury(dead, reasons);
    died = buried.ok() ? static_cast<std::int64_t>(dead.size()) : 0;
    for (Delivery& delivery : dead) {
      if (buried.ok()) {
        finished_.push_back(std::move(delivery));
      } else {
        TryAgain(work, std::move(delivery));
      }
    }
    if (!buried.ok()) QUARTET_RETURN_IF_ERROR(Settle());
  }
  const std::lock_guard lock(mutex_);
  stats_.retries += retried;
  stats_.dead += died;
  if (retried == 0 && dead.empty()) stats_.last_error.clear();
  return buried;
}

Status Consumer::Impl::Bury(std::span<const Delivery> deliveries, std::span<const Error> errors) {
  const std::int64_t now = clock_.NowMicros();
  Status written = database_.Write([&](storage::Transaction& transaction) -> Status {
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
      QUARTET_RETURN_IF_ERROR(WriteDeadLetter(transaction, {.message = deliveries[i].message,
                                                            .group = group_,
                                                            .error = ToString(errors[i]),
                                                            .delivery_count = deliveries[i].delivery_count,
                                                            .fail_time_us = now}));
    }
    return {};
  });
  if (!written.ok()) return written;
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    QUARTET_RETURN_IF_ERROR(subscription_->Bury(deliveries[i], errors[i]));
    telemetry::LogError("a message is given up",
                        {{"topic", topic_}, {"id", deliveries[i].message.id}, {"error", ToString(errors[i])}});
  }
  return {};
}

void Consumer::Impl::Loop() {
  while (true) {
    // A failure is noted in there; what is left to do is to wait.
    const Result<int> handled = Round(options_.receive_timeout);
    std::unique_lock lock(mutex_);
    if (stopping_) break;
    if (handled.ok()) continue;
    const std::chrono::microseconds pause(backoff_.Remaining(clock_.NowMicros()));
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
