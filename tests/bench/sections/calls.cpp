#include "tests/bench/sections/calls.h"

#include <algorithm>
#include <memory>

#include <fmt/core.h>

#include "common/config/ports.h"
#include "tests/bench/sections/call_requests.h"
#include "tests/support/servers/child_process.h"

namespace quartet::bench {
namespace {

constexpr int kEchoPortOffset = static_cast<int>(config::kServices.size()) + 1;  // Redis is the one before

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

std::vector<std::string> CallMethods() {
  std::vector<std::string> names;
  for (const CallMethod& method : kCallMethods) names.emplace_back(method.name);
  return names;
}

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
  CallRequests requests(suite);
  std::vector<CallResult> results;
  for (const CallPoint& point : points) results.push_back({.point = point, .request_bytes = 0, .runs = {}});
  for (int round = 0; round < rounds; ++round) {
    for (CallResult& result : results) {
      if (stop.stop_requested()) return results;
      const CallMethod& method = MethodOf(result.point.method);
      const std::vector<std::string>& list = requests.Of(method, length);
      Load load{.addresses = {suite.processes().AddressOf(method.service)},
                .method = method.full_name,
                .requests = list,
                .repeat = method.repeatable,
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
      result.request_bytes = list.back().size();
      result.runs.push_back(std::move(run));
    }
  }
  return results;
}

}  // namespace quartet::bench
