#pragma once

#include "common/base/result.h"

#include "quartet/qualification/v1/participant.pb.h"

namespace quartet::methods {

// What is wrong with a Prepare that came by RPC: its names and lists. The records in
// it are for the participant's own rules. Errors: INVALID_ARGUMENT with every problem.
Status CheckPrepare(const qualification::v1::Prepare& prepare);

}  // namespace quartet::methods
