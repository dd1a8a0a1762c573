#include "common/telemetry/counters.h"

#include <fmt/format.h>

namespace quartet::telemetry {

Counter& Counters::Get(std::string_view name) {
  const std::lock_guard lock(mutex_);
  auto found = counters_.find(name);
  if (found == counters_.end()) {
    found = counters_.emplace(std::string(name), std::make_unique<Counter>()).first;
  }
  return *found->second;
}

std::string Counters::Dump() const {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const auto& [name, counter] : counters_) {
    text += fmt::format("{} {}\n", name, counter->value());
  }
  return text;
}

}  // namespace quartet::telemetry
