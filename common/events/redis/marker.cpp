#include "common/events/redis/marker.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <hiredis/hiredis.h>

#include "common/events/redis/entry.h"

namespace quartet::events {
namespace {

// How long a marker may be in the making, in seconds.
constexpr std::string_view kBegunSeconds = "86400";

std::string BegunKey(const std::string& stream_key, const std::string& token) {
  return MarkerKey(stream_key) + ":" + token;
}

// The value of a field of INFO.
std::string_view Field(std::string_view info, std::string_view name) {
  const auto found = info.find(name);
  if (found == std::string_view::npos) return {};
  info.remove_prefix(found + name.size());
  return info.substr(0, info.find('\r'));
}

Result<std::string> ReadHistory(RedisClient& client, std::span<const std::string> stream_keys) {
  std::vector<config::Address> servers;
  for (const std::string& key : stream_keys) {
    QUARTET_ASSIGN_OR_RETURN(const config::Address server, client.ServerOf(key));
    if (std::find(servers.begin(), servers.end(), server) != servers.end()) continue;
    servers.push_back(server);
    client.Append(key, {"INFO", "replication"});
  }
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client.Exchange());
  std::string history;
  for (const RedisReply& reply : replies) {
    QUARTET_RETURN_IF_ERROR(ReplyStatus(*reply));
    const std::string_view id = Field(ReplyText(*reply), "master_replid:");
    if (id.empty()) return BrokerUnavailable("Redis does not tell the id of its replication history");
    history += history.empty() ? "" : " ";
    history += id;
  }
  return history;
}

}  // namespace

Result<Marker> ReadMarkers(RedisClient& client, std::span<const std::string> stream_keys) {
  for (const std::string& key : stream_keys) {
    const std::string marker = MarkerKey(key);
    client.Append(marker, {"GET", marker});
  }
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client.Exchange());
  Marker marker;
  bool complete = true;
  for (const RedisReply& reply : replies) {
    QUARTET_RETURN_IF_ERROR(ReplyStatus(*reply));
    complete = complete && reply->type == REDIS_REPLY_STRING;
    const std::string_view text = ReplyText(*reply);
    // What is no number reads as 0, long ago: then much counts as lost, which is safe.
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    marker.value = marker.value ? std::min(*marker.value, value) : value;
  }
  if (!complete) marker.value.reset();
  QUARTET_ASSIGN_OR_RETURN(marker.history, ReadHistory(client, stream_keys));
  return marker;
}

Result<bool> AdvanceMarkers(RedisClient& client, std::span<const std::string> stream_keys, std::int64_t value) {
  const std::string text = std::to_string(value);
  for (const std::string& key : stream_keys) {
    const std::string marker = MarkerKey(key);
    client.Append(marker, {"SET", marker, text, "XX"});
  }
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client.Exchange());
  bool there = true;
  for (const RedisReply& reply : replies) {
    QUARTET_RETURN_IF_ERROR(ReplyStatus(*reply));
    there = there && reply->type != REDIS_REPLY_NIL;
  }
  return there;
}

Status PlaceMarkers(RedisClient& client, std::span<const std::string> stream_keys, std::int64_t value) {
  const std::string text = std::to_string(value);
  for (const std::string& key : stream_keys) {
    const std::string marker = MarkerKey(key);
    client.Append(marker, {"SET", marker, text, "NX"});
  }
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client.Exchange());
  for (const RedisReply& reply : replies) QUARTET_RETURN_IF_ERROR(ReplyStatus(*reply));
  return {};
}

Status BeginMarkers(RedisClient& client, std::span<const std::string> stream_keys, const std::string& token) {
  for (const std::string& key : stream_keys) {
    const std::string begun = BegunKey(key, token);
    client.Append(begun, {"SET", begun, "0", "EX", kBegunSeconds});
  }
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client.Exchange());
  for (const RedisReply& reply : replies) QUARTET_RETURN_IF_ERROR(ReplyStatus(*reply));
  return {};
}

Result<bool> SetMarkers(RedisClient& client, std::span<const std::string> stream_keys, const std::string& token,
                        std::int64_t value) {
  const std::string text = std::to_string(value);
  for (const std::string& key : stream_keys) {
    const std::string begun = BegunKey(key, token);
    // XX: only if it is still there. RENAME moves it into place only if it still is.
    client.Append(begun, {"SET", begun, text, "XX"});
    client.Append(begun, {"RENAME", begun, MarkerKey(key)});
  }
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client.Exchange());
  bool there = true;
  for (const RedisReply& reply : replies) {
    Status status = ReplyStatus(*reply);
    const bool missing = reply->type == REDIS_REPLY_NIL || (!status.ok() && status.error().code == Code::kNotFound);
    there = there && !missing;
    if (!missing) QUARTET_RETURN_IF_ERROR(std::move(status));
  }
  return there;
}

}  // namespace quartet::events
