#include "common/telemetry/counters.h"

namespace quartet::telemetry {

Counter& Counters::Get(std::string_view name) {
  const std::lock_guard lock(mutex_);
  auto found = counters_.find(name);
  if (found == counters_.end()) {
    found = counters_.emplace(std::string(name), std::make_unique<Counter>()).first;
  }
  return *found->second;
}

std::map<std::string, std::int64_t> Counters::Values() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::int64_t> values;
  for (const auto& [name, counter] : counters_) values.emplace(name, counter->value());
  return values;
}

}  // namespace quartet::telemetry
