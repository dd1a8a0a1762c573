#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/events/bus.h"

// How messages lie in the database: serialised quartet.events.v1.Envelope and
// EnvelopeBatch.
namespace quartet::events {

std::string SerializeMessage(const Message& message);
// Errors: DATA_LOSS MESSAGE_UNREADABLE.
Result<Message> ParseMessage(std::string_view payload);

std::string SerializeMessages(std::span<const Message* const> messages);
// Errors: DATA_LOSS MESSAGE_UNREADABLE.
Result<std::vector<Message>> ParseMessages(std::string_view payload);

// The lowest UUIDv7 of the millisecond of `time_us`: ids below were made before.
std::string LowestUuidV7(std::int64_t time_us);

}  // namespace quartet::events
