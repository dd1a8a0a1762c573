#include "common/events/redis/servers/client.h"

#include <utility>

#include "common/events/redis/servers/cluster.h"
#include "common/events/redis/servers/single.h"

namespace quartet::events {

Result<RedisReply> RedisClient::Command(std::string_view key, std::initializer_list<std::string_view> arguments) {
  Append(key, arguments);
  QUARTET_ASSIGN_OR_RETURN(std::vector<RedisReply> replies, Exchange());
  QUARTET_RETURN_IF_ERROR(ReplyStatus(*replies.front()));
  return std::move(replies.front());
}

std::unique_ptr<RedisClient> MakeRedisClient(const RedisOptions& options) {
  if (options.address.kind == config::RedisAddress::Kind::kCluster) return std::make_unique<RedisCluster>(options);
  return std::make_unique<RedisSingle>(options);
}

}  // namespace quartet::events
