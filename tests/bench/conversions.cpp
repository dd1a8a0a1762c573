#include "tests/bench/conversions.h"

#include <algorithm>
#include <span>
#include <sstream>

#include "tests/bench/machine.h"

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

// Calls by command, from INFO commandstats ("cmdstat_xadd:calls=7,usec=…"), without those that ask for it.
std::map<std::string, double> RedisCommands(const test::RedisServer& redis) {
  std::map<std::string, double> calls;
  std::istringstream lines(redis.Command({"INFO", "commandstats"}));
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(":calls=");
    if (!line.starts_with("cmdstat_") || colon == std::string::npos) continue;
    const std::string command = line.substr(8, colon - 8);
    if (command == "info" || command.starts_with("config")) continue;
    calls[command] = std::stod(line.substr(colon + 7));
  }
  return calls;
}

// All that is counted, at one moment.
struct Counts {
  std::map<std::string, ProcessUsage> usage;
  double busy_seconds = 0;
  std::int64_t flushes = 0;
  std::int64_t data_bytes = 0;
};

ConversionCost Cost(const Counts& before, const Counts& after, std::map<std::string, double> redis_commands,
                    double conversions) {
  ConversionCost cost;
  for (const auto& [name, now] : after.usage) {
    const ProcessUsage& then = before.usage.at(name);
    cost.cpu_us[name] = (now.cpu_seconds - then.cpu_seconds) * 1e6 / conversions;
    cost.write_calls[name] = static_cast<double>(now.write_calls - then.write_calls) / conversions;
    cost.written_bytes += static_cast<double>(now.written_bytes - then.written_bytes) / conversions;
  }
  for (auto& [command, calls] : redis_commands) calls /= conversions;
  cost.redis_commands = std::move(redis_commands);
  cost.disk_flushes = static_cast<double>(after.flushes - before.flushes) / conversions;
  cost.data_bytes = static_cast<double>(after.data_bytes - before.data_bytes) / conversions;
  return cost;
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
  suite_.processes().redis().Command({"CONFIG", "RESETSTAT"});
  const auto count_all = [&] { return Counts{processes_.Usage(), BusySeconds(), Flushes(disk_), suite_.DataBytes()}; };
  const Counts before = count_all();

  ConversionRun run;
  const auto start = std::chrono::steady_clock::now();
  run.load = RunLoad({.addresses = {suite_.processes().AddressOf("qualification")},
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

  const Counts after = count_all();
  const auto conversions = static_cast<double>(std::max<std::int64_t>(run.load.counted, 1));
  run.cost = Cost(before, after, RedisCommands(suite_.processes().redis()), conversions);
  run.settle_seconds = Duration(settled - answered).count();
  for (const auto& [name, cpu_us] : run.cost.cpu_us) run.busy_cores += cpu_us * conversions / 1e6;
  const double elapsed = Duration(settled - start).count();
  run.busy_cores /= elapsed;
  run.other_cores = std::max(0.0, (after.busy_seconds - before.busy_seconds) / elapsed - run.busy_cores);
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
