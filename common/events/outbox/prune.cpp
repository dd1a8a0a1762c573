#include "common/events/outbox/prune.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/limits.h"
#include "common/events/envelope.h"
#include "common/events/outbox/sweep.h"
#include "common/events/row_page.h"

namespace quartet::events {
namespace {

constexpr storage::Statement kMeasureOld = {"SELECT id, LENGTH(payload) FROM event WHERE id < $1 ORDER BY id LIMIT $2",
                                            storage::Reads("event")};
constexpr storage::Statement kDeleteOld = {"DELETE FROM event WHERE id <= $1", storage::Deletes("event")};
constexpr std::int64_t kPauseMaxUs = 100'000;

// What is deleted together of what was made before `before_us`.
Result<RowPage> FindOldEvents(storage::Database& database, std::int64_t before_us) {
  RowPage page;
  QUARTET_RETURN_IF_ERROR(database.Read([&](storage::Transaction& transaction) -> Status {
    std::string end = LowestUuidV7(before_us);
    QUARTET_ASSIGN_OR_RETURN(const auto oldest, OldestInOutbox(transaction));
    if (oldest) end = std::min(end, *oldest);
    QUARTET_ASSIGN_OR_RETURN(page, MeasurePage(transaction, kMeasureOld, {std::string_view(end)}, limits::kPruneRowsMax,
                                               limits::kMessageBatchBytesMax));
    return {};
  }));
  return page;
}

}  // namespace

EventPruner::EventPruner(storage::Database& database, const Clock& clock, std::chrono::milliseconds retention,
                         std::function<void()> wake)
    : database_(database), clock_(clock), retention_us_(retention.count() * 1'000), wake_(std::move(wake)) {}

void EventPruner::MakeDue() {
  const std::int64_t now_us = clock_.SteadyMicros();
  const std::lock_guard lock(mutex_);
  if (!under_way_) due_us_ = std::min(due_us_.value_or(now_us), now_us);
}

Result<bool> EventPruner::Step(std::shared_ptr<void> owner) {
  const std::int64_t begin_us = clock_.SteadyMicros();
  {
    const std::lock_guard lock(mutex_);
    if (failure_) return *std::exchange(failure_, std::nullopt);
    if (!due_us_ || *due_us_ > begin_us) return false;
    due_us_.reset();
  }
  QUARTET_ASSIGN_OR_RETURN(RowPage page, FindOldEvents(database_, time_.Now(clock_) - retention_us_));
  if (page.rows == 0) return false;
  {
    const std::lock_guard lock(mutex_);
    under_way_ = true;
  }
  database_.Enqueue(
      {.run =
           [last_id = std::move(page.last_id)](storage::Transaction& transaction) {
             return transaction.Run(kDeleteOld, {std::string_view(last_id)});
           },
       .done = [this, owner = std::move(owner), begin_us](const Status& status) { Done(begin_us, status); }});
  return true;
}

void EventPruner::Done(std::int64_t begin_us, const Status& status) {
  const std::int64_t now_us = clock_.SteadyMicros();
  {
    const std::lock_guard lock(mutex_);
    under_way_ = false;
    if (status.ok()) {
      due_us_ = now_us + std::min(now_us - begin_us, kPauseMaxUs);
    } else {
      failure_ = status.error();
    }
  }
  wake_();
}

std::optional<std::int64_t> EventPruner::WaitUs() const {
  const std::lock_guard lock(mutex_);
  if (failure_) return 0;
  if (!due_us_) return std::nullopt;
  return std::max<std::int64_t>(0, *due_us_ - clock_.SteadyMicros());
}

}  // namespace quartet::events
