#include "services/qualification/pending/pruner.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/base/id_source.h"
#include "common/telemetry/log.h"

namespace quartet::qualification {
namespace {

constexpr std::chrono::milliseconds kInterval(60'000);
// Between two chunks, for those who wait meanwhile. Ten thousand rows in a second are far more than are begun.
constexpr std::chrono::milliseconds kPause(20);
constexpr std::chrono::milliseconds kPruneRetryAfter(1'000);

}  // namespace

Status Pruner::Refresh() {
  std::int64_t watermark_us = 0;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    QUARTET_ASSIGN_OR_RETURN(watermark_us, repository_.Watermark(transaction));
    return {};
  }));
  watermark_us_ = watermark_us;
  return {};
}

Status Pruner::RaiseWatermark() {
  if (options_.retention_us == 0) return Refresh();
  std::int64_t raised_us = 0;
  QUARTET_RETURN_IF_ERROR(database_.Write([&](storage::Transaction& transaction) -> Status {
    QUARTET_ASSIGN_OR_RETURN(const std::int64_t before_us, repository_.Watermark(transaction));
    std::int64_t most_us = clock_.NowMicros() - options_.retention_us - options_.grace_us;
    // Whole milliseconds, as the times in ids are.
    most_us -= most_us % 1'000;
    raised_us = before_us;
    if (most_us <= before_us) return {};
    QUARTET_ASSIGN_OR_RETURN(const auto needed, repository_.NeededIds(transaction));
    for (const std::string& id : needed) most_us = std::min(most_us, TimeOfUuidV7(id).value_or(most_us));
    if (most_us <= before_us) return {};
    raised_us = most_us;
    return repository_.RaiseWatermark(transaction, raised_us);
  }));
  watermark_us_ = raised_us;
  return {};
}

Result<int> Pruner::DeleteSome() {
  int deleted = 0;
  QUARTET_RETURN_IF_ERROR(database_.Write([&](storage::Transaction& transaction) -> Status {
    QUARTET_ASSIGN_OR_RETURN(const std::int64_t watermark_us, repository_.Watermark(transaction));
    QUARTET_ASSIGN_OR_RETURN(deleted, repository_.DeleteOldest(transaction, watermark_us, options_.chunk));
    return {};
  }));
  return deleted;
}

Status Pruner::CheckClock() const {
  if (clock_.NowMicros() >= watermark_us_) return {};
  return Unavailable("CLOCK_BEHIND", "the clock of the service was set back; nothing can be begun until it is right",
                     kPruneRetryAfter);
}

bool Pruner::MayBeReverted(std::string_view id) const {
  const auto time_us = TimeOfUuidV7(id);
  return options_.retention_us == 0 || !time_us || *time_us >= clock_.NowMicros() - options_.retention_us;
}

void PrunerThread::Start() {
  stopping_ = false;
  thread_ = std::thread([this] { Run(); });
}

void PrunerThread::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

bool PrunerThread::Pause(std::chrono::milliseconds pause) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, pause, [this] { return stopping_; });
}

Status PrunerThread::Round() {
  if (!leads_()) return pruner_.Refresh();
  QUARTET_RETURN_IF_ERROR(pruner_.RaiseWatermark());
  do {
    QUARTET_ASSIGN_OR_RETURN(const int deleted, pruner_.DeleteSome());
    if (deleted == 0) return {};
  } while (Pause(kPause));
  return {};
}

void PrunerThread::Run() {
  bool failing = false;
  do {
    const Status pruned = Round();
    // One line per trouble, not one per try.
    if (!pruned.ok() && !failing) telemetry::LogWarning("pruning failed", {{"error", ToString(pruned.error())}});
    failing = !pruned.ok();
  } while (Pause(kInterval));
}

}  // namespace quartet::qualification
