#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "tests/bench/suite/bench_suite.h"
#include "tests/bench/suite/load.h"

namespace quartet::bench {

// A method beside a bare gRPC server that answers requests of the same size with responses of the same size, over the
// same callback API, and does no work.
struct CallPoint {
  std::string method;  // one of CallMethods()
  int in_flight = 1;
};

struct CallRun {
  LoadResult service;
  LoadResult echo;
  double Ratio() const;  // of calls per second: 1 is as fast as gRPC
};

struct CallResult {
  CallPoint point;
  std::size_t request_bytes = 0;
  std::vector<CallRun> runs;

  // The run with the median ratio.
  const CallRun& Median() const;
};

// GetLead, CreateLead, UpdateLead (durable as CreateLead), ListLeads and BatchGetLeads (50 leads each), and
// PreviewQualification, which asks four services.
std::vector<std::string> CallMethods();

// Runs each point `rounds` times, service and echo one after the other, each for `length`. Throws std::runtime_error
// if the echo server cannot be started.
std::vector<CallResult> MeasureCalls(BenchSuite& suite, const std::vector<CallPoint>& points, int rounds,
                                     Duration length, const std::stop_token& stop);

}  // namespace quartet::bench
