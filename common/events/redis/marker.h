#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "common/base/result.h"
#include "common/events/bus.h"
#include "common/events/redis/servers/client.h"

// The marker of a topic as it lies in Redis: one beside each partition's stream, in the
// same slot of a cluster. It is written after the events that it vouches for, to the
// same server, so whoever has the marker had those events too. See Bus::ReadMarker.
namespace quartet::events {

// Takes two exchanges: the markers, and then which past each server has (the id of its
// replication history, which is another after a restart and after a promotion).
Result<Marker> ReadMarkers(RedisClient& client, std::span<const std::string> stream_keys);

// One exchange each.
Result<bool> AdvanceMarkers(RedisClient& client, std::span<const std::string> stream_keys, std::int64_t value);
// Where there is none.
Status PlaceMarkers(RedisClient& client, std::span<const std::string> stream_keys, std::int64_t value);
Status BeginMarkers(RedisClient& client, std::span<const std::string> stream_keys, const std::string& token);
Result<bool> SetMarkers(RedisClient& client, std::span<const std::string> stream_keys, const std::string& token,
                        std::int64_t value);

}  // namespace quartet::events
