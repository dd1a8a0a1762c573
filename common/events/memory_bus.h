#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/events/bus.h"

namespace quartet::events {

// The Bus in memory, with the same promises as Redis Streams, for fast tests and
// the simulation. Deterministic: what it does depends only on the calls and the
// clock; a Receive with timeout 0 never waits. The knobs at the end do to it what
// operations does to Redis. Must outlive its subscriptions. Thread-safe.
class MemoryBus final : public Bus {
 public:
  // May duplicate, drop (they stay pending) or reorder what a Receive is about to
  // return.
  using DeliveryHook = std::function<void(std::vector<Delivery>&)>;

  explicit MemoryBus(const Clock& clock, int partitions = 4);
  ~MemoryBus() override;

  Status Publish(std::span<const Message> messages) override;
  int PartitionOf(const std::string& topic, std::string_view key) const override;
  std::unique_ptr<Subscription> Subscribe(const std::string& topic, const std::string& group,
                                          const std::string& consumer) override;
  Status Trim(const std::string& topic, std::chrono::milliseconds max_age) override;
  Result<Marker> ReadMarker(const std::string& topic) override;
  Result<bool> AdvanceMarker(const std::string& topic, std::int64_t value) override;
  Status BeginMarker(const std::string& topic, const std::string& token) override;
  Result<bool> SetMarker(const std::string& topic, const std::string& token, std::int64_t value) override;

  // Loses everything: messages, groups, markers.
  void Wipe();
  // While down every call fails with UNAVAILABLE.
  void SetDown(bool down);
  // Remembers the present contents; Rewind goes back to them, which is what a
  // failover to a lagging replica does.
  void Checkpoint();
  void Rewind();
  void SetDeliveryHook(DeliveryHook hook);

  // Everything on the topic now, in order of publication.
  std::vector<Message> Messages(const std::string& topic) const;
  // Everything on the topic's dead-letter streams.
  std::vector<Message> DeadLetters(const std::string& topic) const;

 private:
  friend class MemorySubscription;

  struct Pending {
    std::string consumer;
    std::int64_t delivered_us = 0;
    std::int64_t count = 0;
  };
  struct Group {
    std::int64_t last_delivered = 0;
    std::map<std::int64_t, Pending> pending;
  };
  struct Entry {
    Message message;
    std::int64_t published_us = 0;
  };
  struct Stream {
    std::map<std::int64_t, Entry> entries;  // kMemoryStream…Max
    std::size_t bytes = 0;                  // of those
    std::map<std::string, Group> groups;
    std::map<std::int64_t, Entry> dead;
  };
  struct Contents {
    std::map<std::string, Stream> streams;  // by key
    std::map<std::string, std::int64_t> markers;
    std::set<std::string> begun_markers;
  };

  Status CheckUp() const;
  // Forgets the entries before `end`.
  static void EraseUntil(Stream& stream, std::map<std::int64_t, Entry>::iterator end);

  const Clock& clock_;
  const int partitions_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // The rest is guarded by mutex_.
  bool down_ = false;
  // Grows on each loss of contents, so that subscriptions start anew.
  std::int64_t generation_ = 0;
  std::int64_t last_entry_id_ = 0;
  Contents contents_;
  Contents checkpoint_;
  DeliveryHook hook_;
};

}  // namespace quartet::events
