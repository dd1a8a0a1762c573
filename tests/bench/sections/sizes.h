#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "tests/bench/machine/cost.h"
#include "tests/bench/suite/load.h"

namespace quartet::bench {

// What calls cost in a suite that holds so many conversions already.
struct SizeResult {
  struct Run {
    LoadResult load;
    double cpu_us = 0;         // per call, of the suite and the load generator
    double written_bytes = 0;  // per call, to disk
  };

  std::string store;  // as the suites' reports name it
  int records = 0;
  double fill_seconds = 0;
  // By service, from its start until it was healthy, with all that was filled in.
  std::map<std::string, double> start_seconds;
  double data_bytes = 0;                         // of all databases, when they have been filled
  std::map<std::string, std::vector<Run>> runs;  // by method

  // The run with the median CPU time.
  const Run& Median(const std::string& method) const;
};

// Fills a suite to each size, over SQLite or, if `server` (as BenchSuiteOptions has it) is not empty, over PostgreSQL,
// and then measures GetLead, CreateLead, ListLeads (50 leads) and QualifyLead in all of
// them in turn, `rounds` times for `length` each, so that a machine that drifts does so for all.
std::vector<SizeResult> MeasureSizes(const std::string& server, const std::vector<int>& sizes, int rounds,
                                     Duration length, const Disk& disk, const std::stop_token& stop);

}  // namespace quartet::bench
