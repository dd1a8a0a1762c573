#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "common/base/clock.h"

namespace quartet {

// Identifiers and randomness as a port, so that tests and the simulation own
// them.
class IdSource {
 public:
  virtual ~IdSource() = default;
  // A new UUID, version 7 (RFC 9562): lower-case text of 36 characters that
  // sorts by time of creation.
  virtual std::string NewUuid() = 0;
};

// UUIDv7 from a clock and a seeded generator; strictly increasing within one
// source, so that ids made in one process sort in their order. Thread-safe.
class UuidV7Source final : public IdSource {
 public:
  explicit UuidV7Source(const Clock& clock, std::uint64_t seed = std::random_device{}());
  std::string NewUuid() override;

 private:
  const Clock& clock_;
  std::mutex mutex_;
  std::mt19937_64 random_;
  std::int64_t last_ms_ = 0;
  std::uint32_t sequence_ = 0;
};

// UUID version 5 (RFC 9562, SHA-1) of `name` within Quartet's namespace: the
// same name always gives the same id.
std::string UuidV5(std::string_view name);

// The id of what a request makes in `collection`: the same request id, a UUID,
// always gives the same one. A version 7 of a version 7 (its time and what
// follows are taken over, the rest is a hash), so that what is made at one time
// lies together in every index; otherwise a version 5 (ADR 0015).
std::string UuidOfRequest(std::string_view collection, std::string_view request_id);

// When a UUID of version 7 was made, in microseconds since the Unix epoch, to the
// millisecond; nothing if `uuid` is none.
std::optional<std::int64_t> TimeOfUuidV7(std::string_view uuid);

// What sorts before every UUID of version 7 that was made at this time, to the millisecond, or
// later, and after all that were made before; no UUID itself.
std::string FirstUuidV7At(std::int64_t time_us);

// Whether `text` is a UUID in its lower-case textual form, of any version.
bool IsUuid(std::string_view text);

}  // namespace quartet
