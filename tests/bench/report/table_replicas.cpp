#include <string_view>

#include <fmt/format.h>

#include "tests/bench/report/table.h"

namespace quartet::bench {
namespace {

// All counts of a kind: "statements: lead" and so on; or the one of that name.
double Total(const Counts& counts, std::string_view kind) {
  double sum = 0;
  for (const auto& [name, count] : counts) {
    if (name == kind || (name.starts_with(kind) && std::string_view(name).substr(kind.size()).starts_with(": ")))
      sum += count;
  }
  return sum;
}

double CpuOf(const Cost& cost, std::string_view process) {
  const auto found = cost.cpu_us.find(std::string(process));
  return found == cost.cpu_us.end() ? 0 : found->second;
}

}  // namespace

void AddReplicas(TableOut out, const Report& report) {
  if (report.replicas.empty()) return;
  fmt::format_to(out, "\nReplicas, PostgreSQL: what one conversion costs\n");
  constexpr auto* kColumns =
      "  {:>8} {:>10} {:>8} {:>9} {:>5} {:>7} {:>8} | {:>7} {:>6} {:>8} {:>6} {:>8} | {:>6} {:>6} {:>7} {:>6} {:>6} | "
      "{:>8} "
      "{:>8} | {:>7} {:>6}\n";
  fmt::format_to(out, kColumns, "replicas", "partitions", "records", "companies", "calls", "per", "p50", "CPU µs", "of",
                 "services", "Redis", "postgres", "state-", "round", "commits", "reads", "syncs", "Redis", "Redis",
                 "log kB", "kB to");
  fmt::format_to(out, kColumns, "", "", "", "", "open", "second", "ms", "", "first", "", "", "", "ments", "trips", "",
                 "", "", "commands", "kB in", "", "disk");
  std::map<Companies, double> first;
  for (const ReplicasResult& result : report.replicas) {
    if (result.runs.empty()) continue;
    const ConversionRun& run = result.Median();
    const Counts& counts = run.cost.counts;
    const double cpu_us = ReplicasResult::CpuMicros(run);
    const double first_us = first.emplace(result.point.companies, cpu_us).first->second;
    const double redis_us = CpuOf(run.cost, "redis-server");
    const double postgres_us = CpuOf(run.cost, "postgres");
    const auto number = [](double value, int digits) { return fmt::format("{:.{}f}", value, digits); };
    fmt::format_to(out, kColumns, result.point.replicas, result.point.partitions, result.point.records,
                   result.point.companies == Companies::kShared ? "shared" : "all new", result.point.open,
                   number(run.load.PerSecond(), 0), number(Millis(run.load.Percentile(0.50)), 1), number(cpu_us, 0),
                   number(first_us > 0 ? cpu_us / first_us : 0, 2), number(cpu_us - redis_us - postgres_us, 0),
                   number(redis_us, 0), number(postgres_us, 0), number(Total(counts, "statements"), 1),
                   number(Total(counts, "round trips"), 2), number(Total(counts, "commits"), 3),
                   number(Total(counts, "reads"), 2), number(Total(counts, "syncs"), 2),
                   number(Total(counts, "redis commands"), 1), number(Total(counts, "redis bytes in") / 1e3, 1),
                   number(Total(counts, "PostgreSQL log bytes") / 1e3, 1), number(run.cost.written_bytes / 1e3, 1));
  }
  fmt::format_to(out, "  the load per replica is the same wherever there are several\n");
}

}  // namespace quartet::bench
