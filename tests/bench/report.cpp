#include "tests/bench/report.h"

#include <algorithm>

namespace quartet::bench {
namespace {

std::vector<const LoadResult*> AllLoads(const Report& report) {
  std::vector<const LoadResult*> loads;
  for (const auto& result : report.conversions) {
    for (const auto& run : result.runs) loads.push_back(&run.load);
  }
  if (report.half_load) {
    for (const auto& run : report.half_load->runs) loads.push_back(&run.load);
  }
  for (const auto& result : report.calls) {
    for (const auto& run : result.runs) loads.insert(loads.end(), {&run.service, &run.echo});
  }
  return loads;
}

}  // namespace

const ConversionResult* Report::Fastest() const {
  const ConversionResult* fastest = nullptr;
  for (const ConversionResult& result : conversions) {
    if (result.point.companies != Companies::kShared || result.point.batch > 0 || result.runs.empty()) continue;
    if (fastest == nullptr || result.Median().load.PerSecond() > fastest->Median().load.PerSecond()) fastest = &result;
  }
  return fastest;
}

std::int64_t Report::Failures() const {
  std::int64_t failures = 0;
  for (const LoadResult* load : AllLoads(*this)) failures += load->failures;
  return failures;
}

std::string Report::FirstFailure() const {
  for (const LoadResult* load : AllLoads(*this)) {
    if (load->failures > 0) return load->first_failure;
  }
  return "";
}

}  // namespace quartet::bench
