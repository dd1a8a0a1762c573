#include "services/quartet/qualify/run.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/id_source.h"
#include "common/rpc/error_mapping.h"
#include "services/quartet/connection/rpc.h"
#include "services/quartet/output/error_report.h"

namespace quartet::cli {
namespace {

using qualification::v1::BatchQualifyLeadsRequest;
using qualification::v1::Qualification;
using qualification::v1::RecordOutcome;

constexpr std::size_t kBatchSize = 100;
constexpr int kAsksMax = 8;
constexpr std::chrono::milliseconds kPauseMin(100);
constexpr std::chrono::milliseconds kPauseMax(2000);

// Whether nobody knows what became of the request, so that only the same one may be sent again.
bool OutcomeIsUnknown(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kDeadlineExceeded ||
         error.code == Code::kResourceExhausted;
}

}  // namespace

QualifyRun::QualifyRun(Call call, Wait wait, std::string run_id, qualification::v1::QualifyOptions options)
    : call_(std::move(call)), wait_(std::move(wait)), run_id_(std::move(run_id)), options_(std::move(options)) {}

void QualifyRun::Count(const Qualification& qualification) {
  ++totals_.qualified;
  const auto count = [](const RecordOutcome& outcome, std::size_t& opened, std::size_t& attached) {
    if (outcome.kind() == RecordOutcome::OPENED) ++opened;
    if (outcome.kind() == RecordOutcome::ATTACHED) ++attached;
  };
  count(qualification.contact(), totals_.contacts_opened, totals_.contacts_attached);
  count(qualification.account(), totals_.accounts_opened, totals_.accounts_attached);
  totals_.opportunities_opened += static_cast<std::size_t>(qualification.opportunities_size());
}

// Sends one batch; gives the items that are to be tried once more.
Result<std::vector<QualifyRun::Item>> QualifyRun::RunBatch(std::span<const Item> batch, const Observer& observer) {
  BatchQualifyLeadsRequest request;
  for (const auto& item : batch) {
    auto& one = *request.add_requests();
    one.set_lead(item.lead);
    one.set_request_id(UuidV5(fmt::format("{}/{}/{}", run_id_, item.lead, item.number)));
    *one.mutable_options() = options_;
  }
  QUARTET_ASSIGN_OR_RETURN(const auto response, call_(request));
  if (response.results_size() != request.requests_size()) {
    return Internal(
        fmt::format("{} leads were sent, but {} results came", request.requests_size(), response.results_size()));
  }

  std::vector<Item> again;
  for (int i = 0; i < response.results_size(); ++i) {
    const auto& result = response.results(i);
    Item item = batch[static_cast<std::size_t>(i)];
    if (result.has_qualification() && result.qualification().state() == Qualification::COMMITTED) {
      Count(result.qualification());
      observer.on_qualified(result.qualification());
      continue;
    }
    const Error error =
        rpc::FromRpcStatus(result.has_qualification() ? result.qualification().failure() : result.status());
    if (error.reason == "LEAD_ALREADY_QUALIFIED") {
      ++totals_.already;
    } else if (OutcomeIsUnknown(error) || error.retry_after) {
      if (!OutcomeIsUnknown(error)) ++item.number;
      item.last = error;
      again.push_back(std::move(item));
    } else {
      ++totals_.failed;
      observer.on_failed(item.lead, error);
    }
  }
  return again;
}

// Sends a batch until every lead of it has an outcome, or the run is stopped.
Status QualifyRun::Finish(std::vector<Item> batch, const Observer& observer) {
  const bool is_first = totals_.left == totals_.leads;
  auto pause = kPauseMin;
  for (int attempt = 1;; ++attempt) {
    auto again = RunBatch(batch, observer);
    if (again.ok()) {
      batch = std::move(again).value();
    } else {
      const bool was_never_there = is_first && again.error().reason == kUnreachable;
      if (was_never_there || !OutcomeIsUnknown(again.error()) || attempt == kAsksMax) return again.error();
    }
    if (attempt == kAsksMax) {
      totals_.failed += batch.size();
      for (const auto& item : batch) observer.on_failed(item.lead, item.last);
      batch.clear();
    }
    totals_.left = totals_.leads - totals_.qualified - totals_.already - totals_.failed;
    observer.on_progress(totals_.leads - totals_.left);
    if (batch.empty() || !wait_(pause)) return {};
    pause = std::min(pause * 2, kPauseMax);
  }
}

Status QualifyRun::Run(const std::vector<std::string>& leads, const Observer& observer) {
  totals_.leads = leads.size();
  totals_.left = leads.size();
  constexpr std::chrono::milliseconds kNone(0);
  for (std::size_t begin = 0; begin < leads.size() && wait_(kNone); begin += kBatchSize) {
    std::vector<Item> batch;
    for (std::size_t i = begin; i < std::min(begin + kBatchSize, leads.size()); ++i)
      batch.push_back({.lead = leads[i]});
    QUARTET_RETURN_IF_ERROR(Finish(std::move(batch), observer));
  }
  return {};
}

}  // namespace quartet::cli
