#include "services/quartet/check/report.h"

#include <algorithm>
#include <ostream>
#include <set>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "services/quartet/import/csv.h"
#include "services/quartet/output/table.h"
#include "services/quartet/values/text.h"

namespace quartet::cli {
namespace {

std::string_view Severity(const Finding& finding) {
  return IsNotice(finding.kind) ? "NOTICE" : "WRONG";
}

std::string_view RepairText(const Finding& finding) {
  switch (finding.repair) {
    case Finding::Repair::kDone:
      return "REPAIRED";
    case Finding::Repair::kRefused:
      return "REFUSED";
    case Finding::Repair::kNotTried:
      break;
  }
  return "";
}

Tint TintOf(const Finding& finding) {
  if (finding.repair == Finding::Repair::kDone) return Tint::kGood;
  return IsNotice(finding.kind) ? Tint::kQuiet : Tint::kBad;
}

void WriteTable(const Console& console, const std::vector<Finding>& findings) {
  if (findings.empty()) return;
  std::vector<TableRow> rows;
  for (const Finding& finding : findings) {
    rows.push_back({{std::string(FindingName(finding.kind)), TintOf(finding)},
                    {std::string(ServiceName(finding.service))},
                    {Printable(finding.name)},
                    {std::string(RepairText(finding))},
                    {Printable(finding.what)}});
  }
  PrintTable(console, {{"FINDING"}, {"SERVICE"}, {"NAME"}, {"REPAIR", false, 0, 1}, {"WHAT", false, 20}}, rows);
  console.out << "\nWhat to do:\n";
  std::set<FindingKind> told;
  for (const Finding& finding : findings) {
    if (told.insert(finding.kind).second)
      console.out << fmt::format("  {}: {}.\n", FindingName(finding.kind), Remedy(finding.kind));
  }
}

}  // namespace

void WriteFindings(const Console& console, Format format, const std::vector<Finding>& findings) {
  if (format == Format::kTable) {
    WriteTable(console, findings);
    return;
  }
  if (format == Format::kCsv) {
    WriteCsvRow(console.out, std::vector<std::string>{"finding", "severity", "service", "name", "what", "remedy",
                                                      "repair", "refusal"});
    for (const Finding& finding : findings) {
      WriteCsvRow(console.out,
                  std::vector{std::string(FindingName(finding.kind)), std::string(Severity(finding)),
                              std::string(ServiceName(finding.service)), finding.name, finding.what,
                              std::string(Remedy(finding.kind)), std::string(RepairText(finding)), finding.refusal});
    }
    return;
  }
  auto array = nlohmann::json::array();
  for (const Finding& finding : findings) {
    array.push_back({{"finding", FindingName(finding.kind)},
                     {"severity", Severity(finding)},
                     {"service", ServiceName(finding.service)},
                     {"name", finding.name},
                     {"what", finding.what},
                     {"remedy", Remedy(finding.kind)},
                     {"repair", RepairText(finding)},
                     {"refusal", finding.refusal}});
  }
  console.out << array.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

std::string Summary(const Checker& checker, std::chrono::duration<double> time) {
  const auto& findings = checker.findings();
  const auto count = [&findings](auto is) { return std::ranges::count_if(findings, is); };
  const auto repaired = count([](const Finding& f) { return f.repair == Finding::Repair::kDone; });
  const auto notices = count([](const Finding& f) { return IsNotice(f.kind); });
  const auto wrong = std::ssize(findings) - notices - repaired + checker.left_out();
  const CheckTotals& totals = checker.totals();
  std::string text =
      fmt::format("{} qualifications, {} records and {} participations were checked in {:.1f} s ({:.0f}/s): ",
                  totals.qualifications, totals.records, totals.participations, time.count(),
                  static_cast<double>(totals.all()) / std::max(time.count(), 0.001));
  text += wrong == 0 ? "nothing is wrong" : fmt::format("{} wrong", wrong);
  if (repaired > 0) text += fmt::format(", {} repaired", repaired);
  if (notices > 0) text += fmt::format(", {} to know", notices);
  if (checker.left_out() > 0)
    text += fmt::format(" ({} of them are not listed; mend some, and check again)", checker.left_out());
  return text + ".";
}

}  // namespace quartet::cli
