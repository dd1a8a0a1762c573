#pragma once

#include <string>

#include "common/base/result.h"
#include "common/commit/record_store.h"
#include "services/opportunity/opportunity_rules.h"

#include "quartet/opportunity/v1/service.pb.h"

namespace quartet::opportunity {

// Counts and sums up live opportunities by stage and outcome, as readers see
// them. Errors: INVALID_ARGUMENT (filter); those of the store.
Status SumUpPipeline(commit::RecordStore& store, const Stages& stages, const std::string& filter,
                     v1::Pipeline& pipeline);

}  // namespace quartet::opportunity
