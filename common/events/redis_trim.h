#pragma once

#include <chrono>
#include <string>

#include "common/base/result.h"

namespace quartet::events {

class RedisClient;

// See Bus::Trim. Takes three exchanges, for all partitions at once.
Status TrimTopic(RedisClient& client, const std::string& topic, int partitions, std::chrono::milliseconds max_age);

}  // namespace quartet::events
