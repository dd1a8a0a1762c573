#include "common/events/redis/layout.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hiredis/hiredis.h>

#include "common/events/redis/entry.h"
#include "common/events/redis/groups.h"
#include "common/telemetry/log.h"

namespace quartet::events {
namespace {

// Others may write at the same time; more often than this they do not.
constexpr int kTriesMax = 10;
constexpr std::string_view kCompareAndSet =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('SET', KEYS[1], ARGV[2]) return 1 end return 0";

std::string ToText(const PartitionCounts& counts) {
  return fmt::format("{}", fmt::join(counts, " "));
}

// Empty if it is no list of positive numbers, each lower than the one before.
PartitionCounts FromText(std::string_view text) {
  PartitionCounts counts;
  while (!text.empty()) {
    int count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count <= 0 || (!counts.empty() && count >= counts.back())) return {};
    counts.push_back(count);
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with(' ')) text.remove_prefix(1);
  }
  return counts;
}

// All counts of both, none twice.
PartitionCounts Union(const PartitionCounts& one, const PartitionCounts& other) {
  std::set<int, std::greater<>> counts(one.begin(), one.end());
  counts.insert(other.begin(), other.end());
  return {counts.begin(), counts.end()};
}

// Whether it was written, and not others' first.
Result<bool> Write(RedisClient& client, std::string_view before, const std::string& after) {
  if (before.empty()) {
    QUARTET_ASSIGN_OR_RETURN(const RedisReply set,
                             client.Command(kPartitionsKey, {"SET", kPartitionsKey, after, "NX"}));
    return set->type != REDIS_REPLY_NIL;
  }
  QUARTET_ASSIGN_OR_RETURN(const RedisReply set, client.Command(kPartitionsKey, {"EVAL", kCompareAndSet, "1",
                                                                                 kPartitionsKey, before, after}));
  return set->integer == 1;
}

}  // namespace

Result<PartitionCounts> AgreeOnPartitions(RedisClient& client, const PartitionCounts& known) {
  for (int i = 0; i < kTriesMax; ++i) {
    QUARTET_ASSIGN_OR_RETURN(const RedisReply reply, client.Command(kPartitionsKey, {"GET", kPartitionsKey}));
    const std::string before(ReplyText(*reply));
    const PartitionCounts stored = FromText(before);
    if (!stored.empty() && stored.front() > known.front()) {
      return FailedPrecondition(
          "BROKER_PARTITIONS",
          fmt::format("topics have {0} partitions in Redis and {1} here; they can be raised and not lowered, so start "
                      "with --partitions {0}",
                      stored.front(), known.front()));
    }
    PartitionCounts agreed = Union(stored, known);
    if (agreed == stored) return agreed;
    QUARTET_ASSIGN_OR_RETURN(const bool written, Write(client, before, ToText(agreed)));
    if (!written) continue;
    if (agreed.size() > 1) telemetry::LogInfo("partitions are raised", {{"counts, newest first", ToText(agreed)}});
    return agreed;
  }
  return BrokerUnavailable("the number of partitions is being changed");
}

std::vector<std::string> StreamKeys(const std::string& topic, int partitions) {
  std::vector<std::string> keys;
  for (int i = 0; i < partitions; ++i) keys.push_back(StreamKey(topic, i, partitions));
  return keys;
}

std::vector<std::string> FormerStreamKeys(const std::string& topic, const PartitionCounts& counts) {
  std::vector<std::string> keys;
  for (std::size_t i = 1; i < counts.size(); ++i) {
    std::ranges::move(StreamKeys(topic, counts[i]), std::back_inserter(keys));
  }
  return keys;
}

Status CarryOver(RedisClient& client, const std::string& topic, const PartitionCounts& counts) {
  const std::vector<std::string> former = FormerStreamKeys(topic, counts);
  QUARTET_ASSIGN_OR_RETURN(const auto groups, ReadGroups(client, former));
  std::set<std::string> names;
  for (const auto& of_stream : groups) {
    if (!of_stream) continue;
    for (const GroupPosition& group : *of_stream) names.insert(group.name);
  }
  std::vector<std::string> all = StreamKeys(topic, counts.front());
  all.insert(all.end(), former.begin(), former.end());
  for (const std::string& key : all) {
    for (const std::string& name : names) client.Append(key, {"XGROUP", "CREATE", key, name, "0", "MKSTREAM"});
  }
  // The groups come first: nobody may find a sealed stream before they are there.
  if (client.collected_commands() > 0) {
    QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client.Exchange());
    for (const RedisReply& reply : replies) {
      if (!ReplyText(*reply).starts_with("BUSYGROUP")) QUARTET_RETURN_IF_ERROR(ReplyStatus(*reply));
    }
  }
  const std::string count = std::to_string(counts.front());
  for (const std::string& key : former) client.Append(key, {"XADD", key, kSealId, "partitions", count});
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client.Exchange());
  for (const RedisReply& reply : replies) {
    // Sealed already: no id is greater.
    const std::string_view text = ReplyText(*reply);
    if (text.starts_with("ERR The ID specified") || text.starts_with(kExhausted)) continue;
    QUARTET_RETURN_IF_ERROR(ReplyStatus(*reply));
  }
  return {};
}

Result<bool> IsDrained(RedisClient& client, std::span<const std::string> stream_keys, std::string_view group) {
  const EntryId seal = EntryId::Parse(kSealId);
  QUARTET_ASSIGN_OR_RETURN(const auto groups, ReadGroups(client, stream_keys));
  return std::ranges::all_of(groups, [&](const auto& of_stream) {
    return of_stream && std::ranges::any_of(*of_stream, [&](const GroupPosition& position) {
             return position.name == group && position.pending == 0 && position.last_delivered == seal;
           });
  });
}

}  // namespace quartet::events
