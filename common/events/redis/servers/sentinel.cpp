#include "common/events/redis/servers/sentinel.h"

#include <charconv>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include "common/events/redis/servers/connection.h"

namespace quartet::events {
namespace {

std::optional<config::Address> ToAddress(std::string_view host, std::string_view port) {
  config::Address address{.host = std::string(host)};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (error != std::errc() || host.empty()) return std::nullopt;
  return address;
}

// The first good answer to `command <master's name>` that a Sentinel gives.
Result<RedisReply> Ask(const RedisOptions& options, std::string_view command) {
  std::string failures;
  for (const config::Address& sentinel : options.address.hosts) {
    RedisConnection connection(options);
    Status asked = connection.OpenSentinel(sentinel);
    if (asked.ok()) {
      Result<RedisReply> reply = connection.Command({"SENTINEL", command, options.address.master_name});
      if (reply.ok() && (*reply)->type == REDIS_REPLY_ARRAY) return reply;
      asked = reply.ok() ? BrokerUnavailable(fmt::format("Sentinel at {} knows no master '{}'",
                                                         config::FormatAddress(sentinel.host, sentinel.port),
                                                         options.address.master_name))
                         : reply.error();
    }
    failures += (failures.empty() ? "" : "; ") + asked.error().message;
  }
  return BrokerUnavailable(std::move(failures));
}

}  // namespace

Result<config::Address> AskSentinelsForMaster(const RedisOptions& options) {
  QUARTET_ASSIGN_OR_RETURN(const RedisReply reply, Ask(options, "get-master-addr-by-name"));
  if (reply->elements == 2) {
    if (auto address = ToAddress(ReplyText(*reply->element[0]), ReplyText(*reply->element[1]))) return *address;
  }
  return BrokerUnavailable("Sentinel gives the master's address in an unknown form");
}

Result<std::vector<config::Address>> AskSentinelsForReplicas(const RedisOptions& options) {
  QUARTET_ASSIGN_OR_RETURN(const RedisReply reply, Ask(options, "replicas"));
  std::vector<config::Address> replicas;
  for (std::size_t i = 0; i < reply->elements; ++i) {
    // A flat list of names and values for each.
    const redisReply& replica = *reply->element[i];
    std::string_view host;
    std::string_view port;
    for (std::size_t j = 0; j + 1 < replica.elements; j += 2) {
      const std::string_view name = ReplyText(*replica.element[j]);
      if (name == "ip") host = ReplyText(*replica.element[j + 1]);
      if (name == "port") port = ReplyText(*replica.element[j + 1]);
    }
    if (auto address = ToAddress(host, port)) replicas.push_back(std::move(*address));
  }
  return replicas;
}

Status CheckReplicas(const RedisOptions& options, const std::vector<config::Address>& replicas) {
  for (const config::Address& replica : replicas) {
    RedisConnection connection(options);
    if (!connection.Open(replica).ok()) continue;
    Status policy = connection.CheckPolicy();
    if (!policy.ok() && policy.error().code == Code::kFailedPrecondition) return policy;
  }
  return {};
}

}  // namespace quartet::events
