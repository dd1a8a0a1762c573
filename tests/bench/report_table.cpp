#include <algorithm>
#include <iterator>
#include <numeric>

#include <fmt/format.h>

#include "tests/bench/report.h"

namespace quartet::bench {
namespace {

using Out = std::back_insert_iterator<std::string>;

constexpr double kMegabyte = 1e6;
constexpr double kGigabyte = 1e9;
// What a command must come to per conversion to be named.
constexpr double kNamedCommandsMin = 0.1;

double Millis(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

double Sum(const std::map<std::string, double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0,
                         [](double sum, const auto& entry) { return sum + entry.second; });
}

void AddHead(Out out, const Report& report) {
  const Machine& machine = report.machine;
  fmt::format_to(out, "{}  {} cores ({}), {:.0f} GB, Linux {}\n", machine.time, machine.cores, machine.processor,
                 static_cast<double>(machine.memory_bytes) / kGigabyte, machine.kernel);
  fmt::format_to(out, "data on {} ({}); 4 KiB and fdatasync: p50 {:.0f} µs, p99 {:.0f} µs\n", report.disk.file_system,
                 report.disk.device.empty() ? "no disk" : report.disk.device, report.disk.sync_p50_us,
                 report.disk.sync_p99_us);
  fmt::format_to(out, "{} of {:.1f} s at each point, the median shown\n",
                 report.rounds == 1 ? "1 run" : fmt::format("{} runs", report.rounds), report.seconds);
}

void AddMemory(Out out, const Report& report) {
  fmt::format_to(out, "\nMemory, MB resident              idle    after load    (aim: a service idles in ≤ 40)\n");
  for (const auto& [name, idle] : report.idle) {
    fmt::format_to(out, "  {:<26} {:>8.1f} {:>13.1f}\n", name, static_cast<double>(idle.resident_bytes) / kMegabyte,
                   static_cast<double>(report.loaded.at(name).resident_bytes) / kMegabyte);
  }
}

std::string PointName(const ConversionPoint& point) {
  const std::string companies = point.companies == Companies::kShared ? "" : ", all companies new";
  if (point.batch > 0) return fmt::format("batches of {}{}", point.batch, companies);
  if (point.rate > 0) return fmt::format("{:.0f} per second, open loop{}", point.rate, companies);
  return fmt::format("QualifyLead{}", companies);
}

void AddConversion(Out out, const ConversionResult& result) {
  if (result.runs.empty()) return;
  const ConversionRun& run = result.Median();
  const auto rates = [](const ConversionRun& r) { return r.load.PerSecond(); };
  const auto [least, most] = std::ranges::minmax(result.runs, {}, rates);
  fmt::format_to(out, "  {:<32} {:>6} {:>8.0f} {:>13} {:>8.2f} {:>8.2f} {:>8.2f} {:>8.0f} {:>6.2f} {:>6.2f}\n",
                 PointName(result.point), result.point.rate > 0 ? "" : std::to_string(result.point.in_flight),
                 run.load.PerSecond(), fmt::format("{:.0f}-{:.0f}", rates(least), rates(most)),
                 Millis(run.load.Percentile(0.50)), Millis(run.load.Percentile(0.95)),
                 Millis(run.load.Percentile(0.99)), run.settle_seconds * 1e3, run.busy_cores, run.other_cores);
}

void AddConversions(Out out, const Report& report) {
  fmt::format_to(out, "\n{:<34} {:>6} {:>8} {:>13} {:>8} {:>8} {:>8} {:>8} {:>6} {:>6}\n", "Conversions", "calls",
                 "per", "least-most", "p50", "p95", "p99", "settled", "cores", "by");
  fmt::format_to(out, "{:<34} {:>6} {:>8} {:>13} {:>8} {:>8} {:>8} {:>8} {:>6} {:>6}\n", "", "open", "second", "", "ms",
                 "ms", "ms", "after ms", "busy", "others");
  for (const ConversionResult& result : report.conversions) AddConversion(out, result);
  if (report.half_load) AddConversion(out, *report.half_load);
  fmt::format_to(out, "  aim: ≥ 1,000, then ≥ 2,500 per second; p50 ≤ 5 ms and p99 ≤ 20 ms at half of the fastest\n");
  fmt::format_to(out, "  ImportLeads on the way: {:.0f} leads per second\n", report.imported_per_second);
}

void AddCost(Out out, const ConversionResult& result) {
  const ConversionCost& cost = result.Median().cost;
  const double cpu_us = Sum(cost.cpu_us);
  fmt::format_to(out, "\nOne conversion costs ({}, {} open)\n", PointName(result.point), result.point.in_flight);
  fmt::format_to(out, "  {:<26} {:>8} {:>8} {:>13}\n", "", "CPU µs", "share", "write calls");
  for (const auto& [name, process_us] : cost.cpu_us) {
    fmt::format_to(out, "  {:<26} {:>8.0f} {:>7.0f}% {:>13.1f}\n", name, process_us,
                   cpu_us > 0 ? 100 * process_us / cpu_us : 0, cost.write_calls.at(name));
  }
  fmt::format_to(out, "  {:<26} {:>8.0f}\n", "together", cpu_us);
  fmt::format_to(out, "  Redis: {:.1f} commands (", Sum(cost.redis_commands));
  std::vector<std::string> named;
  for (const auto& [command, calls] : cost.redis_commands) {
    if (calls >= kNamedCommandsMin) named.push_back(fmt::format("{} {:.1f}", command, calls));
  }
  fmt::format_to(out, "{})\n", fmt::join(named, ", "));
  fmt::format_to(out, "  disk: {:.2f} flushes, {:.1f} kB written; databases and logs grow by {:.1f} kB\n",
                 cost.disk_flushes, cost.written_bytes / 1e3, cost.data_bytes / 1e3);
}

void AddCalls(Out out, const Report& report) {
  fmt::format_to(out, "\n{:<14} {:>6} {:>16} {:>8} {:>8} {:>7} {:>7} {:>18} {:>18}\n", "Calls", "calls",
                 "request+response", "per", "bare", "ratio", "aim", "p50 / p99", "bare p50 / p99");
  fmt::format_to(out, "{:<14} {:>6} {:>16} {:>8} {:>8} {:>7} {:>7} {:>18} {:>18}\n", "", "open", "bytes", "second",
                 "gRPC", "", "", "ms", "ms");
  for (const CallResult& result : report.calls) {
    if (result.runs.empty()) continue;
    const CallRun& run = result.Median();
    const auto times = [](const LoadResult& load) {
      return fmt::format("{:.2f} / {:.2f}", Millis(load.Percentile(0.50)), Millis(load.Percentile(0.99)));
    };
    fmt::format_to(out, "  {:<12} {:>6} {:>16} {:>8.0f} {:>8.0f} {:>7.2f} {:>7} {:>18} {:>18}\n", result.point.method,
                   result.point.in_flight, fmt::format("{}+{}", result.request_bytes, run.service.response_bytes),
                   run.service.PerSecond(), run.echo.PerSecond(), run.Ratio(),
                   result.point.method == "GetLead" ? "≥ 0.70" : "≥ 0.35", times(run.service), times(run.echo));
  }
}

}  // namespace

std::string ToTable(const Report& report) {
  std::string text;
  const Out out(text);
  AddHead(out, report);
  if (!report.idle.empty()) AddMemory(out, report);
  if (!report.conversions.empty() || report.half_load) AddConversions(out, report);
  if (const auto* fastest = report.Fastest()) AddCost(out, *fastest);
  if (!report.calls.empty()) AddCalls(out, report);
  if (report.Failures() > 0) {
    fmt::format_to(out, "\n{} calls FAILED; the first: {}\n", report.Failures(), report.FirstFailure());
  }
  return text;
}

}  // namespace quartet::bench
