// common/events: messages between the services. A domain event is written to the
// outbox in the transaction that causes it (outbox/outbox.h); a command or reply is
// not, for whoever waits for its effect sends it again. The relay publishes them
// after commit (outbox/relay.h), a Bus carries them (Redis Streams in redis/bus.h, in
// memory for tests in memory_bus.h), and consumers handle them at least once, in
// any order (inbox/consumer.h). What fails too often waits for an operator
// (inbox/dead_letters.h). Which is which, and why: ADR 0013.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.h"

namespace quartet::events {

// Who sees to it that a message arrives, and how soon.
enum class Carriage {
  // The outbox: the message is kept there until the broker has confirmed it.
  kStored,
  // Its sender, who sends it again until it has been answered; so it is kept in
  // memory only.
  kResent,
  // The same, and nobody waits for it: the relay holds it back for a moment and
  // joins it with others of its topic and type by putting their `data` one behind
  // the other, which protobuf reads as one message with all their repeated fields.
  // It has each of its own fields once at most, so that they can be told apart again
  // (joined_parts.h).
  kJoined,
};

// A CloudEvents 1.0 message in binary mode: the attributes, and `data` as
// serialised protobuf.
struct Message {
  std::string id;            // unique: a UUID
  std::string topic;         // for instance "lead.commands"
  std::string type;          // for instance "quartet.qualification.v1.Prepare"
  std::string source;        // the service that made it, for instance "/lead"
  std::string subject;       // what it is about
  std::int64_t time_us = 0;  // when it happened, microseconds since the Unix epoch
  std::string traceparent;   // W3C trace context; may be empty
  std::string data;

  // Sent, too, unless it is kStored: it says what is to become of a message that fails.
  Carriage carriage = Carriage::kStored;
  // The sender's own affair, never sent.
  std::string partition_key;  // empty: the subject

  // Messages of one key share a partition (`partitionkey` in CloudEvents' Partitioning extension).
  std::string_view key() const { return partition_key.empty() ? subject : partition_key; }

  // What it takes, attributes included.
  std::size_t size_bytes() const {
    return id.size() + topic.size() + type.size() + source.size() + subject.size() + traceparent.size() + data.size();
  }

  bool operator==(const Message&) const = default;
};

// The error of a message that its addressee cannot read, and nobody will: sent again
// it would be the same.
inline constexpr std::string_view kUnreadable = "MESSAGE_UNREADABLE";
inline Error UnreadableMessage(std::string message) {
  return {.code = Code::kDataLoss, .reason = std::string(kUnreadable), .message = std::move(message)};
}

// A message as it reached a consumer.
struct Delivery {
  Message message;
  std::string key;                  // where it lies in the broker (stream key)
  std::string entry_id;             // and its id there
  std::int64_t delivery_count = 1;  // how often it was handed out, this time included
};

// What one of several consumers reads of a topic: of every `of` partitions the
// one at `rank`. Where there are more consumers than partitions some read none.
struct Share {
  int rank = 0;  // 0 to of - 1
  int of = 1;    // at least 1

  bool Has(int partition) const { return of > 0 && partition % of == rank; }
  bool operator==(const Share&) const = default;
};

// One consumer's view of one topic: all its partitions, or its share of them.
// Used by one thread, except for Interrupt. After a broken connection every call
// tries to connect again; it is the caller who backs off between failures.
class Subscription {
 public:
  virtual ~Subscription() = default;

  // Reads from now on this share of the partitions; all of them until told. What
  // it holds of the others can still be held and acknowledged. Two consumers that
  // read one partition do no harm: each message goes to one of them.
  virtual void Take(Share share) = 0;

  // New messages, at most `max` (at least 1; rounded up to a multiple of the
  // partitions) and fewer where they are large, waiting up to `timeout` for the first; none is no error. After a start,
  // and after a broken connection, what this consumer holds unacknowledged comes first, and so it does of partitions
  // that it newly reads. Errors: UNAVAILABLE BROKER_UNAVAILABLE.
  virtual Result<std::vector<Delivery>> Receive(int max, std::chrono::milliseconds timeout) = 0;

