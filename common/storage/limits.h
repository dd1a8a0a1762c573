// What storage holds back, puts together and gives out is bounded in number and in bytes.
#pragma once

#include <cstddef>

#include "common/base/limits.h"

namespace quartet::limits {

// Writes that wait for a database's one writing thread, and what they hold meanwhile: some seconds of an ordinary
// disk's work; who comes later would time out in the queue.
inline constexpr std::size_t kQueuedWritesMax = 10'000;
inline constexpr std::size_t kQueuedWriteBytesMax = 64 * kMiB;
// What a write counts for in the queue beside what it says of itself: its closures, and what they share.
inline constexpr std::size_t kWriteBytesMin = 1024;

// Writes that share a transaction, and the bytes after which it takes no further one: one fsync is shared by enough,
// and the log, which may not start anew within a transaction, and the other callers' wait stay short.
inline constexpr std::size_t kTransactionWritesMax = 512;
inline constexpr std::size_t kTransactionBytesMax = 8 * kMiB;

// Rows of one result, which a server's client holds all at once, as it does their bytes. Whoever reads pages reads far
// less.
inline constexpr std::size_t kResultRowsMax = 100'000;
inline constexpr std::size_t kResultBytesMax = 256 * kMiB;

}  // namespace quartet::limits
