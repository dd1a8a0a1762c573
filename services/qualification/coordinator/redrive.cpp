// The coordinator's re-drive (rule 10).
#include <algorithm>
#include <optional>
#include <utility>

#include "services/qualification/coordinator/coordinator.h"

namespace quartet::qualification {
namespace {

// A piece is read, and written in one operation, which holds up all other writers.
constexpr int kPieceMax = 256;
constexpr std::int64_t kPostponed_us = 30'000'000;

}  // namespace

Status Coordinator::Redrive(const std::function<bool()>& goes_on) {
  // What becomes due meanwhile is for the next time, so that this comes to an end.
  const std::int64_t now_us = clock_.NowMicros();
  Status first_failure;
  std::optional<DueRow> last;
  while (goes_on == nullptr || goes_on()) {
    std::vector<DueRow> due;
    QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
      QUARTET_ASSIGN_OR_RETURN(due, repository_.DueBy(transaction, now_us, last, kPieceMax));
      return {};
    }));
    if (due.empty()) break;
    const std::vector<Status> statuses = RedriveAll(due);
    for (const Status& status : statuses) {
      if (!status.ok() && first_failure.ok()) first_failure = status;
    }
    // Where the database is away the others would fail, too.
    if (!first_failure.ok() && first_failure.error().code == Code::kUnavailable) break;
    Postpone(due, statuses);
    last = due.back();
    if (due.size() < kPieceMax) break;
  }
  return first_failure;
}

std::vector<Status> Coordinator::RedriveAll(const std::vector<DueRow>& due) {
  std::vector<Driven> driven;
  // Who has been asked is asked again, not the lead.
  for (const DueRow& row : due) driven.push_back({.due = row, .unwritten = recent_.TakeUnwritten(row.id)});
  std::vector<Status> statuses = WriteRows(
      {.count = due.size(),
       .run = [&](std::size_t item, storage::Transaction& transaction, std::vector<events::Message>& out,
                  Written& written) { return RedriveRow(transaction, driven[item], out, written); },
       .expect =
           [&](std::span<const std::size_t> items, storage::Transaction& transaction) {
             std::vector<Driven*> some;
             for (const std::size_t item : items) some.push_back(&driven[item]);
             return ExpectRedrive(transaction, some);
           },
       .bytes_of = [&](std::size_t item) { return static_cast<std::size_t>(driven[item].due.size_bytes); },
       .forget = [&](std::size_t item) { return std::exchange(driven[item].unwritten, std::nullopt).has_value(); }});
  for (std::size_t i = 0; i < due.size(); ++i) {
    if (statuses[i].ok()) continue;
    if (driven[i].unwritten) recent_.Restore(due[i].id, std::move(driven[i].unwritten), {});
    // Somebody else has moved it, so it need not be driven.
    if (statuses[i].error().reason == kMoved) statuses[i] = {};
  }
  return statuses;
}

Status Coordinator::ExpectRedrive(storage::Transaction& transaction, std::span<Driven* const> driven) const {
  for (const Driven* row : driven) {
    if (!row->unwritten) repository_.ExpectFind(transaction, row->due.id);
  }
  for (const Driven* row : driven) {
    if (!row->due.waits_for.empty()) repository_.ExpectFind(transaction, row->due.waits_for);
  }
  return {};
}

Status Coordinator::RedriveRow(storage::Transaction& transaction, const Driven& driven,
                               std::vector<events::Message>& out, Written& written) const {
  std::optional<Row> row = driven.unwritten;
  if (!row) {
    QUARTET_ASSIGN_OR_RETURN(row, repository_.Find(transaction, driven.due.id));
  }
  const std::int64_t now_us = clock_.NowMicros();
  if (!row || !IsDue(*row, now_us)) return {};
  QUARTET_ASSIGN_OR_RETURN(const Holder holder, steps_.LookUpHolder(transaction, row->waits_for, written));
  const Before before(*row);
  Step step = OnRedrive(*row, holder.decided, now_us);
  // What was sent before lies in the stream of a service that does not answer.
  if (row->state() == before.state)
    std::erase_if(step.sends, [&](const Send& send) { return !pace_.MayResend(send.to, now_us); });
  return steps_.Apply(transaction, *std::move(row), step, before, out, written);
}

void Coordinator::Postpone(const std::vector<DueRow>& due, std::span<const Status> statuses) {
  std::vector<std::string> failed;
  for (std::size_t i = 0; i < due.size(); ++i) {
    if (statuses[i].ok()) continue;
    const Code code = statuses[i].error().code;
    if (code == Code::kInternal || code == Code::kDataLoss) failed.push_back(due[i].id);
  }
  if (failed.empty()) return;
  // If this fails they are only tried again sooner.
  const Status postponed = database_.Write([&](storage::Transaction& transaction) -> Status {
    for (const std::string& id : failed)
      QUARTET_RETURN_IF_ERROR(repository_.Postpone(transaction, id, clock_.NowMicros() + kPostponed_us));
    return {};
  });
  (void)postponed;
}

}  // namespace quartet::qualification
