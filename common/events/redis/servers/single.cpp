#include "common/events/redis/servers/single.h"

#include <utility>

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include "common/events/redis/servers/sentinel.h"

namespace quartet::events {
namespace {

// A server that has just lost its place may be named for a moment yet.
Status CheckRole(RedisConnection& connection, const config::Address& server) {
  QUARTET_ASSIGN_OR_RETURN(const RedisReply role, connection.Command({"ROLE"}));
  if (role->elements > 0 && ReplyText(*role->element[0]) == "master") return {};
  return BrokerUnavailable(fmt::format("Redis at {} is no master", config::FormatAddress(server.host, server.port)));
}

}  // namespace

RedisSingle::RedisSingle(const RedisOptions& options)
    : options_(options), connection_(options), server_(options.address.hosts.front()) {}

Status RedisSingle::EnsureConnected(bool* is_new) {
  if (is_new != nullptr) *is_new = !connection_.connected();
  if (connection_.connected()) return {};
  Status connected = Connect();
  if (!connected.ok()) connection_.Close();
  return connected;
}

Status RedisSingle::Connect() {
  if (by_sentinel()) {
    QUARTET_ASSIGN_OR_RETURN(server_, AskSentinelsForMaster(options_));
  }
  QUARTET_RETURN_IF_ERROR(connection_.Open(server_));
  if (by_sentinel()) QUARTET_RETURN_IF_ERROR(CheckRole(connection_, server_));
  return connection_.CheckPolicy();
}

Status RedisSingle::Check() {
  Close();
  QUARTET_RETURN_IF_ERROR(EnsureConnected(nullptr));
  if (!by_sentinel()) return {};
  QUARTET_ASSIGN_OR_RETURN(const std::vector<config::Address> replicas, AskSentinelsForReplicas(options_));
  return CheckReplicas(options_, replicas);
}

void RedisSingle::Append(std::string_view /*key*/, std::span<const std::string_view> arguments) {
  connection_.Append(arguments);
}

Result<config::Address> RedisSingle::ServerOf(std::string_view /*key*/) {
  return server_;
}

}  // namespace quartet::events
