#include "tests/bench/calls.h"

#include <algorithm>
#include <memory>
#include <random>
#include <stdexcept>

#include <fmt/core.h>

#include "common/config/ports.h"
#include "tests/support/child_process.h"

#include "quartet/lead/v1/service.pb.h"

namespace quartet::bench {
namespace {

constexpr int kLeadsToGet = 2'000;
constexpr int kListOfGets = 3;
constexpr int kListOfCreates = 4;
constexpr double kCreatesPerSecondMax = 15'000;
constexpr int kEchoPortOffset = static_cast<int>(config::kServices.size());

std::string FullName(const std::string& method) {
  return "/quartet.lead.v1.LeadService/" + method;
}

std::vector<std::string> GetRequests(BenchSuite& suite) {
  MadeLeads leads(Companies::kShared, kListOfGets);
  std::vector<std::string> requests;
  for (const std::string& name : suite.Import(leads, kLeadsToGet)) {
    lead::v1::GetLeadRequest request;
    request.set_name(name);
    requests.push_back(request.SerializeAsString());
  }
  std::ranges::shuffle(requests, std::mt19937(1));
  return requests;
}

std::vector<std::string> CreateRequests(MadeLeads& leads, int count) {
  std::vector<std::string> requests;
  for (int i = 0; i < count; ++i) {
    lead::v1::CreateLeadRequest request;
    *request.mutable_lead() = leads.Next();
    request.set_request_id(test::NewRequestId());
    requests.push_back(request.SerializeAsString());
  }
  return requests;
}

// The bare server, as a process of its own.
class Echo {
 public:
  Echo(const test::Suite& suite, std::size_t response_bytes)
      : address_(fmt::format("127.0.0.1:{}", suite.base_port() + kEchoPortOffset)),
        process_({(test::ProgramFolder() / "quartet-bench-echo").string(), "--listen", address_, "--response-bytes",
                  std::to_string(response_bytes)},
                 suite.folder() / "echo.log") {}

  const std::string& address() const { return address_; }

 private:
  const std::string address_;
  test::ChildProcess process_;
};

}  // namespace

double CallRun::Ratio() const {
  return echo.PerSecond() > 0 ? service.PerSecond() / echo.PerSecond() : 0;
}

const CallRun& CallResult::Median() const {
  std::vector<const CallRun*> sorted;
  for (const CallRun& run : runs) sorted.push_back(&run);
  std::ranges::sort(sorted, {}, [](const CallRun* run) { return run->Ratio(); });
  return *sorted.at((sorted.size() - 1) / 2);
}

std::vector<CallResult> MeasureCalls(BenchSuite& suite, const std::vector<CallPoint>& points, int rounds,
                                     Duration length, const std::stop_token& stop) {
  const std::vector<std::string> gets = GetRequests(suite);
  MadeLeads new_leads(Companies::kShared, kListOfCreates);
  std::vector<CallResult> results;
  for (const CallPoint& point : points) results.push_back({.point = point, .request_bytes = 0, .runs = {}});
  for (int round = 0; round < rounds; ++round) {
    for (CallResult& result : results) {
      if (stop.stop_requested()) return results;
      const bool is_get = result.point.method == "GetLead";
      std::vector<std::string> creates;
      if (!is_get) creates = CreateRequests(new_leads, static_cast<int>(kCreatesPerSecondMax * length.count()));
      Load load{.addresses = {suite.processes().AddressOf("lead")},
                .method = FullName(result.point.method),
                .requests = is_get ? gets : creates,
                .repeat = is_get,
                .in_flight = result.point.in_flight,
                .length = length,
                .count = {}};
      CallRun run;
      run.service = RunLoad(load, stop);
      suite.Settle();
      const Echo echo(suite.processes(), run.service.response_bytes);
      load.addresses = {echo.address()};
      load.repeat = true;
      run.echo = RunLoad(load, stop);
      result.request_bytes = load.requests.back().size();
      result.runs.push_back(std::move(run));
    }
  }
  return results;
}

}  // namespace quartet::bench
