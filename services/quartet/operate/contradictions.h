#pragma once

#include <cstdint>
#include <string>

#include "quartet/operations/v1/service.pb.h"

namespace quartet::cli {

// What a service has seen that the protocol forbids (telemetry::Contradictions), from its counters.
struct SeenContradictions {
  std::int64_t total = 0;
  std::string kinds;  // "committed_but_void 3, unknown_holder 1", sorted
};

SeenContradictions ContradictionsIn(const operations::v1::GetCountersResponse& counters);

}  // namespace quartet::cli
