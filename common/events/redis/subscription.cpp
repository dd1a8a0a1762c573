#include "common/events/redis/subscription.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include "common/base/limits.h"
#include "common/events/redis/entry.h"
#include "common/events/redis/layout.h"

namespace quartet::events {
namespace {

constexpr std::string_view kBeginning = "0-0";
// Ids of one XACK or XCLAIM.
constexpr std::size_t kIdsPerCommand = 1'000;
// Between two looks whether the former streams are empty for the group.
constexpr std::chrono::milliseconds kFormerWait{50};

}  // namespace

RedisSubscription::RedisSubscription(const RedisOptions& options, std::string topic, std::string group,
                                     std::string consumer)
    : topic_(std::move(topic)),
      group_(std::move(group)),
      consumer_(std::move(consumer)),
      counts_({options.partitions}),
      client_(MakeRedisClient(options)),
      waiting_reads_(options, *client_),
      interrupt_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (interrupt_fd_ < 0) throw std::runtime_error(fmt::format("eventfd: {}", std::strerror(errno)));
  ListPartitions();
  Read(0);
}

RedisSubscription::~RedisSubscription() {
  close(interrupt_fd_);
}

void RedisSubscription::Interrupt() {
  // Fails only if it is set already, many times over.
  [[maybe_unused]] const int added = eventfd_write(interrupt_fd_, 1);
}

bool RedisSubscription::TakeInterrupt() {
  eventfd_t count = 0;
  return eventfd_read(interrupt_fd_, &count) == 0;
}

int RedisSubscription::CountPerPartition(int max) const {
  const int mine = std::max(mine_, 1);
  return (read_size_.CountOf(max) + mine - 1) / mine;
}

void RedisSubscription::WaitIdle(std::chrono::milliseconds timeout) {
  pollfd interrupt{.fd = interrupt_fd_, .events = POLLIN, .revents = 0};
  poll(&interrupt, 1, static_cast<int>(timeout.count()));
  TakeInterrupt();
}

void RedisSubscription::ListPartitions() {
  partitions_.clear();
  for (const int count : counts_) {
    for (int i = 0; i < count; ++i)
      partitions_.push_back({.key = StreamKey(topic_, i, count), .number = i, .of = count});
  }
}

void RedisSubscription::Take(Share share) {
  share_ = share;
  Read(reading_);
}

void RedisSubscription::Read(std::size_t reading) {
  reading_ = reading;
  mine_ = 0;
  for (Partition& partition : partitions_) {
    const bool mine = partition.of == counts_[reading_] && share_.Has(partition.number);
    if (mine && !partition.mine) {
      partition.history_cursor = kBeginning;
      partition.reclaim_cursor = kBeginning;
    }
    partition.mine = mine;
    mine_ += mine ? 1 : 0;
  }
}

Status RedisSubscription::Prepare() {
  bool is_new = false;
  QUARTET_RETURN_IF_ERROR(client_->EnsureConnected(&is_new));
  if (!is_new) return {};
  Status begun = Begin();
  // Without its groups the client must not pass for a prepared one.
  if (!begun.ok()) client_->Close();
  return begun;
}

Status RedisSubscription::Begin() {
  QUARTET_ASSIGN_OR_RETURN(std::vector<int> counts, AgreeOnPartitions(*client_, counts_));
  if (counts != counts_) {
    counts_ = std::move(counts);
    ListPartitions();
  }
  carried_over_.clear();
  return CreateGroups();
}

Status RedisSubscription::CreateGroups() {
  for (Partition& partition : partitions_) {
    client_->Append(partition.key, {"XGROUP", "CREATE", partition.key, group_, "0", "MKSTREAM"});
    partition.mine = false;
  }
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client_->Exchange());
  for (const RedisReply& reply : replies) {
    if (ReplyText(*reply).starts_with("BUSYGROUP")) continue;
    QUARTET_RETURN_IF_ERROR(ReplyStatus(*reply));
  }
  if (counts_.size() > 1) QUARTET_RETURN_IF_ERROR(CarryOver(*client_, topic_, counts_));
  Read(counts_.size() - 1);
  return {};
}

Status RedisSubscription::GoOnIfDrained() {
  while (reads_former()) {
    QUARTET_ASSIGN_OR_RETURN(const bool drained, IsDrained(*client_, StreamKeys(topic_, counts_[reading_]), group_));
    if (!drained) return {};
    Read(reading_ - 1);
  }
  return {};
}

Status RedisSubscription::Check(const redisReply& reply) {
  Status status = ReplyStatus(reply);
  if (status.ok()) return status;
  if (status.error().code != Code::kNotFound) {
    // It may be a replica, or ill; another connection may do better.
    client_->Close();
    return status;
  }
  QUARTET_RETURN_IF_ERROR(Prepare());
  QUARTET_RETURN_IF_ERROR(Begin());
  return BrokerUnavailable(fmt::format("Redis has lost the group {} of {}; it is made again", group_, topic_));
}

