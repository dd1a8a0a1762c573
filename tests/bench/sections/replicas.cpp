#include "tests/bench/sections/replicas.h"

#include <algorithm>

#include "tests/bench/suite/fill.h"

namespace quartet::bench {
namespace {

// The time in which the replicas find each other and share out the partitions.
constexpr Duration kWarmUp{4};

std::vector<ConversionRun> MeasurePoint(const std::string& server, const ReplicasPoint& point, int rounds,
                                        Duration length, const Disk& disk, const std::stop_token& stop) {
  BenchSuite suite(
      {.server = server, .databases = "quartet_replicas", .replicas = point.replicas, .partitions = point.partitions});
  Fill(suite, point.records, stop);
  suite.StartServices();
  const Processes processes;
  Conversions conversions(suite, processes, disk, stop);
  const std::vector<ConversionPoint> load = {{.companies = point.companies, .in_flight = point.open}};
  conversions.Measure(load, 1, kWarmUp);
  return conversions.Measure(load, rounds, length).front().runs;
}

}  // namespace

double ReplicasResult::CpuMicros(const ConversionRun& run) {
  double sum = 0;
  for (const auto& [name, micros] : run.cost.cpu_us) {
    if (name != kLoadGenerator) sum += micros;
  }
  return sum;
}

const ConversionRun& ReplicasResult::Median() const {
  std::vector<const ConversionRun*> sorted;
  for (const ConversionRun& run : runs) sorted.push_back(&run);
  std::ranges::sort(sorted, {}, [](const ConversionRun* run) { return CpuMicros(*run); });
  return *sorted.at((sorted.size() - 1) / 2);
}

std::vector<ReplicasResult> MeasureReplicas(const std::string& server, const std::vector<ReplicasPoint>& points,
                                            int rounds, Duration length, const Disk& disk,
                                            const std::stop_token& stop) {
  std::vector<ReplicasResult> results;
  for (const ReplicasPoint& point : points) {
    if (stop.stop_requested()) break;
    results.push_back({point, MeasurePoint(server, point, rounds, length, disk, stop)});
  }
  return results;
}

}  // namespace quartet::bench
