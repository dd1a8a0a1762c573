#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/events/redis/servers/client.h"

// How many partitions the topics have, and had before. The count is a part of each
// stream's name, so a count that is raised means other streams, and nothing in them can
// come before what lies in the former ones:
// - The former streams are sealed: their last entry has the highest id there is, and
//   Redis adds nothing behind it. A publisher that does not know yet is refused, and
//   keeps its messages until it is started with the new count.
// - A group reads the new streams once it has acknowledged all of the former ones, the
//   seal included (RedisSubscription).
// - Groups are made in the new streams before anything is published there, so that
//   nothing is trimmed before a group whose consumers still have the former count.
// Every step may be done by anybody, twice, and again after Redis has lost everything.
namespace quartet::events {

// Newest first: the count in force, and the lower ones that were before it.
using PartitionCounts = std::vector<int>;

// What all processes agree on, which Redis keeps under kPartitionsKey as "8 4": `known`
// is what this one knows, its own count first. A higher count than Redis's is a raise,
// and is written there. Errors: FAILED_PRECONDITION BROKER_PARTITIONS if Redis has a
// higher one; UNAVAILABLE BROKER_UNAVAILABLE.
Result<PartitionCounts> AgreeOnPartitions(RedisClient& client, const PartitionCounts& known);

inline constexpr std::string_view kPartitionsKey = "quartet:{partitions}";

// The streams of `topic` with that many partitions.
std::vector<std::string> StreamKeys(const std::string& topic, int partitions);
// Those of all former counts.
std::vector<std::string> FormerStreamKeys(const std::string& topic, const PartitionCounts& counts);

// Makes every group of the topic in all of its streams, and seals the former ones. To be
// called before anything is published, and where there are former counts only.
Status CarryOver(RedisClient& client, const std::string& topic, const PartitionCounts& counts);

// The id of a seal, and whether it is one.
inline constexpr std::string_view kSealId = "18446744073709551615-18446744073709551615";

// Whether `group` has acknowledged all of these sealed streams.
Result<bool> IsDrained(RedisClient& client, std::span<const std::string> stream_keys, std::string_view group);

}  // namespace quartet::events
