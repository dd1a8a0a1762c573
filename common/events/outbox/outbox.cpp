#include "common/events/outbox/outbox.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/events/envelope.h"
#include "common/events/migrations.h"
#include "common/events/outbox/relay.h"
#include "common/storage/migrations.h"

namespace quartet::events {
namespace {

constexpr std::string_view kEventSuffix = ".events";
constexpr storage::Statement kInsertOutbox = {
    "INSERT INTO outbox (id, created_at, payload, slot) VALUES ($1, $2, $3, $4)",
    storage::Inserts("outbox").By("id", 1)};
constexpr storage::Statement kInsertEvent = {"INSERT INTO event (id, created_at, payload) VALUES ($1, $2, $3)",
                                             storage::Inserts("event").By("id", 1)};

// Moves those messages of `from` that their sender sends again, and does not join, to `to`.
void TakeResent(std::vector<Message>& from, std::vector<Message>& to) {
  const auto stays = [](const Message& m) { return m.carriage != Carriage::kResent; };
  if (std::ranges::all_of(from, stays)) return;
  const auto resent = std::stable_partition(from.begin(), from.end(), stays);
  std::move(resent, from.end(), std::back_inserter(to));
  from.erase(resent, from.end());
}

Error TooLarge(const Message& message, std::size_t bytes) {
  Error error = {.code = Code::kInvalidArgument,
                 .reason = "MESSAGE_TOO_LARGE",
                 .message = fmt::format("a message of {} bytes about {} would follow, and {} are the most", bytes,
                                        message.subject, limits::kBrokerMessageBytesMax)};
  error.metadata["size_bytes"] = fmt::to_string(bytes);
  error.metadata["size_bytes_max"] = fmt::to_string(limits::kBrokerMessageBytesMax);
  return error;
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

// What an operation had to say, between `run` and `done`.
struct Outbox::Said {
  std::vector<Message> messages;
  std::vector<Batch> batches;
};

Status Outbox::Complete(std::vector<Message>& messages, std::int64_t now_us) {
  for (Message& message : messages) {
    if (message.time_us == 0) message.time_us = now_us;
    // One that is joined gets an id when it is whole.
    if (message.carriage != Carriage::kJoined && message.id.empty()) message.id = ids_.NewUuid();
    const std::size_t bytes = message.size_bytes();
    if (bytes > limits::kBrokerMessageBytesMax) return TooLarge(message, bytes);
  }
  return {};
}

// In pieces that those who read them again can take at once; one but for the largest operations.
std::vector<Batch> Outbox::Cut(std::vector<Message> messages, std::int64_t now_us) {
  std::size_t bytes = 0;
  for (const Message& message : messages) bytes += message.size_bytes();
  std::vector<Batch> batches;
  const auto begin = [&] { batches.push_back({.slot = relay_.slot(), .create_time_us = now_us}); };
  begin();
  if (bytes <= limits::kMessageBatchBytesMax && std::ssize(messages) <= limits::kMessageBatchMax) {
    batches.back().messages = std::move(messages);
  } else {
    bytes = 0;
    for (Message& message : messages) {
      const std::size_t size = message.size_bytes();
      const auto count = std::ssize(batches.back().messages);
      if (count > 0 && (bytes + size > limits::kMessageBatchBytesMax || count >= limits::kMessageBatchMax)) {
        begin();
        bytes = 0;
      }
      bytes += size;
      batches.back().messages.push_back(std::move(message));
    }
  }
  for (Batch& batch : batches) {
    const bool is_stored =
        std::ranges::any_of(batch.messages, [](const Message& m) { return m.carriage == Carriage::kStored; });
    if (is_stored) batch.id = ids_.NewUuid();
  }
  return batches;
}

storage::WriteOperation Outbox::Operation(Run run, std::function<void(Status)> done, std::vector<Message>* replies) {
  // What `run` leaves for `done`; the database never runs both at once.
  auto said = std::make_shared<Said>();
  return {.run = [this, said, run = std::move(run)](storage::Transaction& transaction) -> Status {
            said->messages.clear();
            said->batches.clear();
            QUARTET_RETURN_IF_ERROR(run(transaction, said->messages));
            if (said->messages.empty()) return {};
            const std::int64_t now_us = clock_.NowMicros();
            QUARTET_RETURN_IF_ERROR(Complete(said->messages, now_us));
            said->batches = Cut(std::move(said->messages), now_us);
            for (const Batch& batch : said->batches) QUARTET_RETURN_IF_ERROR(WriteOutbox(transaction, batch));
            return {};
          },
          .done =
              [this, said, done = std::move(done), replies](Status status) {
                for (Batch& batch : said->batches) {
                  if (!status.ok()) break;
                  if (replies != nullptr) TakeResent(batch.messages, *replies);
                  if (!batch.messages.empty()) relay_.HandOver(std::move(batch));
                }
                done(std::move(status));
              }};
}

void Outbox::Enqueue(Run run, std::function<void(Status)> done, std::function<void(storage::Transaction&)> expect,
                     std::size_t size_bytes) {
  storage::WriteOperation operation = Operation(std::move(run), std::move(done), nullptr);
  operation.expect = std::move(expect);
  operation.size_bytes = size_bytes;
  database_.Enqueue(std::move(operation));
}

Status Outbox::Write(Run run, std::vector<Message>* replies) {
  Status result;
  database_.Perform(Operation(
      std::move(run), [&result](Status status) { result = std::move(status); }, replies));
  return result;
}

}  // namespace quartet::events
