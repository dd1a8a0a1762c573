#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "tests/bench/sections/conversions.h"

namespace quartet::bench {

// A suite over PostgreSQL, and the load on it.
struct ReplicasPoint {
  int replicas = 1;                          // processes of each service
  int partitions = 4;                        // of every topic
  int records = 0;                           // conversions that it holds already
  int open = 1;                              // calls of QualifyLead open at a time
  Companies companies = Companies::kShared;  // of the leads that are converted

  friend bool operator==(const ReplicasPoint&, const ReplicasPoint&) = default;
};

// What a conversion costs there.
struct ReplicasResult {
  ReplicasPoint point;
  std::vector<ConversionRun> runs;

  // CPU time per conversion of all processes but the load generator.
  static double CpuMicros(const ConversionRun& run);
  // The run with the median CPU time.
  const ConversionRun& Median() const;
};

// Measures one suite after the other, `rounds` runs of `length` each, on a server as BenchSuiteOptions has it.
std::vector<ReplicasResult> MeasureReplicas(const std::string& server, const std::vector<ReplicasPoint>& points,
                                            int rounds, Duration length, const Disk& disk, const std::stop_token& stop);

}  // namespace quartet::bench
