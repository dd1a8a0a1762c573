#include <fmt/format.h>

#include "tests/bench/report/table.h"

namespace quartet::bench {
namespace {

constexpr double kBacklogMegabyte = 1e6;

std::string Number(double value, int digits) {
  return fmt::format("{:.{}f}", value, digits);
}

std::string Latency(Duration half, Duration most) {
  return fmt::format("{:.1f} / {:.1f}", Millis(half), Millis(most));
}

void AddOverload(TableOut out, const BacklogResult& result) {
  fmt::format_to(out, "\nOverload, {}: the peak in a closed loop is {:.0f} conversions per second\n", result.store,
                 result.peak);
  constexpr auto* kColumns = "  {:<22} {:>8} {:>8} {:>8} {:>16} {:>8} {:>16} {:>7} {:>8} {:>8}\n";
  fmt::format_to(out, kColumns, "offered", "per", "done per", "of the", "p50 / p99", "refused", "p50 / p99", "failed",
                 "settled", "MB after");
  fmt::format_to(out, kColumns, "", "second", "second", "peak", "ms", "", "ms", "", "after s", "");
  for (const OverloadStep& step : result.overload) {
    const LoadResult& load = step.load;
    fmt::format_to(out, kColumns, step.what, Number(step.rate, 0), Number(load.PerSecond(), 0),
                   Number(result.peak > 0 ? load.PerSecond() / result.peak : 0, 2),
                   Latency(load.Percentile(0.5), load.Percentile(0.99)), load.refused,
                   Latency(load.RefusalPercentile(0.5), load.RefusalPercentile(0.99)), load.failures,
                   Number(step.settle_seconds, 1),
                   Number(static_cast<double>(step.orchestrator_bytes) / kBacklogMegabyte, 0));
  }
}

void AddAway(TableOut out, const BacklogResult& result) {
  const AwayResult& away = result.away;
  if (away.moments.empty()) return;
  fmt::format_to(out,
                 "\nBacklog, {}: the contact service is away for {:.0f} s, {:.0f} conversions per second offered\n",
                 result.store, away.pause_seconds, away.rate);
  constexpr auto* kColumns = "  {:<12} {:>8} {:>16} {:>16} {:>13} {:>9}\n";
  fmt::format_to(out, kColumns, "", "not over", "GetLead", "ListLeads", "orchestrator", "Redis MB");
  fmt::format_to(out, kColumns, "", "", "p50 / p99 ms", "p50 / p99 ms", "MB", "");
  for (const BacklogMoment& moment : away.moments) {
    fmt::format_to(out, kColumns, moment.when, moment.pending,
                   Latency(moment.get.Percentile(0.5), moment.get.Percentile(0.99)),
                   Latency(moment.list.Percentile(0.5), moment.list.Percentile(0.99)),
                   Number(static_cast<double>(moment.orchestrator_bytes) / kBacklogMegabyte, 0),
                   Number(static_cast<double>(moment.redis_bytes) / kBacklogMegabyte, 1));
  }
  fmt::format_to(out,
                 "  {} done, {} refused (p99 {:.1f} ms), {} failed; all worked off {:.1f} s after it is back; the "
                 "orchestrator's peak {:.0f} MB\n",
                 away.load.counted, away.load.refused, Millis(away.load.RefusalPercentile(0.99)), away.load.failures,
                 away.worked_off_seconds, static_cast<double>(away.orchestrator_peak_bytes) / kBacklogMegabyte);
  if (away.load.failures > 0) fmt::format_to(out, "  the first failure: {}\n", away.load.first_failure);
}

}  // namespace

void AddBacklog(TableOut out, const Report& report) {
  for (const BacklogResult& result : report.backlog) {
    AddOverload(out, result);
    AddAway(out, result);
  }
}

}  // namespace quartet::bench
