#include "common/events/redis/groups.h"

#include <string_view>
#include <utility>

#include <hiredis/hiredis.h>

namespace quartet::events {
namespace {

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

}  // namespace

Result<std::vector<std::optional<std::vector<GroupPosition>>>> ReadGroups(RedisClient& client,
                                                                          std::span<const std::string> stream_keys) {
  for (const std::string& key : stream_keys) client.Append(key, {"XINFO", "GROUPS", key});
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client.Exchange());
  std::vector<std::optional<std::vector<GroupPosition>>> groups(stream_keys.size());
  for (std::size_t i = 0; i < stream_keys.size(); ++i) {
    Status status = ReplyStatus(*replies[i]);
    if (!status.ok() && status.error().code == Code::kNotFound) continue;
    QUARTET_RETURN_IF_ERROR(std::move(status));
    groups[i].emplace();
    for (std::size_t j = 0; j < replies[i]->elements; ++j) groups[i]->push_back(ReadGroup(*replies[i]->element[j]));
  }
  return groups;
}

}  // namespace quartet::events