Result<std::vector<Delivery>> RedisSubscription::Receive(int max, std::chrono::milliseconds timeout) {
  std::vector<Delivery> deliveries;
  if (TakeInterrupt()) return deliveries;
  if (mine_ == 0 && !reads_former()) {
    WaitIdle(timeout);
    return deliveries;
  }
  QUARTET_RETURN_IF_ERROR(Prepare());
  if (reads_former()) {
    QUARTET_RETURN_IF_ERROR(GoOnIfDrained());
    if (reads_former()) timeout = std::min(timeout, kFormerWait);
    if (mine_ == 0) {
      WaitIdle(timeout);
      return deliveries;
    }
  }
  QUARTET_ASSIGN_OR_RETURN(deliveries, ReceiveHistory(max));
  if (!deliveries.empty()) return deliveries;
  RedisConnection* const connection = client_->only_connection();
  if (connection != nullptr) return ReceiveFromServer(*connection, max, timeout);
  const int asked = CountPerPartition(max);
  QUARTET_ASSIGN_OR_RETURN(deliveries, ReceiveFromCluster(asked, timeout));
  read_size_.Came(asked, deliveries);
  return deliveries;
}

Status RedisSubscription::CollectStreams(const redisReply& reply, std::vector<Delivery>& deliveries) {
  for (std::size_t i = 0; i < reply.elements; ++i) {
    const redisReply& stream = *reply.element[i];
    const auto partition = std::find_if(partitions_.begin(), partitions_.end(),
                                        [&](const Partition& p) { return p.key == ReplyText(*stream.element[0]); });
    if (partition == partitions_.end()) continue;
    QUARTET_RETURN_IF_ERROR(Collect(*stream.element[1], *partition, deliveries));
  }
  return {};
}

Result<std::vector<Delivery>> RedisSubscription::ReceiveFromServer(RedisConnection& connection, int max,
                                                                   std::chrono::milliseconds timeout) {
  const int asked = CountPerPartition(max);
  const std::string count = std::to_string(asked);
  const std::string block = std::to_string(timeout.count());
  std::vector<std::string_view> command = {"XREADGROUP", "GROUP", group_, consumer_, "COUNT", count};
  // BLOCK 0 would wait for ever.
  if (timeout.count() > 0) command.insert(command.end(), {"BLOCK", block});
  command.emplace_back("STREAMS");
  for (const Partition& partition : partitions_) {
    if (partition.mine) command.push_back(partition.key);
  }
  command.insert(command.end(), static_cast<std::size_t>(mine_), ">");
  connection.Append(command);

  std::vector<Delivery> deliveries;
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, connection.ExchangeBlocking(timeout, interrupt_fd_));
  for (const RedisReply& reply : replies) {
    if (reply != nullptr) QUARTET_RETURN_IF_ERROR(Check(*reply));
  }
  if (replies.back() == nullptr) {
    TakeInterrupt();
    return deliveries;
  }
  QUARTET_RETURN_IF_ERROR(CollectStreams(*replies.back(), deliveries));
  read_size_.Came(asked, deliveries);
  return deliveries;
}

Result<std::vector<Delivery>> RedisSubscription::ReceiveFromCluster(int asked, std::chrono::milliseconds timeout) {
  const std::string count = std::to_string(asked);
  std::vector<std::string_view> keys;
  for (const Partition& partition : partitions_) {
    if (!partition.mine) continue;
    keys.push_back(partition.key);
    client_->Append(partition.key,
                    {"XREADGROUP", "GROUP", group_, consumer_, "COUNT", count, "STREAMS", partition.key, ">"});
  }
  QUARTET_ASSIGN_OR_RETURN(std::vector<RedisReply> replies, client_->Exchange());
  std::vector<Delivery> deliveries;
  for (const RedisReply& reply : replies) {
    QUARTET_RETURN_IF_ERROR(Check(*reply));
    QUARTET_RETURN_IF_ERROR(CollectStreams(*reply, deliveries));
  }
  if (!deliveries.empty() || timeout.count() <= 0) return deliveries;

  Result<std::vector<RedisReply>> found =
      waiting_reads_.Wait({.group = group_, .consumer = consumer_, .count = count}, keys, timeout, interrupt_fd_);
  if (!found.ok()) {
    // What was handed over on the way is read again.
    client_->Close();
    return std::move(found).error();
  }
  TakeInterrupt();
  for (const RedisReply& reply : *found) QUARTET_RETURN_IF_ERROR(CollectStreams(*reply, deliveries));
  return deliveries;
}

