#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/events/redis/entry.h"
#include "common/events/redis/servers/client.h"

namespace quartet::events {

// How far a consumer group is on one stream.
struct GroupPosition {
  std::string name;
  std::int64_t pending = 0;  // entries that it was given and has not acknowledged
  EntryId last_delivered;
};

// The groups of each stream, in one exchange; nothing for a stream that is not there.
Result<std::vector<std::optional<std::vector<GroupPosition>>>> ReadGroups(RedisClient& client,
                                                                          std::span<const std::string> stream_keys);

}  // namespace quartet::events
