#include "common/events/redis/trim.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <hiredis/hiredis.h>

#include "common/events/redis/entry.h"
#include "common/events/redis/groups.h"
#include "common/events/redis/servers/client.h"

namespace quartet::events {
namespace {

// Dead letters are kept in the database; their streams are for a look at them.
constexpr std::chrono::hours kDeadLetterAge{24 * 7};

struct Partition {
  std::string key;
  bool exists = true;
  std::vector<GroupPosition> groups;
  // Entries below are not needed any more; none: keep all.
  std::optional<EntryId> keep_from;
};

bool ReadNumber(const redisReply& reply, std::int64_t& number) {
  const std::string_view text = ReplyText(reply);
  return std::from_chars(text.data(), text.data() + text.size(), number).ec == std::errc();
}

// Lowers each partition's keep_from to what its groups have not acknowledged.
// Groups are read first and their pending lists after: what is acknowledged, or
// delivered, in between only makes the result lower than it could be, because
// a group's position does not count while anything is pending.
Status FindUnacknowledged(RedisClient& client, std::vector<Partition>& partitions) {
  for (const Partition& partition : partitions) {
    for (const GroupPosition& group : partition.groups)
      client.Append(partition.key, {"XPENDING", partition.key, group.name});
  }
  if (client.collected_commands() == 0) return {};
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client.Exchange());
  std::size_t next = 0;
  for (Partition& partition : partitions) {
    for (const GroupPosition& group : partition.groups) {
      const redisReply& reply = *replies[next++];
      EntryId needed = group.last_delivered.Next();
      if (Status status = ReplyStatus(reply); !status.ok()) {
        if (status.error().code != Code::kNotFound) return status;
        needed = {};  // gone meanwhile: another time
      }
      if (reply.elements >= 2 && reply.element[1]->type == REDIS_REPLY_STRING) {
        needed = std::min(needed, EntryId::Parse(ReplyText(*reply.element[1])));
      }
      partition.keep_from = partition.keep_from ? std::min(*partition.keep_from, needed) : needed;
    }
  }
  return {};
}

// The clock of the server that holds `key`, for it made the ids. Those of a cluster's
// servers differ by far less than the ages that matter. Milliseconds.
Result<std::int64_t> RedisTime(RedisClient& client, const std::string& key) {
  QUARTET_ASSIGN_OR_RETURN(const RedisReply reply, client.Command(key, {"TIME"}));
  std::int64_t seconds = 0;
  std::int64_t micros = 0;
  if (reply->elements != 2 || !ReadNumber(*reply->element[0], seconds) || !ReadNumber(*reply->element[1], micros)) {
    return BrokerUnavailable("Redis gives no time");
  }
  return seconds * 1'000 + micros / 1'000;
}

EntryId Ago(std::int64_t now_ms, std::chrono::milliseconds age) {
  return {.ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_ms - age.count()))};
}

}  // namespace

Status TrimStreams(RedisClient& client, std::span<const std::string> stream_keys, std::chrono::milliseconds max_age) {
  QUARTET_ASSIGN_OR_RETURN(auto groups, ReadGroups(client, stream_keys));
  std::vector<Partition> partitions;
  for (std::size_t i = 0; i < stream_keys.size(); ++i) {
    partitions.push_back({.key = stream_keys[i], .exists = groups[i].has_value()});
    if (groups[i]) partitions.back().groups = std::move(*groups[i]);
  }
  QUARTET_RETURN_IF_ERROR(FindUnacknowledged(client, partitions));
  QUARTET_ASSIGN_OR_RETURN(const std::int64_t now_ms, RedisTime(client, partitions.front().key));
  const EntryId oldest = Ago(now_ms, max_age);
  const std::string oldest_dead = Ago(now_ms, kDeadLetterAge).ToString();

  for (const Partition& partition : partitions) {
    // XTRIM on a key that is not there does nothing.
    if (partition.exists) {
      client.Append(partition.key, {"XTRIM", partition.key, "MINID", partition.keep_from.value_or(oldest).ToString()});
    }
    client.Append(partition.key, {"XTRIM", DeadStreamKey(partition.key), "MINID", oldest_dead});
  }
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client.Exchange());
  for (const RedisReply& reply : replies) QUARTET_RETURN_IF_ERROR(ReplyStatus(*reply));
  return {};
}

}  // namespace quartet::events
