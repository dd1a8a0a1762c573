#include "common/events/redis/entry.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <limits>

#include <fmt/compile.h>
#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include "common/base/limits.h"

namespace quartet::events {
namespace {

// An attribute of our own, where there is no other way than to send the message again.
constexpr std::string_view kResent = "resent";
constexpr std::string_view kJoined = "joined";
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;

std::string_view Text(const redisReply& reply) {
  return reply.str == nullptr ? std::string_view() : std::string_view(reply.str, reply.len);
}

// `text` as a number of digits only; -1 otherwise.
std::int64_t Digits(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.starts_with('-')) return -1;
  return number;
}

void PutDigits(char* place, int width, std::int64_t number) {
  for (int i = width - 1; i >= 0; --i) {
    place[i] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

constexpr std::string_view kDeadEntriesMax = "1000";
static_assert(limits::kDeadStreamEntriesMax == 1'000);

}  // namespace

int PartitionOf(std::string_view key, int partitions) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char character : key) {
    hash ^= static_cast<unsigned char>(character);
    hash *= 1099511628211U;
  }
  return static_cast<int>(hash % static_cast<std::uint64_t>(partitions));
}

std::string StreamKey(std::string_view topic, int partition, int partitions) {
  return fmt::format(FMT_COMPILE("quartet:{{{}.{}/{}}}"), topic, partition, partitions);
}

std::string DeadStreamKey(std::string_view stream_key) {
  return std::string(stream_key) + ":dead";
}

std::string MarkerKey(std::string_view stream_key) {
  return std::string(stream_key) + ":marker";
}

std::array<char, 27> FormatTime(std::int64_t time_us) {
  std::int64_t seconds = time_us / kMicrosPerSecond;
  std::int64_t micros = time_us % kMicrosPerSecond;
  if (micros < 0) {
    micros += kMicrosPerSecond;
    --seconds;
  }
  std::int64_t day = seconds / kSecondsPerDay;
  std::int64_t second_of_day = seconds % kSecondsPerDay;
  if (second_of_day < 0) {
    second_of_day += kSecondsPerDay;
    --day;
  }
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(day))};
  std::array<char, 27> text;
  const std::string_view pattern = "0000-00-00T00:00:00.000000Z";
  std::copy(pattern.begin(), pattern.end(), text.begin());
  PutDigits(text.data(), 4, static_cast<int>(date.year()));
  PutDigits(text.data() + 5, 2, static_cast<unsigned>(date.month()));
  PutDigits(text.data() + 8, 2, static_cast<unsigned>(date.day()));
  PutDigits(text.data() + 11, 2, second_of_day / 3600);
  PutDigits(text.data() + 14, 2, second_of_day / 60 % 60);
  PutDigits(text.data() + 17, 2, second_of_day % 60);
  PutDigits(text.data() + 20, 6, micros);
  return text;
}

std::int64_t ParseTime(std::string_view text) {
  if (text.size() != 27 || text.back() != 'Z') return 0;
  const std::int64_t year = Digits(text.substr(0, 4));
  const std::int64_t month = Digits(text.substr(5, 2));
  const std::int64_t day = Digits(text.substr(8, 2));
  const std::int64_t hour = Digits(text.substr(11, 2));
  const std::int64_t minute = Digits(text.substr(14, 2));
  const std::int64_t second = Digits(text.substr(17, 2));
  const std::int64_t micros = Digits(text.substr(20, 6));
  if (std::min({year, month, day, hour, minute, second, micros}) < 0) return 0;
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return 0;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return ((days * kSecondsPerDay) + (hour * 3600) + (minute * 60) + second) * kMicrosPerSecond + micros;
}

const std::vector<std::string_view>& AddCommand::Of(std::string_view key, const Message& message) {
  time_ = FormatTime(message.time_us);
  arguments_.assign({"XADD", key, "*", "specversion", "1.0", "id", message.id, "type", message.type, "source",
                     message.source, "subject", message.subject, "time", std::string_view(time_.data(), time_.size())});
  if (!message.traceparent.empty()) With("traceparent", message.traceparent);
  if (message.carriage == Carriage::kResent) With("carriage", kResent);
  if (message.carriage == Carriage::kJoined) With("carriage", kJoined);
  return With("data", message.data);
}

const std::vector<std::string_view>& AddCommand::ForDeadLetter(std::string_view key, const Message& message,
                                                               std::string_view group, std::string_view error) {
  Of(key, message);
  arguments_.insert(arguments_.begin() + 2, {"MAXLEN", "~", kDeadEntriesMax});
  With("group", group);
  return With("error", error);
}

const std::vector<std::string_view>& AddCommand::With(std::string_view name, std::string_view value) {
  arguments_.push_back(name);
  arguments_.push_back(value);
  return arguments_;
}

std::optional<Delivery> ReadEntry(const redisReply& entry, const std::string& topic, const std::string& key) {
  if (entry.elements != 2 || entry.element[1]->type != REDIS_REPLY_ARRAY) return std::nullopt;
  Delivery delivery;
  delivery.key = key;
  delivery.entry_id = Text(*entry.element[0]);
  Message& message = delivery.message;
  message.topic = topic;
  const redisReply& fields = *entry.element[1];
  for (std::size_t i = 0; i + 1 < fields.elements; i += 2) {
    const std::string_view name = Text(*fields.element[i]);
    const std::string_view value = Text(*fields.element[i + 1]);
    if (name == "id") {
      message.id = value;
    } else if (name == "type") {
      message.type = value;
    } else if (name == "source") {
      message.source = value;
    } else if (name == "subject") {
      message.subject = value;
    } else if (name == "time") {
      message.time_us = ParseTime(value);
    } else if (name == "traceparent") {
      message.traceparent = value;
    } else if (name == "carriage") {
      if (value == kResent) message.carriage = Carriage::kResent;
      if (value == kJoined) message.carriage = Carriage::kJoined;
    } else if (name == "data") {
      message.data = value;
    }
  }
  return delivery;
}

EntryId EntryId::Parse(std::string_view text) {
  EntryId id;
  const char* const end = text.data() + text.size();
  const auto [dash, error] = std::from_chars(text.data(), end, id.ms);
  if (error != std::errc() || dash == end || *dash != '-') return {};
  if (std::from_chars(dash + 1, end, id.sequence).ec != std::errc()) return {};
  return id;
}

EntryId EntryId::Next() const {
  constexpr std::uint64_t kHighest = std::numeric_limits<std::uint64_t>::max();
  if (sequence == kHighest && ms == kHighest) return *this;
  if (sequence == kHighest) return {.ms = ms + 1, .sequence = 0};
  return {.ms = ms, .sequence = sequence + 1};
}

std::string EntryId::ToString() const {
  return fmt::format("{}-{}", ms, sequence);
}

}  // namespace quartet::events
