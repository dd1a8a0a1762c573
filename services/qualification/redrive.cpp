#include <optional>
#include <utility>

#include "services/qualification/coordinator.h"

namespace quartet::qualification {
namespace {

constexpr int kRedriveMax = 500;

}  // namespace

Status Coordinator::Redrive() {
  std::vector<std::string> due;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    QUARTET_ASSIGN_OR_RETURN(due, repository_.DueBy(transaction, clock_.NowMicros(), kRedriveMax));
    return {};
  }));
  // A row that fails must not hold up those that come after it.
  Status first_failure;
  for (const std::string& id : due) {
    // Who has been asked is asked again, not the lead.
    const std::optional<Row> remembered = recent_.TakeUnwritten(id);
    Status driven = Write([&](storage::Transaction& transaction, std::vector<events::Message>& out, Written& written) {
      return RedriveRow(transaction, id, remembered, out, written);
    });
    if (!driven.ok() && remembered && driven.error().reason != kMoved) recent_.Put(*remembered);
    if (!driven.ok() && first_failure.ok()) first_failure = std::move(driven);
  }
  return first_failure;
}

Status Coordinator::RedriveRow(storage::Transaction& transaction, const std::string& id, std::optional<Row> remembered,
                               std::vector<events::Message>& out, Written& written) const {
  std::optional<Row> row = std::move(remembered);
  if (!row) {
    QUARTET_ASSIGN_OR_RETURN(row, repository_.Find(transaction, id));
  }
  const std::int64_t now_us = clock_.NowMicros();
  if (!row || row->redrive_time_us == 0 || row->redrive_time_us > now_us) return {};
  QUARTET_ASSIGN_OR_RETURN(const Holder holder, LookUpHolder(transaction, row->waits_for, written));
  const Before before(*row);
  const Step step = OnRedrive(*row, holder.decided, now_us);
  return Apply(transaction, *std::move(row), step, before, out, written);
}

}  // namespace quartet::qualification
