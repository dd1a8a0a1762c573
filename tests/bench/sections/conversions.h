#pragma once

#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "tests/bench/machine/cost.h"
#include "tests/bench/machine/disk.h"
#include "tests/bench/machine/processes.h"
#include "tests/bench/suite/bench_suite.h"
#include "tests/bench/suite/load.h"
#include "tests/bench/suite/made_leads.h"

namespace quartet::bench {

// One way of asking for conversions.
struct ConversionPoint {
  Companies companies = Companies::kShared;
  int in_flight = 1;
  int batch = 0;    // leads per BatchQualifyLeads; 0: QualifyLead
  double rate = 0;  // calls per second; 0: as many as come
};

// One run at one point.
struct ConversionRun {
  LoadResult load;
  double settle_seconds = 0;  // from the last answer until nothing was left to do
  Cost cost;                  // of one conversion, the work after the answer included
};

// All rounds of one point.
struct ConversionResult {
  ConversionPoint point;
  std::vector<ConversionRun> runs;

  // The run with the median conversions per second.
  const ConversionRun& Median() const;
};

// Converts leads of a suite, which it imports as they are needed.
class Conversions {
 public:
  // The references must outlive this object.
  Conversions(BenchSuite& suite, const Processes& processes, const Disk& disk, const std::stop_token& stop)
      : suite_(suite), processes_(processes), disk_(disk), stop_(stop) {}

  // Runs each point `rounds` times for `length`, in turn, so that whatever drifts does so for all of them.
  std::vector<ConversionResult> Measure(const std::vector<ConversionPoint>& points, int rounds, Duration length);

 private:
  // Requests for at least so many conversions.
  std::vector<std::string> Requests(const ConversionPoint& point, int conversions);
  ConversionRun RunOnce(const ConversionPoint& point, Duration length);

  BenchSuite& suite_;
  const Processes& processes_;
  const Disk& disk_;
  const std::stop_token& stop_;
  // Leads that are still open, and where more come from.
  struct Supply {
    MadeLeads source;
    std::vector<std::string> open;
  };
  std::map<Companies, Supply> supplies_ = {{Companies::kShared, {MadeLeads(Companies::kShared, 1), {}}},
                                           {Companies::kDistinct, {MadeLeads(Companies::kDistinct, 2), {}}}};
  double fastest_ = 0;  // conversions per second so far
};

}  // namespace quartet::bench
