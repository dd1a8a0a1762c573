#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/events/bus.h"

struct redisReply;

// How messages lie in Redis; redis/bus.h describes the form.
namespace quartet::events {

// The partition of `key`: FNV-1a (64 bit) modulo `partitions`. Never changes, or
// messages of one key would part.
int PartitionOf(std::string_view key, int partitions);

// "quartet:{<topic>.<partition>/<partitions>}".
std::string StreamKey(std::string_view topic, int partition, int partitions);
// With ":dead" and ":marker" behind the stream's key.
std::string DeadStreamKey(std::string_view stream_key);
std::string MarkerKey(std::string_view stream_key);

// Microseconds since the Unix epoch in the form of RFC 3339,
// "2026-01-31T12:00:00.123456Z"; and back, 0 if it is not of that form.
std::array<char, 27> FormatTime(std::int64_t time_us);
std::int64_t ParseTime(std::string_view text);

// The arguments of an XADD of a message. They refer to the message and to this
// object, which can be used again for the next one.
class AddCommand {
 public:
  const std::vector<std::string_view>& Of(std::string_view key, const Message& message);
  // The same for a dead-letter stream, which keeps only the newest.
  const std::vector<std::string_view>& ForDeadLetter(std::string_view key, const Message& message,
                                                     std::string_view group, std::string_view error);

 private:
  const std::vector<std::string_view>& With(std::string_view name, std::string_view value);

  std::array<char, 27> time_;
  std::vector<std::string_view> arguments_;
};

// The message of an entry as XREADGROUP and XAUTOCLAIM give it, [id, [field,
// value, …]]. Nothing if the entry has been deleted from the stream; unknown
// fields are ignored, missing ones are empty.
std::optional<Delivery> ReadEntry(const redisReply& entry, const std::string& topic, const std::string& key);

// An entry id, "<ms>-<sequence>", as numbers that can be compared.
struct EntryId {
  std::uint64_t ms = 0;
  std::uint64_t sequence = 0;

  // 0-0 if `text` is no id.
  static EntryId Parse(std::string_view text);
  // The highest id stays what it is.
  EntryId Next() const;
  std::string ToString() const;
  auto operator<=>(const EntryId&) const = default;
};

}  // namespace quartet::events
