#include "tests/bench/report/report.h"

#include <algorithm>

namespace quartet::bench {
namespace {

void Add(const ConversionResult& result, std::vector<const LoadResult*>& loads) {
  for (const ConversionRun& run : result.runs) loads.push_back(&run.load);
}

std::vector<const LoadResult*> AllLoads(const Report& report) {
  std::vector<const LoadResult*> loads;
  for (const SuiteReport& suite : report.suites) {
    for (const auto& result : suite.conversions) Add(result, loads);
    for (const auto& result : suite.offered.steps) Add(result, loads);
    Add(suite.offered.half, loads);
    for (const auto& result : suite.calls) {
      for (const auto& run : result.runs) loads.insert(loads.end(), {&run.service, &run.echo});
    }
  }
  for (const SizeResult& size : report.sizes) {
    for (const auto& [method, runs] : size.runs) {
      for (const SizeResult::Run& run : runs) loads.push_back(&run.load);
    }
  }
  for (const ReplicasResult& result : report.replicas) {
    for (const ConversionRun& run : result.runs) loads.push_back(&run.load);
  }
  return loads;
}

}  // namespace

const ConversionResult* SuiteReport::Fastest() const {
  const ConversionResult* fastest = nullptr;
  for (const ConversionResult& result : conversions) {
    if (result.point.companies != Companies::kShared || result.point.batch > 0 || result.runs.empty()) continue;
    if (fastest == nullptr || result.Median().load.PerSecond() > fastest->Median().load.PerSecond()) fastest = &result;
  }
  return fastest;
}

double SuiteReport::Peak() const {
  const ConversionResult* fastest = Fastest();
  return std::max(offered.Peak(), fastest == nullptr ? 0 : fastest->Median().load.PerSecond());
}

const MonolithResult* Report::FastestMonolith(MonolithPoint::How how) const {
  const MonolithResult* fastest = nullptr;
  for (const MonolithResult& result : monolith) {
    if (result.point.how != how || result.runs.empty()) continue;
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
