#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "tests/bench/suite/load.h"

namespace quartet::bench {

// How reads fare, and what the orchestrator holds, at one moment of a backlog.
struct BacklogMoment {
  std::string when;
  LoadResult get;   // GetLead, one call open
  LoadResult list;  // ListLeads, pages of 50, one call open
  std::int64_t orchestrator_bytes = 0;
  std::int64_t redis_bytes = 0;  // of data
  std::int64_t pending = 0;      // qualifications that are not over
};

// The contact service is paused while callers go on, and goes on itself.
struct AwayResult {
  double pause_seconds = 0;
  double rate = 0;  // QualifyLead per second, offered all the time
  std::vector<BacklogMoment> moments;
  LoadResult load;                // what became of the calls
  double worked_off_seconds = 0;  // from its going on until nothing is left to do
  std::int64_t orchestrator_peak_bytes = 0;
};

// So much is offered, whatever the answers do.
struct OverloadStep {
  std::string what;
  double rate = 0;
  LoadResult load;
  double settle_seconds = 0;
  std::int64_t orchestrator_bytes = 0;  // afterwards
};

struct BacklogResult {
  std::string store;
  AwayResult away;
  double peak = 0;  // conversions per second in a closed loop
  std::vector<OverloadStep> overload;
};

// Measures a suite of its own. `server`: of its databases; empty: SQLite. `length`: of each run; the pause is ten times
// as long.
BacklogResult MeasureBacklog(const std::string& server, Duration length, const std::stop_token& stop);

}  // namespace quartet::bench
