#pragma once

#include <stop_token>

#include "tests/bench/options.h"
#include "tests/bench/report/report.h"

namespace quartet::bench {

// Measures the sections that `options` asks for; ends early, with what it has, after `stop`. Throws std::runtime_error
// if something cannot be started or does not come to an end.
Report Measure(const Options& options, const std::stop_token& stop);

}  // namespace quartet::bench
