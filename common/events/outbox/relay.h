#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/base/limits.h"
#include "common/events/bus.h"
#include "common/events/membership/membership.h"
#include "common/events/outbox/outbox.h"
#include "common/storage/database.h"

namespace quartet::events {

struct RelayOptions {
  // The service's name. Its event topic has the marker.
  std::string service;
  // Most messages of one pipelined Publish (a larger batch goes alone); in bytes it is
  // kMessageBatchBytesMax.
  int messages_per_round = 2'000;
  // Batches kept in memory; beyond, and beyond kPublishQueueBytesMax, they are
  // left to the sweep.
  int batches_held_max = limits::kPublishQueueBatchesMax;
  // Between a confirmation and the deletion of the row, so that deletions share
  // transactions instead of slowing down those that somebody waits for.
  std::chrono::milliseconds delete_delay{50};
  // How long domain events, and messages that are to be joined, wait for others.
  std::chrono::milliseconds linger{20};
  // Between sweeps, marker checks and prunings.
  std::chrono::milliseconds tick{1'000};
  // A row younger than this is taken to be on its way already.
  std::chrono::milliseconds sweep_age{1'000};
  std::chrono::milliseconds backoff_min{50};
  std::chrono::milliseconds backoff_max{2'000};
  // How long domain events are kept in the database.
  std::chrono::milliseconds event_retention{std::chrono::hours(24 * 7)};
  // How long domain events that no group reads are kept in the broker.
  std::chrono::milliseconds broker_retention{std::chrono::hours(1)};
  // A broker that fails over is assumed to lose no more than this of what it had
  // confirmed.
  std::chrono::milliseconds loss_window{10'000};
  // Events that the broker confirms within this time of their making, clocks of
  // different machines included, need no care; the rows of later ones stay for
  // the loss window.
  std::chrono::milliseconds publish_window{5'000};
};

// Publishes what the outbox holds, each batch at least once, and deletes what
// the broker has confirmed. One per replica of a service: each publishes the rows
// of its own slot, and the leader also those of slots that nobody has. Only the
// leader prunes, trims, and sees to the marker.
//
// Batches come from memory (HandOver) right after their commit; a sweep of the
// table finds those that a crash, an outage or a full memory left behind. When
// the broker has lost data (the marker is missing or old, or the connection
// broke) the domain events concerned are published again from `event`.
//
// Start runs Step on a thread; tests and the simulation call Step themselves.
class Relay {
 public:
  struct Stats {
    std::int64_t batches_published = 0;   // confirmed by the broker, from the outbox
    std::int64_t messages_published = 0;  // in those
    std::int64_t events_republished = 0;  // messages published again after a loss
    std::int64_t publish_failures = 0;    // failed calls of the broker
    std::int64_t batches_held = 0;        // now in memory, their row not deleted yet
    std::int64_t messages_let_go = 0;     // not kept, for their sender sends them again
    std::string last_error;               // of the broker or the database; empty when all is well
  };

  // All must outlive the relay; the database also every operation it was given.
  Relay(Bus& bus, storage::Database& database, const Membership& membership, IdSource& ids, const Clock& clock,
        RelayOptions options);
  ~Relay();  // stops

  // Which rows of the outbox are this replica's now. Thread-safe.
  std::int64_t slot() const;

  // Takes over a batch whose row in the outbox, if it has one, is durable. Never
  // blocks. Thread-safe.
  void HandOver(Batch batch);

  // One round of everything that is due now, without waiting for time to pass.
  // Whether it had anything to publish or delete. Not while started.
  bool Step();

  void Start();
  // Publishes what is in hand if the broker answers, then ends the thread.
  void Stop();

  Stats stats() const;

 private:
  class Impl;
  // Shared with operations that the database has not finished.
  std::shared_ptr<Impl> impl_;
};

}  // namespace quartet::events
