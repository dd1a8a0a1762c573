#include "common/events/redis/bus.h"

#include <signal.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include <hiredis/hiredis.h>

#include "common/base/limits.h"
#include "common/events/redis/entry.h"
#include "common/events/redis/layout.h"
#include "common/events/redis/marker.h"
#include "common/events/redis/servers/client.h"
#include "common/events/redis/servers/connection.h"
#include "common/events/redis/servers/tls.h"
#include "common/events/redis/subscription.h"
#include "common/events/redis/trim.h"

namespace quartet::events {
namespace {

// One exchange carries no more, nor than kMessageBatchBytesMax, so that neither side buffers much.
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

RedisBus::RedisBus(RedisOptions options)
    : options_(std::move(options)), client_(MakeRedisClient(options_)), counts_({options_.partitions}) {
  IgnoreSigpipeUnlessSet();
}

RedisBus::~RedisBus() = default;

Status RedisBus::Check() {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(client_->Check());
  return Agree();
}

Status RedisBus::Agree() {
  Result<PartitionCounts> agreed = AgreeOnPartitions(*client_, counts_);
  if (!agreed.ok()) {
    // Without it the client must not pass for a connected one.
    client_->Close();
    return std::move(agreed).error();
  }
  counts_ = std::move(agreed).value();
  carried_over_.clear();
  return {};
}

Status RedisBus::Connect() {
  bool is_new = false;
  QUARTET_RETURN_IF_ERROR(client_->EnsureConnected(&is_new));
  return is_new ? Agree() : Status();
}

Status RedisBus::Publish(std::span<const Message> messages) {
  if (messages.empty()) return {};
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(Connect());
  for (std::size_t i = 0; counts_.size() > 1 && i < messages.size(); ++i) {
    const std::string& topic = messages[i].topic;
    if (carried_over_.contains(topic)) continue;
    QUARTET_RETURN_IF_ERROR(CarryOver(*client_, topic, counts_));
    carried_over_.insert(topic);
  }
  AddCommand command;
  for (const Message& message : messages) {
    const int partition = PartitionOf(message.topic, message.key());
    const std::string key = StreamKey(message.topic, partition, options_.partitions);
    client_->Append(key, command.Of(key, message));
    if (client_->collected_bytes() >= limits::kMessageBatchBytesMax ||
        client_->collected_commands() >= kExchangeCommandsMax) {
      QUARTET_RETURN_IF_ERROR(ExchangeAll(*client_));
    }
  }
  if (client_->collected_commands() == 0) return {};
  return ExchangeAll(*client_);
}

int RedisBus::PartitionOf(const std::string&, std::string_view key) const {
  return events::PartitionOf(key, options_.partitions);
}

std::unique_ptr<Subscription> RedisBus::Subscribe(const std::string& topic, const std::string& group,
                                                  const std::string& consumer) {
  return std::make_unique<RedisSubscription>(options_, topic, group, consumer);
}

Status RedisBus::Trim(const std::string& topic, std::chrono::milliseconds max_age) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(Connect());
  std::vector<std::string> keys = Keys(topic);
  std::ranges::move(FormerStreamKeys(topic, counts_), std::back_inserter(keys));
  return TrimStreams(*client_, keys, max_age);
}

std::vector<std::string> RedisBus::Keys(const std::string& topic) const {
  return StreamKeys(topic, options_.partitions);
}

// After a raise the markers of the former streams stay as they were then: they vouch for
// all that was made before. So they are where the new ones begin, and they show as well
// whether something is lost that lies there yet.
Result<Marker> RedisBus::ReadMarker(const std::string& topic) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(Connect());
  QUARTET_ASSIGN_OR_RETURN(Marker marker, ReadMarkers(*client_, Keys(topic)));
  if (counts_.size() == 1) return marker;
  QUARTET_ASSIGN_OR_RETURN(const Marker former, ReadMarkers(*client_, FormerStreamKeys(topic, counts_)));
  marker.history += " " + former.history;
  if (former.value && !marker.value) QUARTET_RETURN_IF_ERROR(PlaceMarkers(*client_, Keys(topic), *former.value));
  if (!former.value || !marker.value) marker.value = former.value;
  return marker;
}

Result<bool> RedisBus::AdvanceMarker(const std::string& topic, std::int64_t value) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(Connect());
  return AdvanceMarkers(*client_, Keys(topic), value);
}

Status RedisBus::BeginMarker(const std::string& topic, const std::string& token) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(Connect());
  return BeginMarkers(*client_, Keys(topic), token);
}

Result<bool> RedisBus::SetMarker(const std::string& topic, const std::string& token, std::int64_t value) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(Connect());
  QUARTET_ASSIGN_OR_RETURN(const bool there, SetMarkers(*client_, Keys(topic), token, value));
  // Those of former streams vouch for nothing then.
  if (there && counts_.size() > 1) {
    QUARTET_RETURN_IF_ERROR(PlaceMarkers(*client_, FormerStreamKeys(topic, counts_), 0));
  }
  return there;
}

}  // namespace quartet::events
