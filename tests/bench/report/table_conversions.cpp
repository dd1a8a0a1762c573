#include <algorithm>

#include <fmt/format.h>

#include "tests/bench/report/table.h"

namespace quartet::bench {
namespace {

std::string PointName(const ConversionPoint& point) {
  const std::string companies = point.companies == Companies::kShared ? "" : ", all companies new";
  if (point.batch > 0) return fmt::format("batches of {}{}", point.batch, companies);
  if (point.rate > 0) return fmt::format("{:.0f} per second offered{}", point.rate, companies);
  return fmt::format("QualifyLead{}", companies);
}

void AddConversion(TableOut out, const ConversionResult& result) {
  if (result.runs.empty()) return;
  const ConversionRun& run = result.Median();
  const auto rates = [](const ConversionRun& r) { return r.load.PerSecond(); };
  const auto [least, most] = std::ranges::minmax(result.runs, {}, rates);
  fmt::format_to(out, "  {:<32} {:>6} {:>8.0f} {:>13} {:>8.2f} {:>8.2f} {:>8.2f} {:>8.0f} {:>6.2f} {:>6.2f}\n",
                 PointName(result.point), result.point.rate > 0 ? "" : std::to_string(result.point.in_flight),
                 run.load.PerSecond(), fmt::format("{:.0f}-{:.0f}", rates(least), rates(most)),
                 Millis(run.load.Percentile(0.50)), Millis(run.load.Percentile(0.90)),
                 Millis(run.load.Percentile(0.99)), run.settle_seconds * 1e3, run.cost.busy_cores,
                 run.cost.other_cores);
}

// `title` and the columns, in two lines.
void AddConversionHead(TableOut out, const std::string& title) {
  fmt::format_to(out, "\n{:<34} {:>6} {:>8} {:>13} {:>8} {:>8} {:>8} {:>8} {:>6} {:>6}\n", title, "calls", "per",
                 "least-most", "p50", "p90", "p99", "settled", "cores", "by");
  fmt::format_to(out, "{:<34} {:>6} {:>8} {:>13} {:>8} {:>8} {:>8} {:>8} {:>6} {:>6}\n", "", "open", "second", "", "ms",
                 "ms", "ms", "after ms", "busy", "others");
}

}  // namespace

void AddConversions(TableOut out, const SuiteReport& suite) {
  if (suite.conversions.empty()) return;
  AddConversionHead(out, fmt::format("Conversions, {}", suite.store));
  for (const ConversionResult& result : suite.conversions) AddConversion(out, result);
  fmt::format_to(out, "  ImportLeads on the way: {:.0f} leads per second\n", suite.imported_per_second);
}

void AddOffered(TableOut out, const SuiteReport& suite) {
  if (suite.offered.steps.empty()) return;
  AddConversionHead(out, fmt::format("Offered load, {}", suite.store));
  for (const ConversionResult& step : suite.offered.steps) {
    AddConversion(out, step);
    const LoadResult& load = step.Median().load;
    if (!KeptUp(step)) fmt::format_to(out, "    did not keep up; {} of {} calls refused\n", load.refused, load.calls);
  }
  if (suite.offered.half.runs.empty()) return;
  fmt::format_to(out, "  at half of the peak (aim: p50 ≤ 5 ms, p99 ≤ 20 ms):\n");
  AddConversion(out, suite.offered.half);
}

}  // namespace quartet::bench