  // Messages of its share that were handed to any consumer of the group at least `min_idle`
  // ago and never acknowledged, at most `max` as above; they are this consumer's
  // now. None means that there are no more.
  virtual Result<std::vector<Delivery>> Reclaim(int max, std::chrono::milliseconds min_idle) = 0;

  // Keeps messages that this consumer has not finished from being reclaimed:
  // their idle time starts again. Their delivery count stays.
  virtual Status Hold(std::span<const Delivery> deliveries) = 0;

  // Publishes `replies`, and then acknowledges `finished`: their effects are
  // durable, and they will not be delivered again. After an error some may have
  // been published, and some be acknowledged. Errors: see Bus::Publish.
  virtual Status Settle(std::span<const Delivery> finished, std::span<const Message> replies) = 0;
  Status Acknowledge(std::span<const Delivery> finished) { return Settle(finished, {}); }

  // Settle and then Receive, in one exchange with the broker where that is possible.
  virtual Result<std::vector<Delivery>> SettleAndReceive(std::span<const Delivery> finished,
                                                         std::span<const Message> replies, int max,
                                                         std::chrono::milliseconds timeout) {
    QUARTET_RETURN_IF_ERROR(Settle(finished, replies));
    return Receive(max, timeout);
  }

  // Puts a copy on the dead-letter stream of the message's partition, with the
  // reason. The message itself stays unacknowledged.
  virtual Status Bury(const Delivery& delivery, const Error& error) = 0;

  // Wakes a Receive that waits, or else the next one, which then returns early
  // with nothing. From any thread.
  virtual void Interrupt() = 0;
};

// What a broker tells of its own losses; see Bus::ReadMarker.
struct Marker {
  // The lowest of all partitions; nothing if one has none.
  std::optional<std::int64_t> value;
  // Names the servers' past. What was confirmed between two looks at the same history
  // is still there; another one may be without the last moments of the former (a
  // restart, a failover), even where no connection broke.
  std::string history;
};

class Bus {
 public:
  virtual ~Bus() = default;

  // Publishes all messages, in order, pipelined. OK means that the broker has
  // confirmed every one. After an error some may have been published; publishing
  // again is safe, for consumers expect duplicates. Thread-safe, as is the rest.
  // Errors: UNAVAILABLE BROKER_UNAVAILABLE (RetryInfo); FAILED_PRECONDITION
  // BROKER_MAY_EVICT where the broker is set to throw data away, BROKER_PARTITIONS where
  // the topic has more partitions by now than this bus was told.
  virtual Status Publish(std::span<const Message> messages) = 0;

  // The partition of `topic` that messages of `key` go to.
  virtual int PartitionOf(const std::string& topic, std::string_view key) const = 0;

  // A consumer of `group` on `topic`. The group is created at the start of the
  // topic if it is missing, also later (a broker that lost its data). `consumer`
  // is a slot's name that is used again after a restart.
  virtual std::unique_ptr<Subscription> Subscribe(const std::string& topic, const std::string& group,
                                                  const std::string& consumer) = 0;

  // Forgets, in the broker, what every group of the topic has acknowledged, and
  // where a topic has no group, what is older than `max_age`. Dead-letter streams
  // keep a week.
  virtual Status Trim(const std::string& topic, std::chrono::milliseconds max_age) = 0;

  // The marker of `topic` is a number kept in the broker beside each of the topic's
  // partitions, by which the one who owns it notices that the broker has lost data:
  // all that a partition had (its marker is missing), or the last moments (it is older
  // than what was written, or the history is another).

  virtual Result<Marker> ReadMarker(const std::string& topic) = 0;
  // Changes the marker if it is there in every partition; whether it was.
  virtual Result<bool> AdvanceMarker(const std::string& topic, std::int64_t value) = 0;
  // SetMarker creates the marker, unless a partition has lost its data after
  // BeginMarker with the same `token` (a UUID): then false, and it is not complete.
  virtual Status BeginMarker(const std::string& topic, const std::string& token) = 0;
  virtual Result<bool> SetMarker(const std::string& topic, const std::string& token, std::int64_t value) = 0;
};

}  // namespace quartet::events
