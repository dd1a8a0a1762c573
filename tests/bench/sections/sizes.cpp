#include "tests/bench/sections/sizes.h"

#include <algorithm>
#include <memory>
#include <numeric>

#include <fmt/core.h>

#include "tests/bench/sections/call_requests.h"
#include "tests/bench/sections/conversions.h"
#include "tests/bench/suite/fill.h"

namespace quartet::bench {
namespace {

constexpr int kOpen = 32;
constexpr Duration kSizesWarmUp{0.5};

// The suite of one size.
class Sized {
 public:
  Sized(SizeResult& result, const std::string& server, const Disk& disk, const std::stop_token& stop)
      : result_(result),
        disk_(disk),
        stop_(stop),
        suite_({.server = server, .databases = fmt::format("quartet_{}", result.records)}) {
    const auto start = std::chrono::steady_clock::now();
    const auto names = Fill(suite_, result.records, stop);
    result.fill_seconds = Duration(std::chrono::steady_clock::now() - start).count();
    result.start_seconds = suite_.StartServices();
    result.data_bytes = static_cast<double>(suite_.DataBytes());
    processes_ = std::make_unique<Processes>();
    requests_ = std::make_unique<CallRequests>(suite_, names);
    conversions_ = std::make_unique<Conversions>(suite_, *processes_, disk, stop);
    conversions_->Measure({{.in_flight = kOpen}}, 1, kSizesWarmUp);
  }

  void Call(const std::string& name, Duration length) {
    const CallMethod& method = MethodOf(name);
    const std::vector<std::string>& list = requests_->Of(method, length);
    const CostMeter meter(*processes_, disk_, {});
    SizeResult::Run run;
    run.load = RunLoad({.addresses = {suite_.processes().AddressOf(method.service)},
                        .method = method.full_name,
                        .requests = list,
                        .repeat = method.repeatable,
                        .in_flight = kOpen,
                        .length = length,
                        .count = {}},
                       stop_);
    suite_.Settle();
    const Cost cost = meter.PerUnit(static_cast<double>(std::max<std::int64_t>(run.load.calls, 1)));
    Add(name, std::move(run.load), cost);
  }

  void Convert(Duration length) {
    auto results = conversions_->Measure({{.in_flight = kOpen}}, 1, length);
    for (ConversionRun& run : results.front().runs) Add("QualifyLead", std::move(run.load), run.cost);
  }

 private:
  void Add(const std::string& method, LoadResult load, const Cost& cost) {
    const double cpu_us = std::accumulate(cost.cpu_us.begin(), cost.cpu_us.end(), 0.0,
                                          [](double sum, const auto& entry) { return sum + entry.second; });
    result_.runs[method].push_back({.load = std::move(load), .cpu_us = cpu_us, .written_bytes = cost.written_bytes});
  }

  SizeResult& result_;
  const Disk& disk_;
  const std::stop_token& stop_;
  BenchSuite suite_;
  std::unique_ptr<Processes> processes_;
  std::unique_ptr<CallRequests> requests_;
  std::unique_ptr<Conversions> conversions_;
};

}  // namespace

const SizeResult::Run& SizeResult::Median(const std::string& method) const {
  std::vector<const Run*> sorted;
  for (const Run& run : runs.at(method)) sorted.push_back(&run);
  std::ranges::sort(sorted, {}, [](const Run* run) { return run->cpu_us; });
  return *sorted.at((sorted.size() - 1) / 2);
}

std::vector<SizeResult> MeasureSizes(const std::string& server, const std::vector<int>& sizes, int rounds,
                                     Duration length, const Disk& disk, const std::stop_token& stop) {
  std::vector<SizeResult> results;
  for (const int size : sizes) results.push_back({.store = server.empty() ? kEmbedded : kPostgres, .records = size});
  std::vector<std::unique_ptr<Sized>> suites;
  for (SizeResult& result : results) {
    if (!stop.stop_requested()) suites.push_back(std::make_unique<Sized>(result, server, disk, stop));
  }
  for (int round = 0; round < rounds; ++round) {
    for (const char* method : {"GetLead", "CreateLead", "ListLeads"}) {
      for (const auto& suite : suites) {
        if (!stop.stop_requested()) suite->Call(method, length);
      }
    }
    for (const auto& suite : suites) {
      if (!stop.stop_requested()) suite->Convert(length);
    }
  }
  return results;
}

}  // namespace quartet::bench
