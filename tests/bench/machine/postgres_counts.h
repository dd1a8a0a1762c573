#pragma once

#include "tests/bench/machine/cost.h"
#include "tests/bench/monolith/pg_session.h"

namespace quartet::bench {

// What a server has done since it was started: commits in databases whose names begin with `databases`, and what went
// into its log.
Counts PostgresCounts(PgSession& session, const std::string& databases);

}  // namespace quartet::bench
