#include "tests/bench/sections/backlog.h"

#include <signal.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <thread>

#include "tests/bench/machine/processes.h"
#include "tests/bench/sections/call_requests.h"
#include "tests/bench/suite/bench_suite.h"
#include "tests/bench/suite/made_leads.h"

#include "quartet/qualification/v1/service.pb.h"

namespace quartet::bench {
namespace {

using qualification::v1::Qualification;
using qualification::v1::QualifyLeadRequest;
using qualification::v1::QualifyLeadResponse;

constexpr const char* kQualify = "/quartet.qualification.v1.QualificationService/QualifyLead";
constexpr const char* kOrchestrator = "quartet-qualification";
constexpr const char* kAway = "quartet-contact";
constexpr unsigned kSeed = 5;
constexpr int kPeakOpen = 256;
// Far more than the services let in.
constexpr int kBacklogOpenMax = 60'000;
constexpr double kAwayRate = 1'000;
constexpr double kPauseLengths = 10;
constexpr double kPauseMax = 25;  // calls wait for 30 seconds
// Arrivals come by chance: more than a rate says on average.
constexpr double kBacklogReserve = 1.1;
constexpr double kMore = 500;

std::int64_t CountCommitted(const std::string& bytes) {
  QualifyLeadResponse response;
  return response.ParseFromString(bytes) && response.qualification().state() == Qualification::COMMITTED ? 1 : 0;
}

// Stops a program, and has it go on at the latest when this object ends.
class Pause {
 public:
  explicit Pause(std::vector<pid_t> pids) : pids_(std::move(pids)) { Send(SIGSTOP); }
  ~Pause() { End(); }
  Pause(const Pause&) = delete;
  Pause& operator=(const Pause&) = delete;
  void End() { Send(SIGCONT); }

 private:
  void Send(int signal) {
    for (const pid_t pid : pids_) kill(pid, signal);
  }
  const std::vector<pid_t> pids_;
};

class Backlog {
 public:
  Backlog(const std::string& server, Duration length, const std::stop_token& stop)
      : suite_({.server = server, .databases = "backlog"}), length_(length), stop_(stop) {}

  double MeasurePeak() {
    double peak = 0;
    // Twice: the first one warms up.
    for (int i = 0; i < 2 && !stop_.stop_requested(); ++i) {
      const auto requests = Requests(static_cast<int>(kAwayRate * 4 * length_.count()) + kPeakOpen);
      const LoadResult load = Run(requests, /*rate=*/0, length_, kPeakOpen);
      peak = std::max(peak, load.PerSecond());
      suite_.Settle();
    }
    return peak;
  }

  OverloadStep Offer(const std::string& what, double rate) {
    OverloadStep step{.what = what, .rate = rate, .load = {}};
    const auto requests = Requests(static_cast<int>(rate * length_.count() * 2 * kBacklogReserve + kMore));
    step.load = Run(requests, rate, length_ * 2, kBacklogOpenMax);
    const auto answered = std::chrono::steady_clock::now();
    suite_.Settle();
    step.settle_seconds = Duration(std::chrono::steady_clock::now() - answered).count();
    step.orchestrator_bytes = processes_.Usage().at(kOrchestrator).resident_bytes;
    return step;
  }

  AwayResult MeasureAway() {
    AwayResult result{
        .pause_seconds = std::min(length_.count() * kPauseLengths, kPauseMax), .rate = kAwayRate, .load = {}};
    const auto requests = Requests(static_cast<int>(kAwayRate * result.pause_seconds * kBacklogReserve + kMore));
    result.moments.push_back(Look("before"));
    Pause pause(processes_.pids().at(kAway));
    const auto begin = std::chrono::steady_clock::now();
    const auto at = [&](double share) {
      return begin +
             std::chrono::duration_cast<std::chrono::steady_clock::duration>(Duration(result.pause_seconds) * share);
    };
    {
      const std::jthread callers(
          [&] { result.load = Run(requests, kAwayRate, Duration(result.pause_seconds), kBacklogOpenMax); });
      std::this_thread::sleep_until(at(0.7));
      result.moments.push_back(Look("away"));
      std::this_thread::sleep_until(at(1));
      pause.End();
      const auto back = std::chrono::steady_clock::now();
      result.moments.push_back(Look("works off"));
      suite_.Settle();
      result.worked_off_seconds = Duration(std::chrono::steady_clock::now() - back).count();
    }
    result.moments.push_back(Look("afterwards"));
    result.orchestrator_peak_bytes = processes_.Usage().at(kOrchestrator).peak_resident_bytes;
    return result;
  }

  std::int64_t OrchestratorBytes() { return processes_.Usage().at(kOrchestrator).resident_bytes; }

 private:
  std::vector<std::string> Requests(int count) {
    std::vector<std::string> requests;
    for (const std::string& lead : suite_.Import(source_, count)) {
      QualifyLeadRequest request;
      request.set_lead(lead);
      request.set_request_id(test::NewRequestId());
      requests.push_back(request.SerializeAsString());
    }
    return requests;
  }

  LoadResult Run(const std::vector<std::string>& requests, double rate, Duration length, int open) {
    return RunLoad({.addresses = suite_.processes().AddressesOf("qualification"),
                    .method = kQualify,
                    .requests = requests,
                    .in_flight = open,
                    .rate = rate,
                    .length = length,
                    .count = CountCommitted},
                   stop_);
  }

  Duration ReadLength() const { return std::min(length_ / 4, Duration(1)); }

  LoadResult Read(const char* method) {
    const CallMethod& call = MethodOf(method);
    return RunLoad({.addresses = suite_.processes().AddressesOf(call.service),
                    .method = call.full_name,
                    .requests = reads_.Of(call, ReadLength()),
                    .repeat = true,
                    .in_flight = 1,
                    .length = ReadLength()},
                   stop_);
  }

  std::int64_t RedisBytes() {
    constexpr std::string_view kKey = "used_memory:";
    const std::string memory = suite_.processes().redis().Command({"INFO", "memory"});
    const auto place = memory.find(kKey);
    return place == std::string::npos ? 0 : std::stoll(memory.substr(place + kKey.size()));
  }

  BacklogMoment Look(const std::string& when) {
    BacklogMoment moment{.when = when, .get = {}, .list = {}};
    moment.pending = suite_.Pending();
    moment.orchestrator_bytes = OrchestratorBytes();
    moment.redis_bytes = RedisBytes();
    moment.get = Read("GetLead");
    moment.list = Read("ListLeads");
    return moment;
  }

  BenchSuite suite_;
  const Processes processes_;
  const Duration length_;
  const std::stop_token& stop_;
  MadeLeads source_{Companies::kShared, kSeed};
  CallRequests reads_{suite_};
};

}  // namespace

BacklogResult MeasureBacklog(const std::string& server, Duration length, const std::stop_token& stop) {
  BacklogResult result{.store = server.empty() ? kEmbedded : kPostgres, .away = {}, .overload = {}};
  Backlog backlog(server, length, stop);
  result.peak = backlog.MeasurePeak();
  const auto offer = [&](const std::string& what, double share) {
    if (!stop.stop_requested()) result.overload.push_back(backlog.Offer(what, result.peak * share));
  };
  offer("half of the peak", 0.5);
  offer("the peak", 1);
  offer("three times the peak", 3);
  offer("half again", 0.5);
  if (!stop.stop_requested()) result.away = backlog.MeasureAway();
  return result;
}

}  // namespace quartet::bench
