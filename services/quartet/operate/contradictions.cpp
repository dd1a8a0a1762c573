#include "services/quartet/operate/contradictions.h"

#include <map>
#include <string_view>

#include <fmt/core.h>

namespace quartet::cli {

SeenContradictions ContradictionsIn(const operations::v1::GetCountersResponse& counters) {
  constexpr std::string_view kBefore = "contradictions_total{kind=\"";
  constexpr std::string_view kAfter = "\"}";
  std::map<std::string, std::int64_t> by_kind;
  for (const auto& [name, value] : counters.counters()) {
    if (value == 0 || !name.starts_with(kBefore) || !name.ends_with(kAfter)) continue;
    by_kind[name.substr(kBefore.size(), name.size() - kBefore.size() - kAfter.size())] += value;
  }
  SeenContradictions seen;
  for (const auto& [kind, value] : by_kind) {
    seen.total += value;
    seen.kinds += fmt::format("{}{} {}", seen.kinds.empty() ? "" : ", ", kind, value);
  }
  return seen;
}

}  // namespace quartet::cli
