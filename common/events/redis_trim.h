#pragma once

#include <chrono>
#include <string>

#include "common/base/result.h"

namespace quartet::events {

class RedisConnection;

// See Bus::Trim. Takes three exchanges, for all partitions at once.
Status TrimTopic(RedisConnection& connection, const std::string& topic, int partitions,
                 std::chrono::milliseconds max_age);

}  // namespace quartet::events
