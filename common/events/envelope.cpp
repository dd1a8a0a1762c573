#include "common/events/envelope.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "quartet/events/v1/envelope.pb.h"

namespace quartet::events {
namespace {

void ToEnvelope(const Message& message, v1::Envelope& envelope) {
  envelope.set_id(message.id);
  envelope.set_topic(message.topic);
  envelope.set_type(message.type);
  envelope.set_source(message.source);
  envelope.set_subject(message.subject);
  envelope.set_time_us(message.time_us);
  envelope.set_traceparent(message.traceparent);
  envelope.set_data(message.data);
}

Message FromEnvelope(v1::Envelope&& envelope) {
  return {.id = std::move(*envelope.mutable_id()),
          .topic = std::move(*envelope.mutable_topic()),
          .type = std::move(*envelope.mutable_type()),
          .source = std::move(*envelope.mutable_source()),
          .subject = std::move(*envelope.mutable_subject()),
          .time_us = envelope.time_us(),
          .traceparent = std::move(*envelope.mutable_traceparent()),
          .data = std::move(*envelope.mutable_data())};
}

Error Unreadable() {
  return UnreadableMessage("a stored message cannot be read");
}

}  // namespace

std::string SerializeMessage(const Message& message) {
  v1::Envelope envelope;
  ToEnvelope(message, envelope);
  return envelope.SerializeAsString();
}

Result<Message> ParseMessage(std::string_view payload) {
  v1::Envelope envelope;
  if (!envelope.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return Unreadable();
  return FromEnvelope(std::move(envelope));
}

std::string SerializeMessages(std::span<const Message* const> messages) {
  v1::EnvelopeBatch batch;
  batch.mutable_messages()->Reserve(static_cast<int>(messages.size()));
  for (const Message* message : messages) ToEnvelope(*message, *batch.add_messages());
  return batch.SerializeAsString();
}

Result<std::vector<Message>> ParseMessages(std::string_view payload) {
  v1::EnvelopeBatch batch;
  if (!batch.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return Unreadable();
  std::vector<Message> messages;
  messages.reserve(static_cast<std::size_t>(batch.messages_size()));
  for (v1::Envelope& envelope : *batch.mutable_messages()) messages.push_back(FromEnvelope(std::move(envelope)));
  return messages;
}

std::string LowestUuidV7(std::int64_t time_us) {
  const std::int64_t ms = std::max<std::int64_t>(time_us, 0) / 1'000;
  return fmt::format("{:08x}-{:04x}-7000-8000-000000000000", ms >> 16, ms & 0xffff);
}

}  // namespace quartet::events
