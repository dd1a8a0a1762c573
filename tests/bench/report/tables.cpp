#include <fmt/format.h>

#include "tests/bench/report/table.h"

namespace quartet::bench {
namespace {

constexpr double kMegabyte = 1e6;
constexpr double kGigabyte = 1e9;

void AddHead(TableOut out, const Report& report) {
  const Machine& machine = report.machine;
  fmt::format_to(out, "{}  {} cores ({}), {:.0f} GB, Linux {}\n", machine.time, machine.cores, machine.processor,
                 static_cast<double>(machine.memory_bytes) / kGigabyte, machine.kernel);
  fmt::format_to(out, "data on {} ({}); 4 KiB and fdatasync: p50 {:.0f} µs, p99 {:.0f} µs\n", report.disk.file_system,
                 report.disk.device.empty() ? "no disk" : report.disk.device, report.disk.sync_p50_us,
                 report.disk.sync_p99_us);
  fmt::format_to(out, "{} of {:.1f} s at each point, the median shown\n",
                 report.rounds == 1 ? "1 run" : fmt::format("{} runs", report.rounds), report.seconds);
}

void AddMemory(TableOut out, const SuiteReport& suite) {
  if (suite.idle.empty()) return;
  fmt::format_to(out, "\n{:<28} {:>8} {:>13} {:>9}    (aim: a service idles in ≤ 40)\n",
                 fmt::format("Memory, {}, MB", suite.store), "idle", "after load", "peak");
  for (const auto& [name, idle] : suite.idle) {
    const ProcessUsage& loaded = suite.loaded.at(name);
    fmt::format_to(out, "  {:<26} {:>8.1f} {:>13.1f} {:>9.1f}\n", name,
                   static_cast<double>(idle.resident_bytes) / kMegabyte,
                   static_cast<double>(loaded.resident_bytes) / kMegabyte,
                   static_cast<double>(loaded.peak_resident_bytes) / kMegabyte);
  }
}

void AddStart(TableOut out, const SuiteReport& suite) {
  if (suite.start_empty.empty()) return;
  fmt::format_to(out, "\n{:<28} {:>8} {:>13}    (aim: ≤ 1,000)\n", fmt::format("Start to ready, {}, ms", suite.store),
                 "empty", "after load");
  for (const auto& [service, seconds] : suite.start_empty) {
    const auto filled = suite.start_filled.find(service);
    fmt::format_to(out, "  {:<26} {:>8.0f} {:>13}\n", service, seconds * 1e3,
                   filled == suite.start_filled.end() ? "" : fmt::format("{:.0f}", filled->second * 1e3));
  }
}

}  // namespace

std::string ToTable(const Report& report) {
  std::string text;
  const TableOut out(text);
  AddHead(out, report);
  for (const SuiteReport& suite : report.suites) {
    AddMemory(out, suite);
    AddStart(out, suite);
    AddConversions(out, suite);
    if (const ConversionResult* fastest = suite.Fastest())
      AddCost(out, fmt::format("{}, {} calls open", suite.store, fastest->point.in_flight), fastest->Median().cost);
    AddOffered(out, suite);
    AddCalls(out, suite);
    AddImport(out, suite);
  }
  AddInstructions(out, report);
  AddSizes(out, report);
  AddReplicas(out, report);
  AddBacklog(out, report);
  AddMonolith(out, report);
  AddHeadline(out, report);
  if (report.Failures() > 0) {
    fmt::format_to(out, "\n{} calls FAILED; the first: {}\n", report.Failures(), report.FirstFailure());
  }
  return text;
}

}  // namespace quartet::bench
