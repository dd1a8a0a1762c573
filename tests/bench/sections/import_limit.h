#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "tests/bench/suite/bench_suite.h"

namespace quartet::bench {

// How many leads per second ImportLeads takes, beside what the database alone takes of the same rows: leads,
// identities, and the events and outbox rows of their batches, with the same durability.
struct ImportResult {
  struct Run {
    double service = 0;  // rows per second
    double limit = 0;    // rows per second
    double Ratio() const { return limit > 0 ? service / limit : 0; }
  };
  std::string limit_name;  // what the limit is
  int rows = 0;            // of each run
  std::vector<Run> runs;

  // The run with the median ratio.
  const Run& Median() const;
};

// One stream of 10,000 rows after the other. The limit: one thread that writes rows made beforehand, in transactions of
// as many rows as the service's; into SQLite by inserts, on a server (that of the suite's databases; empty: SQLite) by
// COPY. Throws std::runtime_error if something cannot be
// written.
ImportResult MeasureImport(BenchSuite& suite, const std::string& server, int rounds, int rows,
                           const std::stop_token& stop);

}  // namespace quartet::bench
