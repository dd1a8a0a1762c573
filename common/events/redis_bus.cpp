#include "common/events/redis_bus.h"

#include <signal.h>

#include <utility>

#include <hiredis/hiredis.h>

#include "common/events/redis_client.h"
#include "common/events/redis_connection.h"
#include "common/events/redis_entry.h"
#include "common/events/redis_marker.h"
#include "common/events/redis_subscription.h"
#include "common/events/redis_tls.h"
#include "common/events/redis_trim.h"

namespace quartet::events {
namespace {

// One exchange carries no more than this, so that neither side buffers much.
constexpr std::size_t kExchangeBytesMax = 4 << 20;
constexpr int kExchangeCommandsMax = 4'000;

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

std::vector<std::string> RedisBus::PartitionKeys(const std::string& topic) const {
  std::vector<std::string> keys;
  for (int i = 0; i < options_.partitions; ++i) keys.push_back(StreamKey(topic, i));
  return keys;
}

Result<Marker> RedisBus::ReadMarker(const std::string& topic) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(client_->EnsureConnected());
  return ReadMarkers(*client_, PartitionKeys(topic));
}

Result<bool> RedisBus::AdvanceMarker(const std::string& topic, std::int64_t value) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(client_->EnsureConnected());
  return AdvanceMarkers(*client_, PartitionKeys(topic), value);
}

Status RedisBus::BeginMarker(const std::string& topic, const std::string& token) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(client_->EnsureConnected());
  return BeginMarkers(*client_, PartitionKeys(topic), token);
}

Result<bool> RedisBus::SetMarker(const std::string& topic, const std::string& token, std::int64_t value) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(client_->EnsureConnected());
  return SetMarkers(*client_, PartitionKeys(topic), token, value);
}

}  // namespace quartet::events
