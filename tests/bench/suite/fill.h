#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "tests/bench/suite/bench_suite.h"

namespace quartet::bench {

// Makes a suite look as after `count` conversions, as quickly as its databases take rows: leads that are closed, their
// contacts, opportunities and accounts with all identities, the qualifications, and what each service keeps of them.
// The rows are made and written by the services' own code, in their own databases; the services are down from then on.
// Messages that are published and domain events, which are kept for a while only, are left out. The names of some of
// the leads, from all over the time that has passed. Ends early after `stop`. Throws std::runtime_error if something
// cannot be written.
std::vector<std::string> Fill(BenchSuite& suite, int count, const std::stop_token& stop);

}  // namespace quartet::bench
