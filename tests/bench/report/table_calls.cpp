#include <fmt/format.h>

#include "tests/bench/report/table.h"

namespace quartet::bench {
namespace {

std::string Aim(const std::string& method) {
  return method == "GetLead" ? "≥ 0.70" : method == "CreateLead" ? "≥ 0.35" : "";
}

}  // namespace

void AddCalls(TableOut out, const SuiteReport& suite) {
  if (suite.calls.empty()) return;
  fmt::format_to(out, "\n{:<24} {:>6} {:>16} {:>8} {:>8} {:>7} {:>7} {:>18} {:>18}\n",
                 fmt::format("Calls, {}", suite.store), "calls", "request+response", "per", "bare", "ratio", "aim",
                 "p50 / p99", "bare p50 / p99");
  fmt::format_to(out, "{:<24} {:>6} {:>16} {:>8} {:>8} {:>7} {:>7} {:>18} {:>18}\n", "", "open", "bytes", "second",
                 "gRPC", "", "", "ms", "ms");
  for (const CallResult& result : suite.calls) {
    if (result.runs.empty()) continue;
    const CallRun& run = result.Median();
    const auto times = [](const LoadResult& load) {
      return fmt::format("{:.2f} / {:.2f}", Millis(load.Percentile(0.50)), Millis(load.Percentile(0.99)));
    };
    fmt::format_to(out, "  {:<22} {:>6} {:>16} {:>8.0f} {:>8.0f} {:>7.2f} {:>7} {:>18} {:>18}\n", result.point.method,
                   result.point.in_flight, fmt::format("{}+{}", result.request_bytes, run.service.response_bytes),
                   run.service.PerSecond(), run.echo.PerSecond(), run.Ratio(), Aim(result.point.method),
                   times(run.service), times(run.echo));
  }
}

void AddImport(TableOut out, const SuiteReport& suite) {
  if (suite.imports.runs.empty()) return;
  const ImportResult::Run& run = suite.imports.Median();
  fmt::format_to(out, "\nImport, {}: {:.0f} leads per second; {}: {:.0f}; ratio {:.2f}\n", suite.store, run.service,
                 suite.imports.limit_name, run.limit, run.Ratio());
}

}  // namespace quartet::bench
