#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/base/result.h"
#include "common/events/bus.h"
#include "common/events/membership/membership.h"
#include "common/storage/database.h"
#include "common/telemetry/counters.h"

namespace quartet::events {

struct ConsumerOptions {
  // Most messages of one call of the handler; in bytes it is kMessageBatchBytesMax.
  int batch_max = 512;
  // How long one Receive waits.
  std::chrono::milliseconds receive_timeout{1'000};
  // Deliveries, all of which failed, after which a message is dead.
  int deliveries_max = 5;
  // Messages kept in memory between their retries; beyond, and beyond
  // kRetriesBytesMax, they come again through Reclaim, or from their sender.
  int retries_held_max = limits::kRetriesMax;
  std::chrono::milliseconds retry_min{50};
  std::chrono::milliseconds retry_max{5'000};
  // Between two looks for messages that a dead consumer left behind, and between
  // two trimmings.
  std::chrono::milliseconds tick{1'000};
  // A message unacknowledged for so long is taken from its consumer. Longer than
  // a handler takes.
  std::chrono::milliseconds reclaim_idle{5'000};
  // Likewise when a replica has died: what it had is known to be left behind, so
  // this need only be longer than the living take.
  std::chrono::milliseconds takeover_idle{1'000};
  // See Bus::Trim.
  std::chrono::milliseconds broker_retention{std::chrono::hours(1)};
  // After failures of the broker.
  std::chrono::milliseconds backoff_min{50};
  std::chrono::milliseconds backoff_max{2'000};
  // Where it counts what an operator should know; it must outlive the consumer. None: nowhere.
  telemetry::Counters* counters = nullptr;
};

// What came of messages: one status for each, in their order, and what is to be
// published before they are acknowledged. That may be lost: its sender sends it
// again (Carriage::kResent).
struct Handled {
  Handled() = default;
  Handled(std::vector<Status> of_each) : statuses(std::move(of_each)) {}  // NOLINT: nothing to publish

  std::vector<Status> statuses;
  std::vector<Message> replies;
};

// Handles messages. May block.
using Handler = std::function<Handled(std::span<const Delivery>)>;

// Feeds the messages of one topic to a handler, each at least once, and sees to
// what goes wrong. The handler runs on one thread and may block. Of the statuses
// that it returns
// - OK means that the effect is durable, or the message comes again by itself until it is
//   (ADR 0013); it is acknowledged.
// - UNAVAILABLE, ABORTED, RESOURCE_EXHAUSTED are not the message's fault; it is
//   tried again after a growing pause, for ever.
// - anything else counts as a failed delivery. After `deliveries_max` of them a
//   message that nobody sends again goes to `dead_letter` and to the broker's
//   dead-letter stream, and is acknowledged; while there is no room for it (limits.h)
//   it is tried on. One that its sender sends again (Carriage) is acknowledged and
//   counted; only if it is unreadable (UnreadableMessage) one dead letter stands for all
//   of its kind (ADR 0029).
// A handler that throws has failed, with INTERNAL, for those that it throws for when they
// are alone; one that returns the wrong number of statuses for all. Where a joined
// message fails its parts are handed out one by one, and only the bad ones go on.
//
// It reads the partitions that are its replica's share, and takes over within a
// tick when replicas come and go; what a dead one held it reclaims.
//
// Start runs Step on a thread; tests and the simulation call Step themselves.
class Consumer {
 public:
  struct Stats {
    std::int64_t acknowledged = 0;  // handled, acknowledged
    std::int64_t retries = 0;       // failed, to be tried again
    std::int64_t dead = 0;          // given up, and now a dead letter
    std::int64_t given_up = 0;      // given up otherwise
    std::int64_t let_go = 0;        // not kept between two tries, for they come again
    std::int64_t broker_failures = 0;
    std::string last_error;  // of the broker or of a message; empty when all is well
  };

  // The replicas of `membership` divide the topic's partitions, and each is named
  // "<group>-<slot>" within `group`. Bus, database, membership and clock must outlive
  // the consumer.
  Consumer(Bus& bus, storage::Database& database, const Membership& membership, const std::string& topic,
           const std::string& group, Handler handler, ConsumerOptions options, const Clock& clock);
  ~Consumer();  // stops

  // Handles what is there, or arrives within `timeout`. How many messages were
  // handed to the handler; 0 at once while backing off. Not while started.
  // Errors: UNAVAILABLE when the broker failed.
  Result<int> Step(std::chrono::milliseconds timeout);

  void Start();
  // Lets the handler finish and ends the thread. What it has not finished comes
  // to the next consumer of this slot.
  void Stop();

  Stats stats() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quartet::events
