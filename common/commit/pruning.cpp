#include "common/commit/pruning.h"

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "common/base/id_source.h"
#include "common/commit/intent.h"
#include "common/resource/resource_name.h"

namespace quartet::commit {
namespace {

// Few enough that other writers are not held up.
constexpr std::int64_t kChunkMax = 1'000;
constexpr int kChunksMax = 4;
// Those that are told of; there should be none.
constexpr std::int64_t kHeldMax = 10;
// It moves with the retention, which is days.
constexpr std::int64_t kAskInterval_us = 60'000'000;

constexpr storage::Statement kFindWatermark = {"SELECT time FROM participation_watermark WHERE id = 1",
                                               storage::Reads("participation_watermark")};
constexpr storage::Statement kRaise = {"UPDATE participation_watermark SET time = $1 WHERE id = 1 AND time < $1",
                                       storage::Updates("participation_watermark")};
constexpr std::string_view kDeleteParticipation =
    "DELETE FROM participation WHERE qualification_id IN (SELECT qualification_id FROM participation "
    "WHERE qualification_id < $1 AND state <> $2 ORDER BY qualification_id LIMIT $3)";
constexpr storage::Statement kHeld = {
    "SELECT qualification_id FROM participation WHERE qualification_id < $1 AND state = $2 "
    "ORDER BY qualification_id LIMIT $3",
    storage::Reads("participation").By("state", 2)};
constexpr auto kHeldState = static_cast<std::int64_t>(Participation::State::kHeld);

// What the text of every UUIDv7 of an earlier millisecond is less than.
std::string FirstIdAt(std::int64_t time_us) {
  const std::int64_t ms = (time_us + 999) / 1'000;
  return fmt::format("{:08x}-{:04x}", ms >> 16, ms & 0xffff);
}

}  // namespace

bool Watermark::Covers(std::string_view qualification_id) const {
  const auto made_us = TimeOfUuidV7(qualification_id);
  return made_us && *made_us < time_us_;
}

void Watermark::Raise(std::int64_t time_us) {
  for (std::int64_t now = time_us_; now < time_us && !time_us_.compare_exchange_weak(now, time_us);) {
  }
}

Status Pruning::Load() {
  return database_.Read([this](storage::Transaction& transaction) {
    return transaction.Query(kFindWatermark, {}, [this](const storage::Row& row) { watermark_.Raise(row.Int(0)); });
  });
}

Status Pruning::Learn() {
  const std::int64_t now_us = clock_.NowMicros();
  // A clock that was set back asks at once.
  if (asked_us_ != 0 && now_us >= asked_us_ && now_us < asked_us_ + kAskInterval_us) return {};
  QUARTET_ASSIGN_OR_RETURN(const std::int64_t told_us, decisions_.AskWatermark());
  asked_us_ = now_us;
  if (told_us <= watermark_.time_us()) return {};
  QUARTET_RETURN_IF_ERROR(
      database_.Write([told_us](storage::Transaction& transaction) { return transaction.Run(kRaise, {told_us}); }));
  watermark_.Raise(told_us);
  has_more_ = true;
  const std::string bound = FirstIdAt(told_us);
  std::vector<std::string> held;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) {
    held.clear();
    return transaction.Query(kHeld, {std::string_view(bound), kHeldState, kHeldMax},
                             [&](const storage::Row& row) { held.push_back(row.String(0)); });
  }));
  for (const std::string& id : held)
    contradictions_.Report("held_but_over", {{"qualification", resource::NameOf("qualifications", id)}});
  return {};
}

Result<bool> Pruning::Step() {
  QUARTET_RETURN_IF_ERROR(Learn());
  const std::string bound = FirstIdAt(watermark_.time_us());
  for (int chunk = 0; chunk < kChunksMax && has_more_; ++chunk) {
    std::int64_t deleted = 0;
    QUARTET_RETURN_IF_ERROR(database_.Write([&](storage::Transaction& transaction) -> Status {
      QUARTET_ASSIGN_OR_RETURN(
          deleted, transaction.Execute(kDeleteParticipation, {std::string_view(bound), kHeldState, kChunkMax}));
      return {};
    }));
    has_more_ = deleted == kChunkMax;
  }
  return has_more_;
}

}  // namespace quartet::commit
