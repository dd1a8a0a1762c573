#include "services/quartet/check/text.h"

#include <fmt/core.h>
#include <google/protobuf/util/time_util.h>

namespace quartet::cli {

std::string TimeText(std::int64_t time_us) {
  using google::protobuf::util::TimeUtil;
  constexpr std::int64_t kMicrosPerSecond = 1'000'000;
  return TimeUtil::ToString(TimeUtil::SecondsToTimestamp(time_us / kMicrosPerSecond));
}

std::string DurationText(std::int64_t duration_us) {
  const std::int64_t seconds = duration_us / 1'000'000;
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 120 * 60) return fmt::format("{} min", seconds / 60);
  if (seconds < 48 * 3'600) return fmt::format("{} h", seconds / 3'600);
  return fmt::format("{} d", seconds / 86'400);
}

std::set<std::string> ReferencesIn(const qualification::v1::RecordInspection& record, const std::string& field) {
  std::set<std::string> names;
  for (const auto& reference : record.references()) {
    if (reference.field() == field) names.insert(reference.name());
  }
  return names;
}

}  // namespace quartet::cli
