#include "services/qualification/pending/admission.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "services/qualification/qualification_repository.h"

namespace quartet::qualification {
namespace {

// Some thousand are decided in a second; a participant that is away takes longer to come back.
constexpr std::chrono::milliseconds kRetryAfter(1'000);

Error Pending(std::string_view scope, std::string_view what, std::int64_t limit) {
  return {.code = Code::kResourceExhausted,
          .reason = "QUALIFICATIONS_PENDING",
          .message = fmt::format("{}, at most {}; nothing was begun", what, limit),
          .metadata = {{"scope", std::string(scope)}, {"limit", std::to_string(limit)}},
          .retry_after = kRetryAfter};
}

}  // namespace

Status Admission::Enter(const std::string& caller) {
  const std::lock_guard lock(mutex_);
  if (PendingLocked() >= limits_.pending_max)
    return Pending("suite", "too many qualifications are not over", limits_.pending_max);
  const std::int64_t flow = FlowLocked();
  if (entering_ + static_cast<std::int64_t>(held_.size()) >= flow)
    return Pending("flow", "more qualifications are under way than can be decided soon", flow);
  std::int64_t& own = callers_[caller];
  if (own >= limits_.pending_per_caller_max)
    return Pending("caller", "too many qualifications of this caller are not decided", limits_.pending_per_caller_max);
  ++own;
  ++entering_;
  return {};
}

std::int64_t Admission::FlowLocked() const {
  if (rate_ <= 0) return limits_.pending_max;
  const double soon = rate_ * static_cast<double>(limits_.flow_seconds);
  return std::max(limits_.flow_min, static_cast<std::int64_t>(std::min(soon, 1e9)));
}

void Admission::Leave(const std::string& caller) {
  const auto found = callers_.find(caller);
  if (found != callers_.end() && --found->second <= 0) callers_.erase(found);
}

void Admission::Refused(const std::string& caller) {
  const std::lock_guard lock(mutex_);
  --entering_;
  Leave(caller);
}

void Admission::Began(const std::string& caller, const std::string& id, bool decided) {
  const std::lock_guard lock(mutex_);
  --entering_;
  if (decided || !held_.try_emplace(id, Held{.caller = caller, .survey = survey_}).second) {
    Leave(caller);
    return;
  }
  ++unseen_;
}

void Admission::Decided(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(id);
  if (found == held_.end()) return;
  if (found->second.survey >= ended_) --unseen_;
  Leave(found->second.caller);
  held_.erase(found);
  ++decided_;
}

Result<Admission::Room> Admission::TakeRoom(std::int64_t calls, std::int64_t bytes) {
  const std::lock_guard lock(waiting_->mutex);
  if (waiting_->calls + calls > limits_.calls_max)
    return Pending("calls", "too many calls wait for qualifications", limits_.calls_max);
  if (waiting_->bytes + bytes > limits_.bytes_max)
    return Pending("calls", "too many bytes of calls wait for qualifications", limits_.bytes_max);
  waiting_->calls += calls;
  waiting_->bytes += bytes;
  return Room(waiting_.get(), [waiting = waiting_, calls, bytes](const void*) {
    const std::lock_guard guard(waiting->mutex);
    waiting->calls -= calls;
    waiting->bytes -= bytes;
  });
}

bool Admission::BeginSurvey() {
  const std::lock_guard lock(mutex_);
  ++survey_;
  // Whoever has been here since before the last one.
  return static_cast<std::int64_t>(held_.size()) > unseen_;
}

void Admission::EndSurvey(std::int64_t pending, const std::unordered_set<std::string>* undecided, double seconds) {
  const std::lock_guard lock(mutex_);
  const double rate = static_cast<double>(std::exchange(decided_, 0)) / std::max(seconds, 0.1);
  rate_ = std::max(rate, std::exchange(last_rate_, rate));
  surveyed_ = pending;
  ended_ = survey_;
  unseen_ = 0;
  for (auto it = held_.begin(); it != held_.end();) {
    const bool is_seen = it->second.survey < ended_;
    if (!is_seen) ++unseen_;
    if (is_seen && undecided != nullptr && !undecided->contains(it->first)) {
      Leave(it->second.caller);
      it = held_.erase(it);
      ++decided_;
    } else {
      ++it;
    }
  }
}

std::int64_t Admission::pending() const {
  const std::lock_guard lock(mutex_);
  return PendingLocked();
}

Status Survey(Admission& admission, storage::Database& database, const QualificationRepository& repository,
              double seconds) {
  // More than there can be, but for those of a former limit: then nobody is missed.
  const std::int64_t most = admission.limits().pending_max * 2;
  const bool somebody_waits = admission.BeginSurvey();
  std::int64_t pending = 0;
  std::vector<std::string> ids;
  QUARTET_RETURN_IF_ERROR(database.Read([&](storage::Transaction& transaction) -> Status {
    QUARTET_ASSIGN_OR_RETURN(pending, repository.CountPending(transaction, most));
    if (!somebody_waits || pending == most) return {};
    QUARTET_ASSIGN_OR_RETURN(ids, repository.Undecided(transaction, most));
    return {};
  }));
  const bool complete = somebody_waits && pending < most;
  const std::unordered_set<std::string> undecided(ids.begin(), ids.end());
  admission.EndSurvey(pending, complete ? &undecided : nullptr, seconds);
  return {};
}

std::string CallerOf(std::string_view peer) {
  // A path has no port.
  if (peer.starts_with("unix")) return std::string(peer);
  return std::string(peer.substr(0, peer.rfind(':')));
}

}  // namespace quartet::qualification
