#include "services/quartet/import/report.h"

#include <cerrno>
#include <system_error>

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "services/quartet/import/csv.h"
#include "services/quartet/output/error_report.h"

namespace quartet::cli {

RejectsFile::RejectsFile(std::string path, std::vector<std::string> header, char delimiter)
    : path_(std::move(path)), header_(std::move(header)), delimiter_(delimiter) {}

Error RejectsFile::Unwritable() const {
  return UsageError(fmt::format("cannot write the rejected rows to {}: {}; --rejects FILE names another place", path_,
                                std::generic_category().message(errno)));
}

Status RejectsFile::Add(const RejectedRow& rejected) {
  if (rows_++ == 0) {
    file_.open(path_, std::ios::binary | std::ios::trunc);
    auto header = header_;
    header.insert(header.end(), {"quartet_line", "quartet_reasons"});
    WriteCsvRow(file_, header, delimiter_);
  }
  auto cells = rejected.row->cells;
  if (cells.size() < header_.size()) cells.resize(header_.size());
  cells.push_back(std::to_string(rejected.row->line));
  cells.push_back(fmt::format("{}", fmt::join(rejected.reasons, "; ")));
  WriteCsvRow(file_, cells, delimiter_);
  if (!file_) return Unwritable();
  return {};
}

Status RejectsFile::Close() {
  if (rows_ == 0) return {};
  file_.close();
  if (!file_) return Unwritable();
  return {};
}

std::string RejectedLine(const RejectedRow& rejected) {
  return fmt::format("line {}: {}", rejected.row->line, fmt::join(rejected.reasons, "; "));
}

std::string LeftOutLine(const CsvRow& row, const std::vector<std::string>& values) {
  return fmt::format("line {}: not added, for another lead is found by it: {}", row.line, fmt::join(values, ", "));
}

std::string TotalsText(const ImportRun::Totals& totals, bool dry_run) {
  const std::string_view would = dry_run ? "would be " : "";
  std::string text =
      fmt::format("{} row{}: {} {}created", totals.rows, totals.rows == 1 ? "" : "s", totals.created, would);
  if (totals.updated > 0) text += fmt::format(", {} {}updated", totals.updated, would);
  text += fmt::format(", {} duplicate{} skipped, {} rejected", totals.skipped, totals.skipped == 1 ? "" : "s",
                      totals.rejected);
  if (totals.left > 0) text += fmt::format(", {} not imported (from line {} on)", totals.left, totals.first_line_left);
  return text + ".";
}

std::string TotalsJson(const ImportRun::Totals& totals,
                       std::span<const std::pair<std::size_t, std::vector<std::string>>> rejected) {
  auto rows = nlohmann::json::array();
  for (const auto& [line, reasons] : rejected) rows.push_back({{"line", line}, {"reasons", reasons}});
  const nlohmann::json document = nlohmann::json::array({{{"rows", totals.rows},
                                                          {"created", totals.created},
                                                          {"updated", totals.updated},
                                                          {"duplicatesSkipped", totals.skipped},
                                                          {"rejected", totals.rejected},
                                                          {"leftOut", totals.left_out},
                                                          {"notImported", totals.left},
                                                          {"rejectedRows", rows}}});
  return document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace quartet::cli
