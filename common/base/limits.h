// Every limit of the suite that a caller or an operator can meet, in one table, each with
// its reason. What is over one is refused before any work is done.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quartet::limits {

// --- Events and dead letters

// One message between services, or domain event, its attributes included: the command of a qualification that opens
// five opportunities of the largest lead has some 5 MiB. An operation that has more to say is refused.
inline constexpr std::size_t kBrokerMessageBytesMax = 8'388'608;
// Dead letters of a service, which wait for an operator: what one can look through, and a table that nobody looks after
// may take.
inline constexpr std::int64_t kDeadLettersMax = 1'000;
inline constexpr std::int64_t kDeadLettersBytesMax = 67'108'864;

// Inspection (`quartet check`): names in one request, and entries of a page. A look at a page holds a reader and a
// snapshot for some milliseconds.
inline constexpr int kInspectionEntriesMax = 1'000;
inline constexpr int kInspectionEntriesDefault = 500;
// Stored bytes that one page is read from: pages of large records are shorter.
inline constexpr std::size_t kInspectionBytesMax = std::size_t{4} << 20;
// Rows of intents and of identities that one page is made from; more of them make it shorter, too.
inline constexpr int kInspectionRowsMax = 10'000;
// Questions that are announced to a remote database together; their answers are in memory at once.
inline constexpr std::size_t kInspectionExpectedMax = 64;
// A page token is the id of the last entry, which need not be a UUID if the database is damaged.
inline constexpr std::size_t kInspectionTokenBytesMax = 256;

}  // namespace quartet::limits
