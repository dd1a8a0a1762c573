#include "services/qualification/coordinator/step_writer.h"

#include <utility>

#include "services/qualification/qualification_messages.h"

namespace quartet::qualification {
namespace {

// Woken together when what they waited for is decided; the others then wait for
// the oldest of these, so that a crowd does not collide again and again.
constexpr int kWokenMax = 32;
// So many of the others; those beyond are asked again by the re-drive, which finds their holder decided.
// A decision must not take the longer the larger the crowd is.
constexpr int kMovedOnMax = 256;

}  // namespace

Status StepWriter::Apply(storage::Transaction& transaction, Row row, const Step& step, const Before& before,
                         std::vector<events::Message>& out, Written& written) const {
  if (step.changed) {
    const QualificationRepository::Changed changed{.plan = row.state() != before.state || before.unwritten,
                                                   .times = row.waits_for != before.waits_for ||
                                                            row.redrive_time_us != before.redrive_time_us ||
                                                            row.redrive_count != before.redrive_count};
    QUARTET_RETURN_IF_ERROR(repository_.Update(transaction, row, changed));
    row.unwritten = false;
    // Who decides the holder wakes those that it sees waiting, so it must see this one.
    if (row.waits_for != before.waits_for && !row.waits_for.empty())
      QUARTET_RETURN_IF_ERROR(repository_.Touch(transaction, row.waits_for));
  }
  for (const Send& send : step.sends) out.push_back(CommandMessage(row, send));
  if (row.state() != before.state && row.decided()) {
    out.push_back(DecidedEvent(row));
    written.decided.push_back(row.qualification());
  }
  if (row.state() != before.state && (row.decided() || row.state() == v1::Qualification::PARKED))
    QUARTET_RETURN_IF_ERROR(Wake(transaction, row, out, written));
  written.rows.push_back(std::move(row));
  return {};
}

Status StepWriter::Wake(storage::Transaction& transaction, const Row& holder, std::vector<events::Message>& out,
                        Written& written) const {
  QUARTET_ASSIGN_OR_RETURN(const auto first, repository_.WaitingFor(transaction, holder.id, std::nullopt, 1));
  if (first.empty()) return {};
  // An older one that waits in PREPARING asks again as soon as the younger has
  // made way; one that is parked only when its holder is decided (rule 9).
  QUARTET_ASSIGN_OR_RETURN(auto woken,
                           repository_.WaitingFor(transaction, holder.id, v1::Qualification::PREPARING, kWokenMax));
  std::string next;
  if (holder.decided()) {
    QUARTET_ASSIGN_OR_RETURN(const auto parked,
                             repository_.WaitingFor(transaction, holder.id, v1::Qualification::PARKED, kWokenMax));
    woken.insert(woken.end(), parked.begin(), parked.end());
    if (!parked.empty()) next = parked.front();
  }
  for (const std::string& id : woken) {
    QUARTET_ASSIGN_OR_RETURN(auto row, repository_.Find(transaction, id));
    if (!row) continue;
    const Before before(*row);
    const Step step = OnHolderGone(*row, holder.decided(), clock_.NowMicros());
    QUARTET_RETURN_IF_ERROR(Apply(transaction, *std::move(row), step, before, out, written));
  }
  // The rest wait for the oldest that was woken. It is older than they are, so
  // waits still never form a circle.
  if (next.empty()) return {};
  QUARTET_ASSIGN_OR_RETURN(const auto rest,
                           repository_.WaitingFor(transaction, holder.id, v1::Qualification::PARKED, kMovedOnMax));
  for (const std::string& id : rest) QUARTET_RETURN_IF_ERROR(repository_.WaitFor(transaction, id, holder.id, next));
  return {};
}

Result<Holder> StepWriter::LookUpHolder(storage::Transaction& transaction, const std::string& id,
                                        Written& written) const {
  if (id.empty()) return Holder{};
  QUARTET_ASSIGN_OR_RETURN(const auto row, FindOrFence(transaction, id, written));
  if (!row) return Holder{};
  return Holder{.create_time_us = row->create_time_us, .decided = row->decided()};
}

Result<std::optional<Row>> StepWriter::FindOrFence(storage::Transaction& transaction, const std::string& id,
                                                   Written& written) const {
  QUARTET_ASSIGN_OR_RETURN(auto row, repository_.Find(transaction, id));
  if (row) return row;
  QUARTET_ASSIGN_OR_RETURN(const std::int64_t watermark_us, repository_.Watermark(transaction));
  if (IsForgotten(id, watermark_us)) return row;
  QUARTET_RETURN_IF_ERROR(repository_.Fence(transaction, id, clock_.NowMicros()));
  written.unknown.push_back(id);
  return repository_.Find(transaction, id);
}

}  // namespace quartet::qualification
