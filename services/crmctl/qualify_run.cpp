#include "services/crmctl/qualify_run.h"

#include <algorithm>
#include <iterator>

#include <fmt/core.h>

#include "common/base/id_source.h"
#include "common/rpc/error_mapping.h"
#include "services/crmctl/error_report.h"
#include "services/crmctl/interrupt.h"
#include "services/crmctl/rpc.h"

namespace quartet::cli {
namespace {

using qualification::v1::BatchQualifyLeadsRequest;
using qualification::v1::Qualification;
using qualification::v1::RecordOutcome;

constexpr std::size_t kBatchSize = 100;
constexpr int kAttemptsMax = 5;
constexpr std::chrono::milliseconds kPauseMin(100);
constexpr std::chrono::milliseconds kPauseMax(2000);

// Whether nobody knows what became of the request, so that only the same one may be sent again.
bool OutcomeIsUnknown(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kDeadlineExceeded ||
         error.code == Code::kResourceExhausted;
}

}  // namespace

QualifyRun::QualifyRun(Call call, Interrupt& interrupt, std::string run_id, qualification::v1::QualifyOptions options)
    : call_(std::move(call)), interrupt_(interrupt), run_id_(std::move(run_id)), options_(std::move(options)) {}

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
      again.push_back(std::move(item));
    } else {
      ++totals_.failed;
      observer.on_failed(item.lead, error);
    }
  }
  return again;
}

Status QualifyRun::Run(const std::vector<std::string>& leads, const Observer& observer) {
  totals_.leads = leads.size();
  totals_.left = leads.size();
  for (std::size_t begin = 0; begin < leads.size() && !interrupt_.StopRequested(); begin += kBatchSize) {
    const std::size_t end = std::min(begin + kBatchSize, leads.size());
    std::vector<Item> batch;
    std::transform(leads.begin() + static_cast<std::ptrdiff_t>(begin), leads.begin() + static_cast<std::ptrdiff_t>(end),
                   std::back_inserter(batch), [](const std::string& lead) { return Item{lead}; });
    auto pause = kPauseMin;
    for (int attempt = 1; !batch.empty(); ++attempt) {
      auto again = RunBatch(batch, observer);
      if (again.ok()) {
        batch = std::move(again).value();
      } else if (!OutcomeIsUnknown(again.error()) || attempt == kAttemptsMax) {
        return std::move(again).error();
      }
      totals_.left = totals_.leads - totals_.qualified - totals_.already - totals_.failed;
      observer.on_progress(totals_.leads - totals_.left);
      if (batch.empty()) break;
      if (attempt == kAttemptsMax) {
        for (const auto& item : batch) {
          ++totals_.failed;
          observer.on_failed(item.lead, Unavailable("TRY_LATER", "still held or out of reach after several attempts"));
        }
        totals_.left -= batch.size();
        break;
      }
      if (!interrupt_.WaitFor(pause)) return {};
      pause = std::min(pause * 2, kPauseMax);
    }
  }
  return {};
}

}  // namespace quartet::cli
