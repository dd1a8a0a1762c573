#include <fmt/format.h>

#include "tests/bench/table.h"

namespace quartet::bench {

void AddSizes(TableOut out, const Report& report) {
  if (report.sizes.empty()) return;
  const SizeResult& smallest = report.sizes.front();
  fmt::format_to(out, "\n{:<14} {:>14} {:>9} {:>9} {:>10} {:>9} {:>9} {:>9}\n", "Sizes", "", "CPU µs", "ratio", "per",
                 "p50", "p99", "");
  fmt::format_to(out, "{:<14} {:>14} {:>9} {:>9} {:>10} {:>9} {:>9}    (aim: ≤ 1.2 of the smallest)\n", "conversions",
                 "call", "per call", "", "second", "ms", "ms");
  for (const SizeResult& size : report.sizes) {
    fmt::format_to(out, "  {} (filled in {:.0f} s; databases of {:.0f} MB)\n", size.records, size.fill_seconds,
                   size.data_bytes / 1e6);
    for (const auto& [method, runs] : size.runs) {
      const SizeResult::Run& run = size.Median(method);
      fmt::format_to(out, "{:<14} {:>14} {:>9.0f} {:>9.2f} {:>10.0f} {:>9.2f} {:>9.2f}\n", "", method, run.cpu_us,
                     run.cpu_us / smallest.Median(method).cpu_us, run.load.PerSecond(),
                     Millis(run.load.Percentile(0.50)), Millis(run.load.Percentile(0.99)));
    }
  }
}

}  // namespace quartet::bench
