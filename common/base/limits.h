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

}  // namespace quartet::limits
