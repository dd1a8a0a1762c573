#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "common/events/bus.h"
#include "common/events/inbox/consumer.h"

// Who is to blame when a handler fails.
namespace quartet::events {

// Whether the message has nothing to do with it: UNAVAILABLE, ABORTED, RESOURCE_EXHAUSTED.
bool PassesByItself(const Error& error);

// How many of `deliveries` one call of a handler takes: at most `max`, in bytes
// kMessageBatchBytesMax, and at least one.
std::size_t CountOfCall(std::span<const Delivery> deliveries, int max);

// Calls the handler; a status for each. Where it throws each message is handed to it
// alone, so that only those have failed, with INTERNAL, that it throws for.
Handled CallHandler(const Handler& handler, std::span<const Delivery> deliveries);

// What is left of a joined message after its parts were handed out one by one.
struct JoinedRest {
  std::string waiting;         // parts that fail for a reason that passes, joined again
  std::string faulty;          // parts that fail otherwise, likewise
  std::optional<Error> error;  // of a faulty part, or else of one that waits
  std::vector<Message> replies;
};

// Tries the parts of `delivery` each for itself, at most `max` in one call.
JoinedRest TryParts(const Handler& handler, const Delivery& delivery, int max);

}  // namespace quartet::events
