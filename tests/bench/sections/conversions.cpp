#include "tests/bench/sections/conversions.h"

#include <algorithm>
#include <span>

#include "quartet/qualification/v1/service.pb.h"

namespace quartet::bench {
namespace {

using qualification::v1::BatchQualifyLeadsRequest;
using qualification::v1::BatchQualifyLeadsResponse;
using qualification::v1::Qualification;
using qualification::v1::QualifyLeadRequest;
using qualification::v1::QualifyLeadResponse;

// Conversions per second to be ready for, as a share of the fastest so far; and before there is one.
constexpr double kReserve = 1.6;
constexpr double kFirstGuess = 1'000;
// Arrivals come by chance: more than a rate says on average.
constexpr double kArrivalReserve = 1.1;
constexpr double kArrivalsMore = 200;

bool IsWhole(const Qualification& qualification) {
  return qualification.state() == Qualification::COMMITTED && !qualification.contact().name().empty() &&
         !qualification.account().name().empty() && qualification.opportunities_size() == 1;
}

std::int64_t CountOne(const std::string& bytes) {
  QualifyLeadResponse response;
  return response.ParseFromString(bytes) && IsWhole(response.qualification()) ? 1 : 0;
}

std::int64_t CountBatch(const std::string& bytes) {
  BatchQualifyLeadsResponse response;
  if (!response.ParseFromString(bytes)) return 0;
  const bool all = std::ranges::all_of(response.results(), [](const auto& r) { return IsWhole(r.qualification()); });
  return all ? response.results_size() : 0;
}

}  // namespace

const ConversionRun& ConversionResult::Median() const {
  std::vector<const ConversionRun*> sorted;
  for (const ConversionRun& run : runs) sorted.push_back(&run);
  std::ranges::sort(sorted, {}, [](const ConversionRun* run) { return run->load.PerSecond(); });
  return *sorted.at((sorted.size() - 1) / 2);
}

std::vector<std::string> Conversions::Requests(const ConversionPoint& point, int conversions) {
  Supply& supply = supplies_.at(point.companies);
  const int missing = conversions - static_cast<int>(supply.open.size());
  if (missing > 0) std::ranges::move(suite_.Import(supply.source, missing), std::back_inserter(supply.open));

  std::vector<std::string> requests;
  BatchQualifyLeadsRequest batch;
  for (const std::string& lead : std::span(supply.open).first(static_cast<std::size_t>(conversions))) {
    QualifyLeadRequest request;
    request.set_lead(lead);
    request.set_request_id(test::NewRequestId());
    if (point.batch == 0) {
      requests.push_back(request.SerializeAsString());
      continue;
    }
    *batch.add_requests() = std::move(request);
    if (batch.requests_size() < point.batch) continue;
    requests.push_back(batch.SerializeAsString());
    batch.Clear();
  }
  return requests;
}

ConversionRun Conversions::RunOnce(const ConversionPoint& point, Duration length) {
  const int per_call = std::max(1, point.batch);
  const double guess = fastest_ > 0 ? fastest_ * kReserve : kFirstGuess;
  const double wanted = point.rate > 0 ? point.rate * length.count() * kArrivalReserve + kArrivalsMore
                                       : guess * length.count() + 2 * per_call * point.in_flight;
  const auto requests = Requests(point, static_cast<int>(wanted));
  const CostMeter meter(processes_, disk_, [this] { return suite_.Count(); });

  ConversionRun run;
  run.load = RunLoad({.addresses = suite_.processes().AddressesOf("qualification"),
                      .method = point.batch == 0 ? "/quartet.qualification.v1.QualificationService/QualifyLead"
                                                 : "/quartet.qualification.v1.QualificationService/BatchQualifyLeads",
                      .requests = requests,
                      .in_flight = point.in_flight,
                      .rate = point.rate,
                      .length = length,
                      .count = point.batch == 0 ? CountOne : CountBatch},
                     stop_);
  const auto answered = std::chrono::steady_clock::now();
  suite_.Settle();
  const auto settled = std::chrono::steady_clock::now();

  run.cost = meter.PerUnit(static_cast<double>(std::max<std::int64_t>(run.load.counted, 1)));
  run.settle_seconds = Duration(settled - answered).count();
  fastest_ = std::max(fastest_, run.load.PerSecond());

  auto& open = supplies_.at(point.companies).open;
  const auto used = std::min(static_cast<std::ptrdiff_t>(run.load.calls * per_call), std::ssize(open));
  open.erase(open.begin(), open.begin() + used);
  return run;
}

std::vector<ConversionResult> Conversions::Measure(const std::vector<ConversionPoint>& points, int rounds,
                                                   Duration length) {
  std::vector<ConversionResult> results;
  for (const ConversionPoint& point : points) results.push_back({point, {}});
  for (int round = 0; round < rounds; ++round) {
    for (ConversionResult& result : results) {
      if (!stop_.stop_requested()) result.runs.push_back(RunOnce(result.point, length));
    }
  }
  return results;
}

}  // namespace quartet::bench
