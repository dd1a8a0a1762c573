#pragma once

#include <cstddef>
#include <cstdint>

// In which pieces messages are written, carried and handled, and how many wait in memory.
// What a caller can meet stands in common/base/limits.h.
namespace quartet::events {

// A batch of messages: what one row of the outbox or of `event` holds, one publication, one
// page of a sweep or a replay, one call of a handler. A piece that costs each side some
// milliseconds and little memory; a single message may be more.
inline constexpr std::size_t kBatchBytesMax = std::size_t{4} << 20;
inline constexpr int kBatchMessagesMax = 500;
// Messages that wait in memory to be published. More stay in the outbox, or are sent again
// by who waits for them.
inline constexpr std::size_t kPublishQueueBytesMax = std::size_t{64} << 20;
// What joined messages grow to; and how many of those are kept while the broker is away,
// together with kBatchBytesMax.
inline constexpr std::size_t kJoinedBytesMax = std::size_t{64} << 10;
inline constexpr std::size_t kJoinedKeptMax = 64;
// Messages that a consumer keeps between their tries. More stay with the broker, or are sent
// again.
inline constexpr std::size_t kRetriesBytesMax = std::size_t{16} << 20;
// Why a message failed, as a dead letter keeps it.
inline constexpr std::size_t kDeadLetterErrorBytesMax = 2 << 10;
// The broker's copies of dead letters, for a look at them; in each partition.
inline constexpr int kDeadStreamEntriesMax = 1'000;
// Rows that one piece of pruning or deleting touches, so that it delays the writes of
// callers by milliseconds.
inline constexpr int kPruneRowsMax = 1'000;
// A stream of the broker in memory, which must not outgrow the process that tests with it.
inline constexpr std::size_t kMemoryStreamEntriesMax = 1'000'000;
inline constexpr std::size_t kMemoryStreamBytesMax = std::size_t{256} << 20;

}  // namespace quartet::events
