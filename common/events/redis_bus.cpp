#include "common/events/redis_bus.h"

#include <signal.h>

#include <charconv>
#include <utility>

#include <hiredis/hiredis.h>

#include "common/events/redis_client.h"
#include "common/events/redis_connection.h"
#include "common/events/redis_entry.h"
#include "common/events/redis_subscription.h"
#include "common/events/redis_tls.h"
#include "common/events/redis_trim.h"

namespace quartet::events {
namespace {

// One exchange carries no more than this, so that neither side buffers much.
constexpr std::size_t kExchangeBytesMax = 4 << 20;
constexpr int kExchangeCommandsMax = 4'000;
// How long a marker may be in the making, in seconds.
constexpr std::string_view kBegunMarkerSeconds = "86400";

void IgnoreSigpipeUnlessSet() {
  struct sigaction action = {};
  if (sigaction(SIGPIPE, nullptr, &action) == 0 && action.sa_handler == SIG_DFL) {
    action.sa_handler = SIG_IGN;
    sigaction(SIGPIPE, &action, nullptr);
  }
}

// Sends what was collected; every reply must be good.
Status ExchangeAll(RedisClient& client) {
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client.Exchange());
  for (const RedisReply& reply : replies) QUARTET_RETURN_IF_ERROR(ReplyStatus(*reply));
  return {};
}

}  // namespace

Status CheckOptions(const RedisOptions& options) {
  return options.address.tls ? CheckTls(options.address) : Status();
}

RedisBus::RedisBus(RedisOptions options) : options_(std::move(options)), client_(MakeRedisClient(options_)) {
  IgnoreSigpipeUnlessSet();
}

RedisBus::~RedisBus() = default;

Status RedisBus::Check() {
  const std::lock_guard lock(mutex_);
  return client_->Check();
}

Status RedisBus::Publish(std::span<const Message> messages) {
  if (messages.empty()) return {};
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(client_->EnsureConnected());
  AddCommand command;
  for (const Message& message : messages) {
    const std::string key = StreamKey(message.topic, PartitionOf(message.topic, message.subject));
    client_->Append(key, command.Of(key, message));
    if (client_->collected_bytes() >= kExchangeBytesMax || client_->collected_commands() >= kExchangeCommandsMax) {
      QUARTET_RETURN_IF_ERROR(ExchangeAll(*client_));
    }
  }
  if (client_->collected_commands() == 0) return {};
  return ExchangeAll(*client_);
}

int RedisBus::PartitionOf(const std::string&, std::string_view subject) const {
  return events::PartitionOf(subject, options_.partitions);
}

std::unique_ptr<Subscription> RedisBus::Subscribe(const std::string& topic, const std::string& group,
                                                  const std::string& consumer) {
  return std::make_unique<RedisSubscription>(options_, topic, group, consumer);
}

Status RedisBus::Trim(const std::string& topic, std::chrono::milliseconds max_age) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(client_->EnsureConnected());
  return TrimTopic(*client_, topic, options_.partitions, max_age);
}

Result<std::optional<std::int64_t>> RedisBus::ReadMarker(const std::string& name) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(client_->EnsureConnected());
  const std::string key = MarkerKey(name);
  QUARTET_ASSIGN_OR_RETURN(const RedisReply reply, client_->Command(key, {"GET", key}));
  if (reply->type != REDIS_REPLY_STRING) return std::optional<std::int64_t>();
  std::int64_t value = 0;
  // What is no number reads as 0, long ago: then much counts as lost, which is safe.
  std::from_chars(reply->str, reply->str + reply->len, value);
  return std::optional<std::int64_t>(value);
}

Result<bool> RedisBus::AdvanceMarker(const std::string& name, std::int64_t value) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(client_->EnsureConnected());
  const std::string key = MarkerKey(name);
  QUARTET_ASSIGN_OR_RETURN(const RedisReply reply, client_->Command(key, {"SET", key, std::to_string(value), "XX"}));
  return reply->type != REDIS_REPLY_NIL;
}

Status RedisBus::BeginMarker(const std::string& name, const std::string& token) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(client_->EnsureConnected());
  const std::string key = MarkerKey(name) + ":" + token;
  QUARTET_ASSIGN_OR_RETURN(const RedisReply reply, client_->Command(key, {"SET", key, "0", "EX", kBegunMarkerSeconds}));
  return {};
}

Result<bool> RedisBus::SetMarker(const std::string& name, const std::string& token, std::int64_t value) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(client_->EnsureConnected());
  const std::string begun = MarkerKey(name) + ":" + token;
  // XX: only if it is still there. RENAME moves it into place only if it still is.
  const std::string marker = MarkerKey(name);
  client_->Append(begun, {"SET", begun, std::to_string(value), "XX"});
  client_->Append(begun, {"RENAME", begun, marker});
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client_->Exchange());
  if (replies[0]->type == REDIS_REPLY_NIL) return false;
  QUARTET_RETURN_IF_ERROR(ReplyStatus(*replies[0]));
  const Status renamed = ReplyStatus(*replies[1]);
  if (renamed.ok()) return true;
  if (renamed.error().code == Code::kNotFound) return false;
  return renamed.error();
}

}  // namespace quartet::events
