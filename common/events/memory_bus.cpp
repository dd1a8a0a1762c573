#include "common/events/memory_bus.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/events/redis/entry.h"

namespace quartet::events {
namespace {

constexpr std::chrono::milliseconds kMemoryRetryAfter{200};

std::int64_t EntryNumber(const Delivery& delivery) {
  std::int64_t number = 0;
  std::from_chars(delivery.entry_id.data(), delivery.entry_id.data() + delivery.entry_id.size(), number);
  return number;
}

}  // namespace

// What Subscription says, over the bus's contents.
class MemorySubscription final : public Subscription {
 public:
  MemorySubscription(MemoryBus& bus, std::string topic, std::string group, std::string consumer)
      : bus_(bus),
        topic_(std::move(topic)),
        group_(std::move(group)),
        consumer_(std::move(consumer)),
        history_read_(static_cast<std::size_t>(bus.partitions_), false) {}

  void Take(Share share) override {
    const std::lock_guard lock(bus_.mutex_);
    for (int partition = 0; partition < bus_.partitions_; ++partition) {
      if (share.Has(partition) && !share_.Has(partition)) history_read_[static_cast<std::size_t>(partition)] = false;
    }
    share_ = share;
  }

  Result<std::vector<Delivery>> Receive(int max, std::chrono::milliseconds timeout) override {
    std::unique_lock lock(bus_.mutex_);
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    while (true) {
      if (std::exchange(interrupted_, false)) return std::vector<Delivery>();
      if (Status up = bus_.CheckUp(); !up.ok()) {
        generation_ = kNever;  // the connection broke
        return std::move(up).error();
      }
      std::vector<Delivery> deliveries = TakeOwn(max);
      if (deliveries.empty()) deliveries = TakeNew(max);
      if (!deliveries.empty() && bus_.hook_) bus_.hook_(deliveries);
      if (!deliveries.empty() || timeout.count() <= 0) return deliveries;
      if (bus_.changed_.wait_until(lock, deadline) == std::cv_status::timeout) timeout = {};
    }
  }

  Result<std::vector<Delivery>> Reclaim(int max, std::chrono::milliseconds min_idle) override {
    const std::lock_guard lock(bus_.mutex_);
    QUARTET_RETURN_IF_ERROR(bus_.CheckUp());
    const std::int64_t before_us = bus_.clock_.SteadyMicros() - min_idle.count() * 1'000;
    return TakePending(
        max, [&](std::int64_t, const MemoryBus::Pending& pending) { return pending.delivered_us <= before_us; });
  }

  Status Hold(std::span<const Delivery> deliveries) override {
    const std::lock_guard lock(bus_.mutex_);
    QUARTET_RETURN_IF_ERROR(bus_.CheckUp());
    for (const Delivery& delivery : deliveries) {
      auto& pending = GroupOf(delivery.key).pending;
      const auto found = pending.find(EntryNumber(delivery));
      if (found == pending.end()) continue;
      found->second.consumer = consumer_;
      found->second.delivered_us = bus_.clock_.SteadyMicros();
    }
    return {};
  }

  Status Settle(std::span<const Delivery> finished, std::span<const Message> replies) override {
    QUARTET_RETURN_IF_ERROR(bus_.Publish(replies));
    const std::lock_guard lock(bus_.mutex_);
    QUARTET_RETURN_IF_ERROR(bus_.CheckUp());
    for (const Delivery& delivery : finished) GroupOf(delivery.key).pending.erase(EntryNumber(delivery));
    return {};
  }

  Status Bury(const Delivery& delivery, const Error&) override {
    const std::lock_guard lock(bus_.mutex_);
    QUARTET_RETURN_IF_ERROR(bus_.CheckUp());
    auto& dead = bus_.contents_.streams[delivery.key].dead;
    dead[++bus_.last_entry_id_] = {.message = delivery.message, .published_us = bus_.clock_.SteadyMicros()};
    if (std::ssize(dead) > limits::kDeadStreamEntriesMax) dead.erase(dead.begin());
    return {};
  }

  void Interrupt() override {
    const std::lock_guard lock(bus_.mutex_);
    interrupted_ = true;
    bus_.changed_.notify_all();
  }

 private:
  static constexpr std::int64_t kNever = -1;

  // Made at the start of the stream where it is missing.
  MemoryBus::Group& GroupOf(const std::string& key) { return bus_.contents_.streams[key].groups[group_]; }

  Delivery Deliver(const std::string& key, std::int64_t number, const MemoryBus::Entry& entry,
                   MemoryBus::Pending& pending) {
    pending.consumer = consumer_;
    pending.delivered_us = bus_.clock_.SteadyMicros();
    ++pending.count;
    return {.message = entry.message, .key = key, .entry_id = std::to_string(number), .delivery_count = pending.count};
  }

