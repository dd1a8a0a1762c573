#pragma once

#include <vector>

#include "common/base/result.h"
#include "common/config/address.h"
#include "common/events/redis/bus.h"

namespace quartet::events {

// Both ask the Sentinels that `options` name, one after the other, until one knows
// the master's name. Errors: UNAVAILABLE BROKER_UNAVAILABLE, which tells what each
// of them said.
Result<config::Address> AskSentinelsForMaster(const RedisOptions& options);
Result<std::vector<config::Address>> AskSentinelsForReplicas(const RedisOptions& options);

// That none of these evicts, for any may be promoted. One that does not answer counts
// as well. Errors: FAILED_PRECONDITION BROKER_MAY_EVICT.
Status CheckReplicas(const RedisOptions& options, const std::vector<config::Address>& replicas);

}  // namespace quartet::events
