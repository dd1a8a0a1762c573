#pragma once

#include <cstdint>
#include <string_view>

#include "services/qualification/qualification_rules.h"

#include "quartet/qualification/v1/qualification.pb.h"

namespace quartet::qualification {

// Callers see a row with what it still waits for, which is never stored as such: it
// follows from the row. Pure.

// When a qualification that is not over counts as stuck: as soon as one of these is reached.
inline constexpr std::int64_t kStuckTries = 3;
inline constexpr std::int64_t kStuckAge_us = 30'000'000;

v1::Qualification ViewOf(const Row& row);

// The same of a row whose stored form is damaged, by its columns: `row` has these, and
// name, kind, state and lead of the qualification. A list that failed because of one row
// would hide all the others, and one that left it out would hide the damage.
v1::Qualification UnreadableView(const Row& row);

// DATA_LOSS QUALIFICATION_UNREADABLE, naming it.
Error Unreadable(std::string_view id);

}  // namespace quartet::qualification
