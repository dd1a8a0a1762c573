#pragma once

#include "tests/bench/machine/cost.h"
#include "tests/support/servers/redis_server.h"

namespace quartet::bench {

// What a Redis has done since it was started: "redis commands: …" by command, without those that ask for this, and
// "redis bytes in" and "redis bytes out" over its connections.
Counts RedisCounts(const test::RedisServer& redis);

}  // namespace quartet::bench
