#include "common/events/redis_trim.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <hiredis/hiredis.h>

#include "common/events/redis_client.h"
#include "common/events/redis_entry.h"

namespace quartet::events {
namespace {

// Dead letters are kept in the database; their streams are for a look at them.
constexpr std::chrono::hours kDeadLetterAge{24 * 7};

struct GroupPosition {
  std::string name;
  std::int64_t pending = 0;
  EntryId last_delivered;
};

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

// One group of XINFO GROUPS: a flat list of names and values.
GroupPosition ReadGroup(const redisReply& reply) {
  GroupPosition group;
  for (std::size_t i = 0; i + 1 < reply.elements; i += 2) {
    const std::string_view name = ReplyText(*reply.element[i]);
    const redisReply& value = *reply.element[i + 1];
    if (name == "name") group.name = ReplyText(value);
    if (name == "pending") group.pending = value.integer;
    if (name == "last-delivered-id") group.last_delivered = EntryId::Parse(ReplyText(value));
  }
  return group;
}

Status ReadGroups(RedisClient& client, std::vector<Partition>& partitions) {
  for (const Partition& partition : partitions) client.Append(partition.key, {"XINFO", "GROUPS", partition.key});
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client.Exchange());
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    Status status = ReplyStatus(*replies[i]);
    partitions[i].exists = status.ok();
    if (!status.ok() && status.error().code != Code::kNotFound) return status;
    for (std::size_t j = 0; status.ok() && j < replies[i]->elements; ++j) {
      partitions[i].groups.push_back(ReadGroup(*replies[i]->element[j]));
    }
  }
  return {};
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

Status TrimTopic(RedisClient& client, const std::string& topic, int partition_count,
                 std::chrono::milliseconds max_age) {
  std::vector<Partition> partitions(static_cast<std::size_t>(partition_count));
  for (int i = 0; i < partition_count; ++i) partitions[static_cast<std::size_t>(i)].key = StreamKey(topic, i);
  QUARTET_RETURN_IF_ERROR(ReadGroups(client, partitions));
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