Result<std::vector<Delivery>> RedisSubscription::ReceiveHistory(int max) {
  std::vector<Delivery> deliveries;
  const int per_partition = CountPerPartition(max);
  const std::string count = std::to_string(per_partition);
  while (deliveries.empty()) {
    std::vector<Partition*> asked;
    for (Partition& partition : partitions_) {
      if (!partition.mine || partition.history_cursor.empty()) continue;
      client_->Append(partition.key, {"XREADGROUP", "GROUP", group_, consumer_, "COUNT", count, "STREAMS",
                                      partition.key, partition.history_cursor});
      asked.push_back(&partition);
    }
    if (asked.empty()) return deliveries;
    QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client_->Exchange());
    for (std::size_t i = 0; i < asked.size(); ++i) {
      QUARTET_RETURN_IF_ERROR(Check(*replies[i]));
      const redisReply* entries = replies[i]->elements == 1 ? replies[i]->element[0]->element[1] : nullptr;
      if (entries == nullptr || entries->elements == 0) {
        asked[i]->history_cursor.clear();
        continue;
      }
      asked[i]->history_cursor = ReplyText(*entries->element[entries->elements - 1]->element[0]);
      // Nothing follows, and Redis would count on from 0.
      if (asked[i]->history_cursor == kSealId) asked[i]->history_cursor.clear();
      QUARTET_RETURN_IF_ERROR(Collect(*entries, *asked[i], deliveries));
    }
  }
  read_size_.Came(per_partition, deliveries);
  QUARTET_RETURN_IF_ERROR(ReadDeliveryCounts(deliveries));
  return deliveries;
}

Result<std::vector<Delivery>> RedisSubscription::Reclaim(int max, std::chrono::milliseconds min_idle) {
  std::vector<Delivery> claimed;
  if (mine_ == 0) return claimed;
  QUARTET_RETURN_IF_ERROR(Prepare());
  // Which partitions these are a new connection finds out: there may have been fewer, and none of them its share.
  if (mine_ == 0) return claimed;
  const int asked = CountPerPartition(max);
  const std::string count = std::to_string(asked);
  const std::string idle = std::to_string(min_idle.count());
  std::vector<bool> finished;
  finished.reserve(partitions_.size());
  for (const Partition& partition : partitions_) finished.push_back(!partition.mine);
  while (claimed.empty() && std::find(finished.begin(), finished.end(), false) != finished.end()) {
    QUARTET_RETURN_IF_ERROR(ReclaimRound(count, idle, finished, claimed));
  }
  read_size_.Came(asked, claimed);
  if (!claimed.empty()) QUARTET_RETURN_IF_ERROR(ReadDeliveryCounts(claimed));
  return claimed;
}

Status RedisSubscription::ReclaimRound(const std::string& count, const std::string& min_idle,
                                       std::vector<bool>& finished, std::vector<Delivery>& claimed) {
  std::vector<std::size_t> asked;
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    if (finished[i]) continue;
    client_->Append(partitions_[i].key, {"XAUTOCLAIM", partitions_[i].key, group_, consumer_, min_idle,
                                         partitions_[i].reclaim_cursor, "COUNT", count});
    asked.push_back(i);
  }
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client_->Exchange());
  for (std::size_t i = 0; i < asked.size(); ++i) {
    QUARTET_RETURN_IF_ERROR(Check(*replies[i]));
    // [next cursor, entries, ids of deleted entries (taken off the pending list)]
    if (replies[i]->elements < 2) return BrokerUnavailable("XAUTOCLAIM gives an unknown form");
    Partition& partition = partitions_[asked[i]];
    partition.reclaim_cursor = ReplyText(*replies[i]->element[0]);
    finished[asked[i]] = partition.reclaim_cursor == kBeginning;
    QUARTET_RETURN_IF_ERROR(Collect(*replies[i]->element[1], partition, claimed));
  }
  return {};
}

Status RedisSubscription::Collect(const redisReply& entries, const Partition& partition,
                                  std::vector<Delivery>& deliveries) {
  deliveries.reserve(deliveries.size() + entries.elements);
  std::vector<Delivery> gone;
  for (std::size_t i = 0; i < entries.elements; ++i) {
    const redisReply& entry = *entries.element[i];
    if (entry.elements == 2 && ReplyText(*entry.element[0]) == kSealId) {
      gone.push_back({.key = partition.key, .entry_id = std::string(kSealId)});
    } else if (std::optional<Delivery> delivery = ReadEntry(entry, topic_, partition.key)) {
      deliveries.push_back(std::move(*delivery));
    } else if (entry.elements == 2) {
      gone.push_back({.key = partition.key, .entry_id = std::string(ReplyText(*entry.element[0]))});
    }
  }
  return gone.empty() ? Status() : Acknowledge(gone);
}

