#include "common/events/outbox/outbox.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include "common/events/envelope.h"
#include "common/events/migrations.h"
#include "common/events/outbox/relay.h"
#include "common/storage/migrations.h"

namespace quartet::events {
namespace {

constexpr std::string_view kEventSuffix = ".events";
constexpr std::string_view kInsertOutbox = "INSERT INTO outbox (id, created_at, payload, slot) VALUES ($1, $2, $3, $4)";
constexpr std::string_view kInsertEvent = "INSERT INTO event (id, created_at, payload) VALUES ($1, $2, $3)";

// Moves those messages of `from` that their sender sends again, and does not join, to `to`.
void TakeResent(std::vector<Message>& from, std::vector<Message>& to) {
  const auto resent =
      std::stable_partition(from.begin(), from.end(), [](const Message& m) { return m.carriage != Carriage::kResent; });
  std::move(resent, from.end(), std::back_inserter(to));
  from.erase(resent, from.end());
}

}  // namespace

Status MigrateEvents(storage::Database& database, const Clock& clock) {
  return storage::Migrate(database, "events", kMigrations, clock);
}

std::string EventTopic(std::string_view service) {
  return std::string(service).append(kEventSuffix);
}

bool IsEventTopic(std::string_view topic) {
  return topic.ends_with(kEventSuffix);
}

Status WriteOutbox(storage::Transaction& transaction, const Batch& batch) {
  std::vector<const Message*> all;
  std::vector<const Message*> events;
  for (const Message& message : batch.messages) {
    if (message.carriage != Carriage::kStored) continue;
    all.push_back(&message);
    if (IsEventTopic(message.topic)) events.push_back(&message);
  }
  if (all.empty()) return {};
  const std::string_view id = batch.id;
  std::string payload;
  if (events.size() < all.size()) payload = SerializeMessages(all);
  QUARTET_RETURN_IF_ERROR(
      transaction.Run(kInsertOutbox, {id, batch.create_time_us, storage::Blob{payload}, batch.slot}));
  if (events.empty()) return {};
  payload = SerializeMessages(events);
  return transaction.Run(kInsertEvent, {id, batch.create_time_us, storage::Blob{payload}});
}

Outbox::Outbox(storage::Database& database, Relay& relay, IdSource& ids, const Clock& clock)
    : database_(database), relay_(relay), ids_(ids), clock_(clock) {}

storage::WriteOperation Outbox::Operation(Run run, std::function<void(Status)> done, std::vector<Message>* replies) {
  // What `run` leaves for `done`; the database never runs both at once.
  auto batch = std::make_shared<Batch>();
  return {.run = [this, batch, run = std::move(run)](storage::Transaction& transaction) -> Status {
            batch->messages.clear();
            batch->id.clear();
            QUARTET_RETURN_IF_ERROR(run(transaction, batch->messages));
            batch->create_time_us = clock_.NowMicros();
            batch->slot = relay_.slot();
            for (Message& message : batch->messages) {
              if (message.time_us == 0) message.time_us = batch->create_time_us;
              if (message.carriage == Carriage::kStored && batch->id.empty()) batch->id = ids_.NewUuid();
              // One that is joined gets an id when it is whole.
              if (message.carriage != Carriage::kJoined && message.id.empty()) message.id = ids_.NewUuid();
            }
            return WriteOutbox(transaction, *batch);
          },
          .done =
              [this, batch, done = std::move(done), replies](Status status) {
                if (status.ok() && replies != nullptr) TakeResent(batch->messages, *replies);
                if (status.ok() && !batch->messages.empty()) relay_.HandOver(std::move(*batch));
                done(std::move(status));
              }};
}

void Outbox::Enqueue(Run run, std::function<void(Status)> done, std::function<void(storage::Transaction&)> expect) {
  storage::WriteOperation operation = Operation(std::move(run), std::move(done), nullptr);
  operation.expect = std::move(expect);
  database_.Enqueue(std::move(operation));
}

Status Outbox::Write(Run run, std::vector<Message>* replies) {
  Status result;
  database_.Perform(Operation(
      std::move(run), [&result](Status status) { result = std::move(status); }, replies));
  return result;
}

}  // namespace quartet::events