  // At most `max` pending entries that `wanted` accepts; those whose entry is gone
  // are forgotten.
  template <typename Wanted>
  std::vector<Delivery> TakePending(int max, Wanted wanted) {
    std::vector<Delivery> deliveries;
    std::size_t bytes = 0;
    for (int partition = 0; partition < bus_.partitions_; ++partition) {
      if (!share_.Has(partition)) continue;
      const std::string key = StreamKey(topic_, partition, bus_.partitions_);
      MemoryBus::Group& group = GroupOf(key);
      const auto& entries = bus_.contents_.streams[key].entries;
      for (auto it = group.pending.begin(); it != group.pending.end();) {
        if (static_cast<int>(deliveries.size()) >= max || bytes >= limits::kMessageBatchBytesMax) return deliveries;
        const auto entry = entries.find(it->first);
        if (entry == entries.end()) {
          it = group.pending.erase(it);
          continue;
        }
        if (wanted(it->first, it->second)) {
          deliveries.push_back(Deliver(key, it->first, entry->second, it->second));
          bytes += entry->second.message.size_bytes();
        }
        ++it;
      }
    }
    return deliveries;
  }

  // What this consumer held when it was made, when its connection broke, or when
  // it came to read a partition.
  std::vector<Delivery> TakeOwn(int max) {
    if (generation_ != bus_.generation_) {
      generation_ = bus_.generation_;
      own_.clear();
      history_read_.assign(history_read_.size(), false);
    }
    for (int partition = 0; partition < bus_.partitions_; ++partition) {
      if (!share_.Has(partition) || history_read_[static_cast<std::size_t>(partition)]) continue;
      history_read_[static_cast<std::size_t>(partition)] = true;
      for (const auto& [number, pending] : GroupOf(StreamKey(topic_, partition, bus_.partitions_)).pending) {
        if (pending.consumer == consumer_) own_.insert(number);
      }
    }
    if (own_.empty()) return {};
    std::vector<Delivery> deliveries = TakePending(max, [&](std::int64_t number, const MemoryBus::Pending& pending) {
      return own_.erase(number) > 0 && pending.consumer == consumer_;
    });
    if (deliveries.empty()) own_.clear();
    return deliveries;
  }

  std::vector<Delivery> TakeNew(int max) {
    std::vector<Delivery> deliveries;
    std::size_t bytes = 0;
    for (int partition = 0; partition < bus_.partitions_; ++partition) {
      if (!share_.Has(partition)) continue;
      const std::string key = StreamKey(topic_, partition, bus_.partitions_);
      MemoryBus::Group& group = GroupOf(key);
      const auto& entries = bus_.contents_.streams[key].entries;
      auto entry = entries.upper_bound(group.last_delivered);
      for (;
           entry != entries.end() && static_cast<int>(deliveries.size()) < max && bytes < limits::kMessageBatchBytesMax;
           ++entry) {
        bytes += entry->second.message.size_bytes();
        group.last_delivered = entry->first;
        deliveries.push_back(Deliver(key, entry->first, entry->second, group.pending[entry->first]));
      }
    }
    return deliveries;
  }

  MemoryBus& bus_;
  const std::string topic_;
  const std::string group_;
  const std::string consumer_;
  // The rest is guarded by the bus's lock.
  bool interrupted_ = false;
  Share share_;
  std::int64_t generation_ = kNever;
  std::vector<bool> history_read_;  // by partition
  std::set<std::int64_t> own_;
};

MemoryBus::MemoryBus(const Clock& clock, int partitions) : clock_(clock), partitions_(partitions) {}

MemoryBus::~MemoryBus() = default;

Status MemoryBus::CheckUp() const {
  if (!down_) return {};
  return Unavailable("BROKER_UNAVAILABLE", "the broker in memory is down", kMemoryRetryAfter);
}

void MemoryBus::EraseUntil(Stream& stream, std::map<std::int64_t, Entry>::iterator end) {
  for (auto entry = stream.entries.begin(); entry != end; entry = stream.entries.erase(entry)) {
    stream.bytes -= entry->second.message.size_bytes();
  }
}

Status MemoryBus::Publish(std::span<const Message> messages) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(CheckUp());
  for (const Message& message : messages) {
    Stream& stream =
        contents_.streams[StreamKey(message.topic, PartitionOf(message.topic, message.key()), partitions_)];
    if (stream.entries.size() >= limits::kMemoryStreamEntriesMax || stream.bytes >= limits::kMemoryStreamBytesMax) {
      return Unavailable("BROKER_UNAVAILABLE", "the broker in memory is full", kMemoryRetryAfter);
    }
    stream.bytes += message.size_bytes();
    stream.entries[++last_entry_id_] = {.message = message, .published_us = clock_.SteadyMicros()};
  }
  changed_.notify_all();
  return {};
}