Status RedisSubscription::ReadDeliveryCounts(std::vector<Delivery>& deliveries) {
  for (const Delivery& delivery : deliveries) {
    client_->Append(delivery.key, {"XPENDING", delivery.key, group_, delivery.entry_id, delivery.entry_id, "1"});
  }
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client_->Exchange());
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    QUARTET_RETURN_IF_ERROR(Check(*replies[i]));
    // [[id, consumer, idle, count]]
    if (replies[i]->elements == 1 && replies[i]->element[0]->elements == 4) {
      deliveries[i].delivery_count = replies[i]->element[0]->element[3]->integer;
    }
  }
  return {};
}

void RedisSubscription::ForEachPartition(std::span<const Delivery> deliveries, std::string_view command,
                                         std::initializer_list<std::string_view> middle, std::string_view last) {
  for (const Partition& partition : partitions_) {
    std::vector<std::string_view> arguments;
    const auto start = [&] {
      arguments.assign({command, partition.key, group_});
      arguments.insert(arguments.end(), middle);
    };
    const auto finish = [&] {
      if (!last.empty()) arguments.push_back(last);
      client_->Append(partition.key, arguments);
    };
    start();
    const std::size_t first_id = arguments.size();
    for (const Delivery& delivery : deliveries) {
      if (delivery.key != partition.key) continue;
      arguments.push_back(delivery.entry_id);
      if (arguments.size() < first_id + kIdsPerCommand) continue;
      finish();
      start();
    }
    if (arguments.size() > first_id) finish();
  }
}

Status RedisSubscription::ExchangeAll() {
  if (client_->collected_commands() == 0) return {};
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client_->Exchange());
  for (const RedisReply& reply : replies) QUARTET_RETURN_IF_ERROR(Check(*reply));
  return {};
}

Status RedisSubscription::Hold(std::span<const Delivery> deliveries) {
  QUARTET_RETURN_IF_ERROR(Prepare());
  // JUSTID leaves the delivery count alone.
  ForEachPartition(deliveries, "XCLAIM", {consumer_, "0"}, "JUSTID");
  return ExchangeAll();
}

Status RedisSubscription::CollectSettling(std::span<const Delivery> finished, std::span<const Message> replies) {
  AddCommand command;
  for (const Message& message : replies) {
    const std::string key = StreamKey(message.topic, PartitionOf(message.key(), counts_.front()), counts_.front());
    client_->Append(key, command.Of(key, message));
    // Neither side is to buffer much.
    if (client_->collected_bytes() >= limits::kMessageBatchBytesMax) QUARTET_RETURN_IF_ERROR(ExchangeAll());
  }
  ForEachPartition(finished, "XACK", {}, "");
  return {};
}

Status RedisSubscription::Settle(std::span<const Delivery> finished, std::span<const Message> replies) {
  QUARTET_RETURN_IF_ERROR(Prepare());
  for (std::size_t i = 0; counts_.size() > 1 && i < replies.size(); ++i) {
    const std::string& topic = replies[i].topic;
    if (carried_over_.contains(topic)) continue;
    QUARTET_RETURN_IF_ERROR(CarryOver(*client_, topic, counts_));
    carried_over_.insert(topic);
  }
  QUARTET_RETURN_IF_ERROR(CollectSettling(finished, replies));
  return ExchangeAll();
}

bool RedisSubscription::receives_at_once() {
  return client_->only_connection() != nullptr && counts_.size() == 1 && mine_ > 0 &&
         std::ranges::all_of(partitions_, [](const Partition& p) { return !p.mine || p.history_cursor.empty(); });
}

Result<std::vector<Delivery>> RedisSubscription::SettleAndReceive(std::span<const Delivery> finished,
                                                                  std::span<const Message> replies, int max,
                                                                  std::chrono::milliseconds timeout) {
  QUARTET_RETURN_IF_ERROR(Prepare());
  if (!receives_at_once()) return Subscription::SettleAndReceive(finished, replies, max, timeout);
  QUARTET_RETURN_IF_ERROR(CollectSettling(finished, replies));
  return ReceiveFromServer(*client_->only_connection(), max, timeout);
}

Status RedisSubscription::Bury(const Delivery& delivery, const Error& error) {
  QUARTET_RETURN_IF_ERROR(Prepare());
  AddCommand command;
  const std::string key = DeadStreamKey(delivery.key);
  const std::string text = ToString(error).substr(0, limits::kDeadLetterErrorBytesMax);
  client_->Append(key, command.ForDeadLetter(key, delivery.message, group_, text));
  QUARTET_ASSIGN_OR_RETURN(const std::vector<RedisReply> replies, client_->Exchange());
  return Check(*replies.front());
}

}  // namespace quartet::events
