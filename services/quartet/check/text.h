#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "quartet/qualification/v1/inspection_service.pb.h"

namespace quartet::cli {

// A time in microseconds since the Unix epoch as "2026-11-30T22:18:37Z".
std::string TimeText(std::int64_t time_us);

// "90 s", "12 min", "3 h", "2 d".
std::string DurationText(std::int64_t duration_us);

// What the record names in this field.
std::set<std::string> ReferencesIn(const qualification::v1::RecordInspection& record, const std::string& field);

}  // namespace quartet::cli
