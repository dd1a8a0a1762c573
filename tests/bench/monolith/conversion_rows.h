#pragma once

#include <functional>
#include <map>
#include <string>

#include "common/storage/database.h"
#include "tests/bench/monolith/conversion_records.h"

namespace quartet::bench {

// Writes what one service has of a conversion that is over, by its own repositories.
using WriteRows = std::function<Status(storage::Transaction&, const ConversionRecords&)>;

// By service. Each may be used by one thread at a time, different ones at once.
std::map<std::string, WriteRows> ConversionWriters();

}  // namespace quartet::bench
