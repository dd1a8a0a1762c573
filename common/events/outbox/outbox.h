#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/base/result.h"
#include "common/events/bus.h"
#include "common/storage/database.h"

namespace quartet::events {

class Relay;

// The tables behind the outbox, a part of every service's database (see
// common/events/migrations). `outbox` holds batches that the broker has not
// confirmed yet; a row is deleted once it has. `event` keeps domain events for
// a retention window, to be published again when the broker has lost its data, and
// for as long as they are in the outbox: a batch of nothing but events is written
// there alone, and its row in `outbox` has no payload.
// `dead_letter` keeps messages that failed too often until an operator acts.
// Payloads are serialised quartet.events.v1.EnvelopeBatch and Envelope.

// Brings these tables up to date. Errors: those of storage::Migrate.
Status MigrateEvents(storage::Database& database, const Clock& clock);

// Messages that belong together: written in one transaction, published as one. What
// an operation says is one batch, or several where it is much (kMessageBatchBytesMax).
// Only those that are to be stored are written; a batch without any has no row
// and no id.
struct Batch {
  std::int64_t slot = 0;            // of the replica that writes it, and publishes it
  std::string id;                   // UUIDv7
  std::int64_t create_time_us = 0;  // the time in `id` or a little later
  std::vector<Message> messages;
};

// The topic of a service's domain events.
std::string EventTopic(std::string_view service);

// Whether messages on `topic` are domain events (it ends in ".events"), which
// are kept.
bool IsEventTopic(std::string_view topic);

// Writes `batch` to the outbox, inside the transaction that causes it; its
// domain events are kept in `event` too. A batch without a message to write
// writes nothing.
Status WriteOutbox(storage::Transaction& transaction, const Batch& batch);

// What the services write through: operations with messages. Thread-safe.
class Outbox {
 public:
  // Does the work of one operation and fills `messages` (given empty) with what
  // it has to say. May run more than once; only the last run counts.
  using Run = std::function<Status(storage::Transaction& transaction, std::vector<Message>& messages)>;

  // All must outlive the Outbox and every operation given to it.
  Outbox(storage::Database& database, Relay& relay, IdSource& ids, const Clock& clock);

  // Queues an operation. Its messages become durable together with its effects,
  // and are then published. `done` is called once, on the database's thread, when
  // the result is durable or has failed; see storage::WriteOperation. A message
  // without an id or time gets them here. `expect` announces what `run` reads; see
  // there too. Further errors: INVALID_ARGUMENT MESSAGE_TOO_LARGE, with the size and the
  // limit in bytes, if a message would be larger than kBrokerMessageBytesMax.
  // `size_bytes` is what `run` holds; see there too.
  void Enqueue(Run run, std::function<void(Status)> done, std::function<void(storage::Transaction&)> expect = nullptr,
               std::size_t size_bytes = 0);

  // The same for a caller who waits for the result; see Database::Perform. With
  // `replies`, messages that are kResent are added there once the operation is
  // durable, and it is the caller who publishes them.
  Status Write(Run run, std::vector<Message>* replies = nullptr);

 private:
  struct Said;

  // Gives ids and times to those that have none.
  Status Complete(std::vector<Message>& messages, std::int64_t now_us);
  std::vector<Batch> Cut(std::vector<Message> messages, std::int64_t now_us);
  storage::WriteOperation Operation(Run run, std::function<void(Status)> done, std::vector<Message>* replies);

  storage::Database& database_;
  Relay& relay_;
  IdSource& ids_;
  const Clock& clock_;
};

}  // namespace quartet::events
