#include "common/events/inbox/handling.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/events/joined_parts.h"

namespace quartet::events {
namespace {

Handled FailedAll(std::size_t count, const std::string& problem) {
  return std::vector<Status>(count, Status(Internal(problem)));
}

// Nothing if it threw; then `problem` says what.
std::optional<Handled> Try(const Handler& handler, std::span<const Delivery> deliveries, std::string& problem) {
  try {
    return handler(deliveries);
  } catch (const std::exception& exception) {
    problem = fmt::format("a handler threw: {}", exception.what());
  } catch (...) {
    problem = "a handler threw";
  }
  return std::nullopt;
}

}  // namespace

bool PassesByItself(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kAborted || error.code == Code::kResourceExhausted;
}

std::size_t CountOfCall(std::span<const Delivery> deliveries, int max) {
  std::size_t bytes = 0;
  std::size_t count = 0;
  for (const Delivery& delivery : deliveries) {
    bytes += delivery.message.size_bytes();
    if (count > 0 && (count >= static_cast<std::size_t>(max) || bytes > limits::kMessageBatchBytesMax)) break;
    ++count;
  }
  return count;
}

Handled CallHandler(const Handler& handler, std::span<const Delivery> deliveries) {
  std::string problem;
  std::optional<Handled> handled = Try(handler, deliveries, problem);
  if (handled) {
    if (handled->statuses.size() == deliveries.size()) return *std::move(handled);
    return FailedAll(deliveries.size(), fmt::format("a handler gives {} results for {} messages",
                                                    handled->statuses.size(), deliveries.size()));
  }
  if (deliveries.size() == 1) return FailedAll(1, problem);
  Handled all;
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    Handled one = CallHandler(handler, deliveries.subspan(i, 1));
    all.statuses.push_back(std::move(one.statuses.front()));
    std::ranges::move(one.replies, std::back_inserter(all.replies));
  }
  return all;
}

JoinedRest TryParts(const Handler& handler, const Delivery& delivery, int max) {
  JoinedRest rest;
  std::vector<Delivery> parts;
  for (const std::string_view data : SplitJoined(delivery.message.data)) {
    Delivery& part = parts.emplace_back(
        Delivery{.key = delivery.key, .entry_id = delivery.entry_id, .delivery_count = delivery.delivery_count});
    Message& message = part.message;
    message.id = delivery.message.id;
    message.topic = delivery.message.topic;
    message.type = delivery.message.type;
    message.source = delivery.message.source;
    message.subject = delivery.message.subject;
    message.time_us = delivery.message.time_us;
    message.traceparent = delivery.message.traceparent;
    message.carriage = delivery.message.carriage;
    message.data = data;
  }
  for (std::span<const Delivery> left(parts); !left.empty();) {
    const auto some = left.first(CountOfCall(left, max));
    left = left.subspan(some.size());
    Handled handled = CallHandler(handler, some);
    std::ranges::move(handled.replies, std::back_inserter(rest.replies));
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (handled.statuses[i].ok()) continue;
      const Error& error = handled.statuses[i].error();
      const bool passes = PassesByItself(error);
      if (!rest.error || (!passes && rest.faulty.empty())) rest.error = error;
      (passes ? rest.waiting : rest.faulty) += some[i].message.data;
    }
  }
  return rest;
}

}  // namespace quartet::events
