#include "tests/bench/measure.h"

#include <algorithm>

namespace quartet::bench {
namespace {

constexpr int kBatchLeads = 100;
constexpr int kBatchesOpen = 4;
constexpr int kWarmUpOpen = 32;
constexpr double kWarmUpSeconds = 0.5;

std::vector<ConversionPoint> ConversionPoints(const Options& options) {
  std::vector<ConversionPoint> points;
  if (options.sections.contains("conversions")) {
    for (const int open : options.conversions_open) points.push_back({.in_flight = open});
  }
  if (options.sections.contains("batch")) points.push_back({.in_flight = kBatchesOpen, .batch = kBatchLeads});
  if (options.sections.contains("companies")) {
    const auto middle = options.conversions_open[options.conversions_open.size() / 2];
    points.push_back({.companies = Companies::kDistinct, .in_flight = middle});
  }
  return points;
}

std::vector<CallPoint> CallPoints(const Options& options) {
  std::vector<CallPoint> points;
  for (const char* method : {"GetLead", "CreateLead"}) {
    for (const int open : options.calls_open) points.push_back({.method = method, .in_flight = open});
  }
  return points;
}

void MeasureConversions(const Options& options, Conversions& conversions, const std::stop_token& stop,
                        SuiteReport& report) {
  const auto points = ConversionPoints(options);
  const bool load = options.sections.contains("load");
  if (points.empty() && !load) return;
  conversions.Measure({{.in_flight = kWarmUpOpen}}, 1, Duration(std::min(kWarmUpSeconds, options.seconds)));
  report.conversions = conversions.Measure(points, options.rounds, Duration(options.seconds));
  if (!load || stop.stop_requested()) return;
  report.offered = MeasureOfferedLoad(conversions,
                                      {.rates = options.rates,
                                       .first_rate = options.first_rate,
                                       .growth = options.growth,
                                       .steps_at_knee = options.steps_at_knee,
                                       .rounds = options.rounds,
                                       .length = Duration(options.seconds)},
                                      stop);
}

SuiteReport MeasureSuite(const Options& options, const Disk& disk, const std::stop_token& stop) {
  SuiteReport report;
  report.store = "embedded";
  BenchSuite suite;
  const Processes processes;
  report.idle = processes.Usage();
  Conversions conversions(suite, processes, disk, stop);
  MeasureConversions(options, conversions, stop, report);
  if (options.sections.contains("calls") && !stop.stop_requested()) {
    report.calls = MeasureCalls(suite, CallPoints(options), options.rounds, Duration(options.seconds / 2), stop);
  }
  report.imported_per_second = suite.ImportedPerSecond();
  report.loaded = processes.Usage();
  if (!options.sections.contains("idle")) report.idle.clear();
  return report;
}

}  // namespace

Report Measure(const Options& options, const std::stop_token& stop) {
  Report report;
  report.machine = LookAtMachine();
  report.disk = LookAtDisk(options.folder);
  report.seconds = options.seconds;
  report.rounds = options.rounds;
  report.suites.push_back(MeasureSuite(options, report.disk, stop));
  return report;
}

}  // namespace quartet::bench
