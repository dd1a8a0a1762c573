// What the suite is compared with: the same conversions done by one program on one PostgreSQL, one transaction each,
// durable as ours. The tables, their indexes and the rows are those of the services; there are no intents, no messages
// between services and no commit record, for a monolith needs none. The records are made before the run, and what an
// account is attached to is not written: it is as fast as a monolith can be, not as fast as one usually is.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "tests/bench/machine/cost.h"
#include "tests/bench/suite/load.h"

namespace quartet::bench {

struct MonolithPoint {
  enum class How {
    kStatements,  // prepared statements from the client, one after the other
    kFunction,    // one call of a function in the database
  };
  How how = How::kStatements;
  int connections = 1;  // each used by a thread of its own that converts one lead after the other
};

struct MonolithRun {
  LoadResult load;
  Cost cost;
};

struct MonolithResult {
  MonolithPoint point;
  std::vector<MonolithRun> runs;

  const MonolithRun& Median() const;
};

// Runs each point `rounds` times for `length`, in turn, in a database of its own that it makes and drops.
// `server`: a libpq connection string of a server that syncs its commits; the user must be allowed to make databases.
// Throws std::runtime_error if something goes wrong.
std::vector<MonolithResult> MeasureMonolith(const std::string& server, const std::vector<MonolithPoint>& points,
                                            int rounds, Duration length, const Disk& disk, const std::stop_token& stop);

}  // namespace quartet::bench
