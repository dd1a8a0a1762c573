#include <algorithm>

#include <fmt/format.h>

#include "tests/bench/report/table.h"

namespace quartet::bench {

void AddSizes(TableOut out, const Report& report) {
  const SizeResult* smallest = nullptr;  // of the store that the rows are of
  for (const SizeResult& size : report.sizes) {
    if (smallest == nullptr || smallest->store != size.store) {
      smallest = &size;
      fmt::format_to(out, "\n{:<18} {:>14} {:>9} {:>9} {:>9} {:>10} {:>9} {:>9}\n",
                     fmt::format("Sizes, {}", size.store), "", "CPU µs", "ratio", "kB to", "per", "p50", "p99");
      fmt::format_to(out, "{:<18} {:>14} {:>9} {:>9} {:>9} {:>10} {:>9} {:>9}    (aim: ≤ 1.2 of the smallest)\n",
                     "conversions", "call", "per call", "", "disk", "second", "ms", "ms");
    }
    const auto slowest =
        std::ranges::max_element(size.start_seconds, {}, [](const auto& entry) { return entry.second; });
    fmt::format_to(out, "  {} (filled in {:.0f} s; databases of {:.0f} MB; the slowest service ready in {:.2f} s)\n",
                   size.records, size.fill_seconds, size.data_bytes / 1e6,
                   slowest == size.start_seconds.end() ? 0 : slowest->second);
    for (const auto& [method, runs] : size.runs) {
      const SizeResult::Run& run = size.Median(method);
      fmt::format_to(out, "{:<18} {:>14} {:>9.0f} {:>9.2f} {:>9.1f} {:>10.0f} {:>9.2f} {:>9.2f}\n", "", method,
                     run.cpu_us, run.cpu_us / smallest->Median(method).cpu_us, run.written_bytes / 1e3,
                     run.load.PerSecond(), Millis(run.load.Percentile(0.50)), Millis(run.load.Percentile(0.99)));
    }
  }
}

}  // namespace quartet::bench
