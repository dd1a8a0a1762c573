#include <fmt/format.h>

#include "tests/bench/table.h"

namespace quartet::bench {

void AddCalls(TableOut out, const SuiteReport& suite) {
  if (suite.calls.empty()) return;
  fmt::format_to(out, "\n{:<18} {:>6} {:>16} {:>8} {:>8} {:>7} {:>7} {:>18} {:>18}\n",
                 fmt::format("Calls, {}", suite.store), "calls", "request+response", "per", "bare", "ratio", "aim",
                 "p50 / p99", "bare p50 / p99");
  fmt::format_to(out, "{:<18} {:>6} {:>16} {:>8} {:>8} {:>7} {:>7} {:>18} {:>18}\n", "", "open", "bytes", "second",
                 "gRPC", "", "", "ms", "ms");
  for (const CallResult& result : suite.calls) {
    if (result.runs.empty()) continue;
    const CallRun& run = result.Median();
    const auto times = [](const LoadResult& load) {
      return fmt::format("{:.2f} / {:.2f}", Millis(load.Percentile(0.50)), Millis(load.Percentile(0.99)));
    };
    fmt::format_to(out, "  {:<16} {:>6} {:>16} {:>8.0f} {:>8.0f} {:>7.2f} {:>7} {:>18} {:>18}\n", result.point.method,
                   result.point.in_flight, fmt::format("{}+{}", result.request_bytes, run.service.response_bytes),
                   run.service.PerSecond(), run.echo.PerSecond(), run.Ratio(),
                   result.point.method == "GetLead" ? "≥ 0.70" : "≥ 0.35", times(run.service), times(run.echo));
  }
}

}  // namespace quartet::bench
