#include "services/qualification/decision_log.h"

#include <algorithm>
#include <utility>

#include "common/resource/resource_name.h"

namespace quartet::qualification {
namespace {

// So many tombstones are written in one operation, which holds up the other writers meanwhile.
constexpr std::size_t kFencedMax = 500;
// So many rows are read in one transaction.
constexpr std::size_t kReadMax = 500;

void SetOutcome(v1::Decision& decision, const std::string& id, v1::Decision::Outcome outcome) {
  decision.Clear();
  decision.set_qualification(resource::NameOf("qualifications", id));
  decision.set_outcome(outcome);
}

}  // namespace

Result<v1::GetDecisionsResponse> DecisionLog::Read(std::span<const std::string> ids) {
  Found found;
  QUARTET_RETURN_IF_ERROR(
      database_.ReadUrgent([&](storage::Transaction& transaction) { return Find(transaction, ids, found); }));
  Report(found);
  for (std::size_t first = 0; first < found.missing.size(); first += kFencedMax) {
    const auto some = std::span(found.missing).subspan(first, std::min(kFencedMax, found.missing.size() - first));
    QUARTET_RETURN_IF_ERROR(Fence(ids, some, found.response));
  }
  return std::move(found.response);
}

std::optional<Result<v1::GetDecisionsResponse>> DecisionLog::TryRead(std::span<const std::string> ids) {
  Found found;
  std::optional<Status> read =
      database_.TryRead([&](storage::Transaction& transaction) { return Find(transaction, ids, found); });
  if (!read) return std::nullopt;
  if (!read->ok()) return Result<v1::GetDecisionsResponse>(std::move(*read).error());
  if (!found.missing.empty()) return std::nullopt;
  Report(found);
  return Result<v1::GetDecisionsResponse>(std::move(found.response));
}

void DecisionLog::Report(const Found& found) {
  for (const std::size_t i : found.unreadable) {
    const v1::Decision& decision = found.response.decisions(static_cast<int>(i));
    contradictions_.Report("unreadable_qualification", {{"qualification", decision.qualification()}});
  }
}

Status DecisionLog::Find(storage::Transaction& transaction, std::span<const std::string> ids, Found& found) const {
  found = {};
  if (transaction.IsRemote()) {
    repository_.ExpectWatermark(transaction);
    for (const std::string& id : ids) repository_.ExpectDecision(transaction, id);
  }
  QUARTET_ASSIGN_OR_RETURN(const std::int64_t watermark_us, repository_.Watermark(transaction));
  found.response.set_watermark_us(watermark_us);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    v1::Decision& decision = *found.response.add_decisions();
    bool is_unreadable = false;
    QUARTET_ASSIGN_OR_RETURN(auto stored, repository_.FindDecision(transaction, ids[i], is_unreadable));
    if (is_unreadable) found.unreadable.push_back(i);
    if (stored) {
      decision = *std::move(stored);
    } else if (IsForgotten(ids[i], watermark_us)) {
      SetOutcome(decision, ids[i], v1::Decision::FORGOTTEN);
    } else {
      found.missing.push_back(i);
    }
  }
  return {};
}

Status DecisionLog::Fence(std::span<const std::string> ids, std::span<const std::size_t> missing,
                          v1::GetDecisionsResponse& response) {
  std::vector<std::string> fenced;
  QUARTET_RETURN_IF_ERROR(database_.Write([&](storage::Transaction& transaction) -> Status {
    fenced.clear();
    if (transaction.IsRemote()) {
      repository_.ExpectWatermark(transaction);
      for (const std::size_t i : missing) repository_.ExpectDecision(transaction, ids[i]);
    }
    // By the watermark of this transaction, for what is missing may have been deleted since.
    QUARTET_ASSIGN_OR_RETURN(const std::int64_t watermark_us, repository_.Watermark(transaction));
    response.set_watermark_us(std::max(response.watermark_us(), watermark_us));
    for (const std::size_t i : missing) {
      v1::Decision& decision = *response.mutable_decisions(static_cast<int>(i));
      bool unreadable = false;
      QUARTET_ASSIGN_OR_RETURN(auto found, repository_.FindDecision(transaction, ids[i], unreadable));
      if (found) {
        decision = *std::move(found);
      } else if (IsForgotten(ids[i], watermark_us)) {
        SetOutcome(decision, ids[i], v1::Decision::FORGOTTEN);
      } else {
        // Another process that begins it at this moment collides with this operation, which then runs again.
        QUARTET_RETURN_IF_ERROR(repository_.Fence(transaction, ids[i], clock_.NowMicros()));
        SetOutcome(decision, ids[i], v1::Decision::ABORTED);
        fenced.push_back(ids[i]);
      }
    }
    return {};
  }));
  for (const std::string& id : fenced) ReportUnknown(contradictions_, id, "question");
  return {};
}

void DecisionLog::NotifyWaiters(Waiters& waiters, std::span<const std::string> names) {
  for (std::size_t first = 0; first < names.size(); first += kReadMax) {
    const auto some = names.subspan(first, std::min(kReadMax, names.size() - first));
    std::vector<v1::Qualification> decided;
    const Status read = database_.ReadUrgent([&](storage::Transaction& transaction) -> Status {
      decided.clear();
      if (transaction.IsRemote()) {
        for (const std::string& name : some) repository_.ExpectDecided(transaction, resource::IdOf(name));
      }
      for (const std::string& name : some) {
        QUARTET_ASSIGN_OR_RETURN(auto found, repository_.FindDecided(transaction, resource::IdOf(name)));
        if (found) decided.push_back(*std::move(found));
      }
      return {};
    });
    if (!read.ok()) return;
    for (const v1::Qualification& qualification : decided) waiters.Notify(qualification);
  }
}

void ReportUnknown(telemetry::Contradictions& contradictions, const std::string& id, const std::string& seen) {
  contradictions.Report("unknown_qualification",
                        {{"qualification", resource::NameOf("qualifications", id)}, {"seen", seen}});
}

}  // namespace quartet::qualification
