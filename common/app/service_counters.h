#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/storage/database.h"
#include "common/telemetry/counters.h"

namespace quartet::app {

// All that a service counts, by name: its calls, and as database_…_total what its
// database has done since it was opened (storage::DatabaseCounters tells what each
// number means; a transaction is a commit there).
std::map<std::string, std::int64_t> CounterValues(const telemetry::Counters& counters,
                                                  const storage::Database& database);

// Writes the totals of a service that stops to the log, in one line.
void LogTotals(const std::string& service, const storage::Database& database);

}  // namespace quartet::app