int MemoryBus::PartitionOf(const std::string&, std::string_view key) const {
  return events::PartitionOf(key, partitions_);
}

std::unique_ptr<Subscription> MemoryBus::Subscribe(const std::string& topic, const std::string& group,
                                                   const std::string& consumer) {
  return std::make_unique<MemorySubscription>(*this, topic, group, consumer);
}

Status MemoryBus::Trim(const std::string& topic, std::chrono::milliseconds max_age) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(CheckUp());
  const std::int64_t oldest_us = clock_.SteadyMicros() - max_age.count() * 1'000;
  for (int partition = 0; partition < partitions_; ++partition) {
    const auto found = contents_.streams.find(StreamKey(topic, partition, partitions_));
    if (found == contents_.streams.end()) continue;
    Stream& stream = found->second;
    if (stream.groups.empty()) {
      const auto end = std::ranges::find_if(stream.entries,
                                            [&](const auto& entry) { return entry.second.published_us >= oldest_us; });
      EraseUntil(stream, end);
      continue;
    }
    std::int64_t keep_from = last_entry_id_ + 1;
    for (const auto& [name, group] : stream.groups) {
      keep_from = std::min(keep_from, group.pending.empty() ? group.last_delivered + 1 : group.pending.begin()->first);
    }
    EraseUntil(stream, stream.entries.lower_bound(keep_from));
  }
  return {};
}

Result<Marker> MemoryBus::ReadMarker(const std::string& topic) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(CheckUp());
  Marker read{.history = std::to_string(generation_)};
  const auto marker = contents_.markers.find(topic);
  if (marker != contents_.markers.end()) read.value = marker->second;
  return read;
}

Result<bool> MemoryBus::AdvanceMarker(const std::string& topic, std::int64_t value) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(CheckUp());
  const auto marker = contents_.markers.find(topic);
  if (marker == contents_.markers.end()) return false;
  marker->second = value;
  return true;
}

Status MemoryBus::BeginMarker(const std::string& topic, const std::string& token) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(CheckUp());
  contents_.begun_markers.insert(topic + ":" + token);
  return {};
}

Result<bool> MemoryBus::SetMarker(const std::string& topic, const std::string& token, std::int64_t value) {
  const std::lock_guard lock(mutex_);
  QUARTET_RETURN_IF_ERROR(CheckUp());
  if (contents_.begun_markers.erase(topic + ":" + token) == 0) return false;
  contents_.markers[topic] = value;
  return true;
}

void MemoryBus::Wipe() {
  const std::lock_guard lock(mutex_);
  contents_ = {};
  ++generation_;
  changed_.notify_all();
}

void MemoryBus::SetDown(bool down) {
  const std::lock_guard lock(mutex_);
  down_ = down;
  changed_.notify_all();
}

void MemoryBus::Checkpoint() {
  const std::lock_guard lock(mutex_);
  checkpoint_ = contents_;
}

void MemoryBus::Rewind() {
  const std::lock_guard lock(mutex_);
  contents_ = checkpoint_;
  ++generation_;
  changed_.notify_all();
}

void MemoryBus::SetDeliveryHook(DeliveryHook hook) {
  const std::lock_guard lock(mutex_);
  hook_ = std::move(hook);
}

std::vector<Message> MemoryBus::Messages(const std::string& topic) const {
  const std::lock_guard lock(mutex_);
  std::map<std::int64_t, Message> ordered;
  for (int partition = 0; partition < partitions_; ++partition) {
    const auto found = contents_.streams.find(StreamKey(topic, partition, partitions_));
    if (found == contents_.streams.end()) continue;
    for (const auto& [number, entry] : found->second.entries) ordered[number] = entry.message;
  }
  std::vector<Message> messages;
  messages.reserve(ordered.size());
  for (auto& [number, message] : ordered) messages.push_back(std::move(message));
  return messages;
}

std::vector<Message> MemoryBus::DeadLetters(const std::string& topic) const {
  const std::lock_guard lock(mutex_);
  std::vector<Message> messages;
  for (int partition = 0; partition < partitions_; ++partition) {
    const auto found = contents_.streams.find(StreamKey(topic, partition, partitions_));
    if (found == contents_.streams.end()) continue;
    for (const auto& [number, entry] : found->second.dead) messages.push_back(entry.message);
  }
  return messages;
}

}  // namespace quartet::events
