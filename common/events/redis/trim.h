#pragma once

#include <chrono>
#include <span>
#include <string>

#include "common/base/result.h"

namespace quartet::events {

class RedisClient;

// See Bus::Trim. Takes three exchanges, for all streams of a topic at once.
Status TrimStreams(RedisClient& client, std::span<const std::string> stream_keys, std::chrono::milliseconds max_age);

}  // namespace quartet::events
