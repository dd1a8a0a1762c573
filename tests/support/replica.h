#pragma once

#include <atomic>
#include <latch>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/events/inbox/consumer.h"
#include "common/events/membership/member_lease.h"
#include "common/events/outbox/outbox.h"
#include "common/events/outbox/relay.h"
#include "common/storage/database.h"

namespace quartet::test {

// The messages that the replicas of a service have handled, and how often.
class Handled {
 public:
  void Note(std::int64_t slot, std::span<const events::Delivery> deliveries) {
    const std::lock_guard lock(mutex_);
    for (const events::Delivery& delivery : deliveries) {
      ++times_[delivery.message.id];
      slots_[delivery.key].insert(slot);
    }
  }
  std::map<std::string, int> times() {
    const std::lock_guard lock(mutex_);
    return times_;
  }
  // Which replicas read each partition, by its key.
  std::map<std::string, std::set<std::int64_t>> slots() {
    const std::lock_guard lock(mutex_);
    return slots_;
  }
  void Forget() {
    const std::lock_guard lock(mutex_);
    times_.clear();
    slots_.clear();
  }

 private:
  std::mutex mutex_;
  std::map<std::string, int> times_;
  std::map<std::string, std::set<std::int64_t>> slots_;
};

// What one replica of a service has of the messaging, over a database that it
// shares. It is driven by its test, unless it is started.
class Replica {
 public:
  // All must outlive it. It has joined.
  Replica(events::Bus& bus, storage::Database& database, const Clock& clock, IdSource& ids, Handled& handled,
          const std::string& topic, events::LeaseOptions lease_options = {}, events::RelayOptions relay_options = {},
          events::ConsumerOptions consumer_options = {})
      : database_(database),
        handled_(handled),
        lease_(database, ids, std::move(lease_options)),
        joined_(lease_.Join()),
        relay_(bus, database, lease_, ids, clock, std::move(relay_options)),
        outbox_(database, relay_, ids, clock),
        consumer_(
            bus, database, lease_, topic, "lead",
            [this](std::span<const events::Delivery> deliveries) { return Handle(deliveries); },
            std::move(consumer_options), clock) {}

  // One renewal, all that the relay has to do, all that there is to handle.
  void Step() {
    Renew();
    Publish();
    Consume();
  }
  void Renew() { EXPECT_TRUE(lease_.Renew().ok()); }
  void Publish() {
    while (relay_.Step()) Settle();
  }
  void Consume() {
    while (true) {
      const auto count = consumer_.Step(std::chrono::milliseconds(0));
      if (!count.ok() || *count == 0) return;
    }
  }

  void Start() {
    lease_.Start();
    relay_.Start();
    consumer_.Start();
  }
  // As a process stops that was asked to.
  void Stop() {
    consumer_.Stop();
    lease_.Stop();
    EXPECT_TRUE(lease_.Leave().ok());
    relay_.Stop();
  }

  // As one that is killed: it says nothing to the others. (What its threads have
  // begun they end.)
  void Die() {
    lease_.Stop();
    consumer_.Stop();
    relay_.Stop();
  }

  // Writes messages, each in an operation of its own; they share commits.
  void Say(const std::vector<events::Message>& messages) {
    std::latch done(static_cast<std::ptrdiff_t>(messages.size()));
    for (const events::Message& message : messages) {
      outbox_.Enqueue(
          [&message](storage::Transaction&, std::vector<events::Message>& out) {
            out.push_back(message);
            return Status();
          },
          [&done](const Status& status) {
            EXPECT_TRUE(status.ok());
            done.count_down();
          });
    }
    done.wait();
  }
  void Say(const events::Message& message) { Say(std::vector{message}); }
  // Whether it refuses, for a while, everything that it is given.
  void Refuse(bool refuse) { refuses_ = refuse; }

  events::MemberLease& lease() { return lease_; }
  events::Relay& relay() { return relay_; }
  events::Consumer& consumer() { return consumer_; }

 private:
  std::vector<Status> Handle(std::span<const events::Delivery> deliveries) {
    if (refuses_) return std::vector<Status>(deliveries.size(), Unavailable("BUSY", "not now", {}));
    handled_.Note(lease_.Now()->slot, deliveries);
    return std::vector<Status>(deliveries.size());
  }
  void Settle() {
    EXPECT_TRUE(database_.Write([](storage::Transaction&) { return Status(); }).ok());
  }

  storage::Database& database_;
  Handled& handled_;
  std::atomic<bool> refuses_ = false;
  events::MemberLease lease_;
  const Status joined_;
  events::Relay relay_;
  events::Outbox outbox_;
  events::Consumer consumer_;
};

}  // namespace quartet::test
