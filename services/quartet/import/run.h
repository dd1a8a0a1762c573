#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "services/quartet/import/csv.h"
#include "services/quartet/import/lead_row.h"

#include "quartet/lead/v1/service.pb.h"

namespace quartet::cli {

class Interrupt;

// A row that did not become a lead, with everything that is wrong with it.
struct RejectedRow {
  const CsvRow* row = nullptr;
  std::vector<std::string> reasons;
};

// Imports the rows of a file, a batch at a time. A row that cannot be read is not sent; it is checked here by the lead
// service's own rules, so that all its reasons come at once.
class ImportRun {
 public:
  // Imports one batch: ImportLeads with one result per lead.
  using Call = std::function<Result<lead::v1::ImportLeadsResponse>(const lead::v1::ImportOptions&,
                                                                   std::span<const lead::v1::Lead>)>;
  // The rules of a lead: what is wrong with it (lead::CheckLead).
  using Check = std::function<std::vector<FieldViolation>(lead::v1::Lead&)>;

  struct Totals {
    std::size_t rows = 0;
    std::size_t created = 0;
    std::size_t updated = 0;
    std::size_t skipped = 0;  // duplicates that were left as they are
    std::size_t rejected = 0;
    std::size_t left_out = 0;  // rows of which something was not added, for it leads to another lead
    std::size_t left = 0;      // not imported, when the run ended early
    std::size_t first_line_left = 0;
    std::size_t amounts_without_currency = 0;
    std::size_t unknown_countries = 0;
  };

  struct Observer {
    std::function<void(const RejectedRow&)> on_rejected;  // in the order of the file
    std::function<void(std::size_t done)> on_progress;
    // E-mail addresses and phone numbers of a row that were not added to its lead, for they lead to another. Optional.
    std::function<void(const CsvRow&, const std::vector<std::string>&)> on_left_out;
  };

  ImportRun(Call call, Check check, Interrupt& interrupt, std::vector<LeadColumn> columns, LeadDefaults defaults,
            lead::v1::ImportOptions options);

  // Returns when every row has an outcome, or early after Ctrl-C. Errors: that of the batch that failed as a whole; the
  // totals say which rows were not imported.
  Status Run(std::span<const CsvRow> rows, const Observer& observer);

  const Totals& totals() const { return totals_; }

 private:
  Result<std::size_t> RunBatch(std::span<const CsvRow> rows, const Observer& observer);
  RejectedRow RejectLocally(const CsvRow& row, LeadRow read) const;
  Status Count(const lead::v1::ImportLeadsResponse& response, std::span<const std::pair<const CsvRow*, LeadRow>> sent,
               std::vector<RejectedRow>& rejected, const Observer& observer);

  Call call_;
  Check check_;
  Interrupt& interrupt_;
  std::vector<LeadColumn> columns_;
  LeadDefaults defaults_;
  lead::v1::ImportOptions options_;
  Totals totals_;
};

}  // namespace quartet::cli
