#include <fmt/format.h>
#include <fmt/ranges.h>

#include "tests/bench/report/table.h"

namespace quartet::bench {
namespace {

// What a part must come to per conversion to be named.
constexpr double kNamedMin = 0.005;

// "redis commands: xadd" and its like in one line for each kind; what stands alone in a line of its own.
void AddCounts(TableOut out, const Cost& cost) {
  std::map<std::string, std::vector<std::string>> parts;
  std::map<std::string, double> sums;
  for (const auto& [name, count] : cost.counts) {
    const auto colon = name.find(": ");
    sums[name.substr(0, colon)] += count;
    if (colon != std::string::npos && count >= kNamedMin)
      parts[name.substr(0, colon)].push_back(fmt::format("{} {:.2f}", name.substr(colon + 2), count));
  }
  for (const auto& [name, sum] : sums) {
    const std::string named = parts[name].empty() ? "" : fmt::format(" ({})", fmt::join(parts[name], ", "));
    fmt::format_to(out, "  {}: {:.2f}{}\n", name, sum, named);
  }
}

}  // namespace

void AddCost(TableOut out, const std::string& title, const Cost& cost) {
  const double cpu_us = Sum(cost.cpu_us);
  fmt::format_to(out, "\nOne conversion costs ({})\n", title);
  fmt::format_to(out, "  {:<26} {:>8} {:>8} {:>13}\n", "", "CPU µs", "share", "write calls");
  for (const auto& [name, process_us] : cost.cpu_us) {
    fmt::format_to(out, "  {:<26} {:>8.0f} {:>7.0f}% {:>13.1f}\n", name, process_us,
                   cpu_us > 0 ? 100 * process_us / cpu_us : 0, cost.write_calls.at(name));
  }
  fmt::format_to(out, "  {:<26} {:>8.0f}\n", "together", cpu_us);
  AddCounts(out, cost);
  fmt::format_to(out, "  disk: {:.2f} flushes, {:.1f} kB written\n", cost.disk_flushes, cost.written_bytes / 1e3);
}

void AddInstructions(TableOut out, const Report& report) {
  if (report.instructions.empty()) return;
  fmt::format_to(out, "\nInstructions per conversion, thousands, by callgrind\n");
  for (const Instructions& counted : report.instructions) {
    fmt::format_to(out, "  {} calls open: {:.0f} (", counted.open, Sum(counted.per_conversion) / 1e3);
    std::string separator;
    for (const auto& [service, instructions] : counted.per_conversion) {
      fmt::format_to(out, "{}{} {:.0f}", separator, service, instructions / 1e3);
      separator = ", ";
    }
    fmt::format_to(out, ")\n");
  }
}

}  // namespace quartet::bench
