#include "services/quartet/import/run.h"

#include <algorithm>

#include <fmt/core.h>

#include "common/base/limits.h"
#include "common/rpc/error_mapping.h"
#include "services/quartet/output/error_report.h"
#include "services/quartet/shell/interrupt.h"

namespace quartet::cli {
namespace {

using lead::v1::ImportLeadsResponse;
using lead::v1::ImportLeadsResult;
using lead::v1::Lead;

constexpr std::size_t kBatchRows = 500;
// Where nothing is written, duplicates are found within a batch only; so it is as large as the service takes.
constexpr std::size_t kDryRunBatchRows = limits::kImportRowsMax;
// Less than the service takes, for what it counts is a little more than the leads.
constexpr std::size_t kBatchBytes = limits::kImportBytesMax / 4;
constexpr std::size_t kDryRunBatchBytes = limits::kImportBytesMax - limits::kMiB;

void Tally(const LeadRow& row, ImportRun::Totals& totals) {
  totals.amounts_without_currency += row.has_amount_without_currency ? 1 : 0;
  totals.unknown_countries += row.has_unknown_country ? 1 : 0;
}

}  // namespace

ImportRun::ImportRun(Call call, Check check, Interrupt& interrupt, std::vector<LeadColumn> columns,
                     LeadDefaults defaults, lead::v1::ImportOptions options)
    : call_(std::move(call)),
      check_(std::move(check)),
      interrupt_(interrupt),
      columns_(std::move(columns)),
      defaults_(std::move(defaults)),
      options_(std::move(options)) {}

Status ImportRun::Run(std::span<const CsvRow> rows, const Observer& observer) {
  totals_.rows = rows.size();
  Status status;
  while (!rows.empty() && status.ok() && !interrupt_.StopRequested()) {
    const auto done = RunBatch(rows, observer);
    if (!done.ok()) {
      status = done.error();
      break;
    }
    rows = rows.subspan(*done);
    observer.on_progress(totals_.rows - rows.size());
  }
  totals_.left = rows.size();
  totals_.first_line_left = rows.empty() ? 0 : rows.front().line;
  return status;
}

// As many of the rows as one batch takes; how many.
Result<std::size_t> ImportRun::RunBatch(std::span<const CsvRow> rows, const Observer& observer) {
  const std::size_t rows_max = options_.validate_only() ? kDryRunBatchRows : kBatchRows;
  const std::size_t bytes_max = options_.validate_only() ? kDryRunBatchBytes : kBatchBytes;
  std::vector<std::pair<const CsvRow*, LeadRow>> sent;
  std::vector<Lead> leads;
  std::vector<RejectedRow> rejected;
  std::size_t taken = 0;
  std::size_t bytes = 0;
  for (; taken < std::min(rows_max, rows.size()); ++taken) {
    const CsvRow& row = rows[taken];
    LeadRow read = ReadLeadRow(columns_, row.cells, defaults_);
    const std::size_t row_bytes = read.lead.ByteSizeLong();
    // What no service would take is not sent either.
    if (!read.violations.empty() || row_bytes > limits::kRecordBytesMax) {
      Tally(read, totals_);
      rejected.push_back(RejectLocally(row, std::move(read)));
      continue;
    }
    if (bytes + row_bytes > bytes_max && !leads.empty()) break;
    bytes += row_bytes;
    Tally(read, totals_);
    leads.push_back(std::move(read.lead));
    sent.emplace_back(&row, std::move(read));
  }
  if (!leads.empty()) {
    QUARTET_ASSIGN_OR_RETURN(const auto response, call_(options_, leads));
    QUARTET_RETURN_IF_ERROR(Count(response, sent, rejected, observer));
  }
  std::sort(rejected.begin(), rejected.end(),
            [](const RejectedRow& a, const RejectedRow& b) { return a.row->line < b.row->line; });
  for (const auto& row : rejected) observer.on_rejected(row);
  totals_.rejected += rejected.size();
  return taken;
}

// Everything that is wrong with a row that is not sent: what cannot be read, and what the rules say of the rest.
RejectedRow ImportRun::RejectLocally(const CsvRow& row, LeadRow read) const {
  RejectedRow rejected{.row = &row};
  for (const auto& violation : read.violations) rejected.reasons.push_back(ViolationText(violation));
  for (const auto& violation : check_(read.lead)) {
    rejected.reasons.push_back(ViolationText(ByColumn(violation, read.columns)));
  }
  return rejected;
}

Status ImportRun::Count(const ImportLeadsResponse& response, std::span<const std::pair<const CsvRow*, LeadRow>> sent,
                        std::vector<RejectedRow>& rejected, const Observer& observer) {
  if (static_cast<std::size_t>(response.results_size()) != sent.size()) {
    return Internal(fmt::format("{} rows were sent, but {} results came", sent.size(), response.results_size()));
  }
  for (std::size_t i = 0; i < sent.size(); ++i) {
    const auto& result = response.results(static_cast<int>(i));
    if (!result.left_out().empty()) {
      ++totals_.left_out;
      if (observer.on_left_out)
        observer.on_left_out(*sent[i].first, {result.left_out().begin(), result.left_out().end()});
    }
    switch (result.outcome()) {
      case ImportLeadsResult::OUTCOME_CREATED:
        ++totals_.created;
        break;
      case ImportLeadsResult::OUTCOME_UPDATED:
        ++totals_.updated;
        break;
      case ImportLeadsResult::OUTCOME_SKIPPED:
        ++totals_.skipped;
        break;
      default: {
        const auto& [row, read] = sent[i];
        const Error error = rpc::FromRpcStatus(result.status());
        RejectedRow reject{.row = row};
        for (const auto& violation : error.violations) {
          reject.reasons.push_back(ViolationText(ByColumn(violation, read.columns)));
        }
        if (reject.reasons.empty()) reject.reasons.push_back(ErrorLine(error));
        rejected.push_back(std::move(reject));
      }
    }
  }
  return {};
}

}  // namespace quartet::cli
