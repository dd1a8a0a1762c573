#include <algorithm>

#include <fmt/format.h>

#include "tests/bench/report/table.h"

namespace quartet::bench {
namespace {

using How = MonolithPoint::How;

std::string Name(How how) {
  return how == How::kStatements ? "client statements" : "one function call";
}

double PerSecond(const MonolithResult* result) {
  return result == nullptr ? 0 : result->Median().load.PerSecond();
}

std::string Ratio(double ours, const MonolithResult* theirs) {
  return PerSecond(theirs) > 0 ? fmt::format("{:.2f}", ours / PerSecond(theirs)) : "";
}

}  // namespace

void AddMonolith(TableOut out, const Report& report) {
  if (report.monolith.empty()) return;
  fmt::format_to(out, "\n{:<30} {:>11} {:>8} {:>13} {:>8} {:>8} {:>8} {:>6} {:>6}\n", "Monolith, one PostgreSQL",
                 "connections", "per", "least-most", "p50", "p90", "p99", "cores", "by");
  fmt::format_to(out, "{:<30} {:>11} {:>8} {:>13} {:>8} {:>8} {:>8} {:>6} {:>6}\n", "", "", "second", "", "ms", "ms",
                 "ms", "busy", "others");
  for (const MonolithResult& result : report.monolith) {
    if (result.runs.empty()) continue;
    const MonolithRun& run = result.Median();
    const auto rates = [](const MonolithRun& r) { return r.load.PerSecond(); };
    const auto [least, most] = std::ranges::minmax(result.runs, {}, rates);
    fmt::format_to(out, "  {:<28} {:>11} {:>8.0f} {:>13} {:>8.2f} {:>8.2f} {:>8.2f} {:>6.2f} {:>6.2f}\n",
                   Name(result.point.how), result.point.connections, run.load.PerSecond(),
                   fmt::format("{:.0f}-{:.0f}", rates(least), rates(most)), Millis(run.load.Percentile(0.50)),
                   Millis(run.load.Percentile(0.90)), Millis(run.load.Percentile(0.99)), run.cost.busy_cores,
                   run.cost.other_cores);
  }
  for (const How how : {How::kStatements, How::kFunction}) {
    if (const MonolithResult* fastest = report.FastestMonolith(how)) {
      AddCost(out, fmt::format("monolith, {}, {} connections", Name(how), fastest->point.connections),
              fastest->Median().cost);
    }
  }
}

void AddHeadline(TableOut out, const Report& report) {
  const bool converted = std::ranges::any_of(report.suites, [](const SuiteReport& suite) { return suite.Peak() > 0; });
  if (!converted && report.monolith.empty()) return;
  fmt::format_to(out, "\n{:<30} {:>12} {:>22} {:>22}\n", "Conversions per second", "peak", "to client statements",
                 "to one function call");
  for (const SuiteReport& suite : report.suites) {
    if (suite.Peak() <= 0) continue;
    fmt::format_to(out, "  {:<28} {:>12.0f} {:>22} {:>22}\n", suite.store, suite.Peak(),
                   Ratio(suite.Peak(), report.FastestMonolith(How::kStatements)),
                   Ratio(suite.Peak(), report.FastestMonolith(How::kFunction)));
  }
  for (const How how : {How::kStatements, How::kFunction}) {
    if (const MonolithResult* fastest = report.FastestMonolith(how))
      fmt::format_to(out, "  {:<28} {:>12.0f}\n", "monolith, " + Name(how), PerSecond(fastest));
  }
  fmt::format_to(out, "  aim: ≥ 2,500 embedded; on PostgreSQL ≥ 1.0 of the client statements\n");
}

}  // namespace quartet::bench
