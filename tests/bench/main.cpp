// quartet-bench: how fast the suite is, measured from outside as its callers are.

#include <signal.h>

#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <thread>

#include <fmt/core.h>

#include "tests/bench/options.h"
#include "tests/bench/report.h"
#include "tests/support/temp_directory.h"

namespace quartet::bench {
namespace {

constexpr int kBatchLeads = 100;
constexpr int kBatchesInFlight = 4;
constexpr int kHalfLoadInFlightMax = 4'096;
constexpr int kInterrupted = 130;
constexpr double kWarmUpSeconds = 0.5;

// Asks `stop` to stop when the user does (SIGINT, SIGTERM, SIGHUP). Made before
// any other thread, so that none takes the signals.
class StopOnSignal {
 public:
  explicit StopOnSignal(std::stop_source& stop) {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    watcher_ = std::jthread([signals, &stop](const std::stop_token& ended) {
      const timespec pace{.tv_sec = 0, .tv_nsec = 100'000'000};
      while (!ended.stop_requested()) {
        if (sigtimedwait(&signals, nullptr, &pace) > 0) stop.request_stop();
      }
    });
  }

 private:
  std::jthread watcher_;
};

void Set(const char* variable, const std::filesystem::path& path) {
  setenv(variable, path.c_str(), /*replace=*/1);
}

std::vector<ConversionPoint> ConversionPoints(const Options& options) {
  std::vector<ConversionPoint> points;
  if (options.sections.contains("qualify")) {
    for (const int in_flight : options.conversions_in_flight) points.push_back({.in_flight = in_flight});
  }
  if (options.sections.contains("batch")) points.push_back({.in_flight = kBatchesInFlight, .batch = kBatchLeads});
  if (options.sections.contains("companies")) {
    const auto middle = options.conversions_in_flight[options.conversions_in_flight.size() / 2];
    points.push_back({.companies = Companies::kDistinct, .in_flight = middle});
  }
  return points;
}

std::vector<CallPoint> CallPoints(const Options& options) {
  std::vector<CallPoint> points;
  for (const char* method : {"GetLead", "CreateLead"}) {
    for (const int in_flight : options.calls_in_flight) points.push_back({.method = method, .in_flight = in_flight});
  }
  return points;
}

void MeasureConversions(const Options& options, BenchSuite& suite, const Processes& processes,
                        const std::stop_token& stop, Report& report) {
  Conversions conversions(suite, processes, report.disk, stop);
  const auto points = ConversionPoints(options);
  const bool half_load = options.sections.contains("half-load");
  if (points.empty() && !half_load) return;
  conversions.Measure({{.in_flight = 32}}, 1, Duration(std::min(kWarmUpSeconds, options.seconds)));
  report.conversions = conversions.Measure(points, options.rounds, Duration(options.seconds));
  const ConversionResult* fastest = report.Fastest();
  const double rate = options.rate > 0 || fastest == nullptr ? options.rate : fastest->Median().load.PerSecond() / 2;
  if (!half_load || rate <= 0 || stop.stop_requested()) return;
  const ConversionPoint half{.in_flight = kHalfLoadInFlightMax, .rate = rate};
  auto results = conversions.Measure({half}, options.rounds, Duration(options.seconds));
  report.half_load = std::move(results.front());
}

Report Measure(const Options& options, const std::stop_token& stop) {
  Report report;
  report.machine = LookAtMachine();
  report.disk = LookAtDisk(options.folder);
  report.seconds = options.seconds;
  report.rounds = options.rounds;
  BenchSuite suite;
  const Processes processes;
  report.idle = processes.Usage();
  MeasureConversions(options, suite, processes, stop, report);
  if (options.sections.contains("calls") && !stop.stop_requested()) {
    report.calls = MeasureCalls(suite, CallPoints(options), options.rounds, Duration(options.seconds / 2), stop);
  }
  report.imported_per_second = suite.ImportedPerSecond();
  report.loaded = processes.Usage();
  if (!options.sections.contains("idle")) report.idle.clear();
  return report;
}

int Run(const Options& options) {
  std::stop_source stop;
  const StopOnSignal watcher(stop);
  // All that the suite writes goes into one folder, which is gone at the end.
  Set("TMPDIR", std::filesystem::absolute(options.folder));
  const test::TempDirectory folder;
  Set("TMPDIR", folder.path());
  Set("QUARTET_BIN_DIR", std::filesystem::read_symlink("/proc/self/exe").parent_path());
  const Report report = Measure(options, stop.get_token());
  if (stop.stop_requested()) {
    std::cerr << "quartet-bench: interrupted\n";
    return kInterrupted;
  }
  std::cout << ToTable(report);
  if (options.json) {
    std::ofstream file(*options.json);
    file << ToJson(report);
    if (!file.flush()) {
      std::cerr << fmt::format("quartet-bench: cannot write {}\n", options.json->string());
      return 1;
    }
  }
  return report.Failures() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace quartet::bench

int main(int argc, char** argv) {
  try {
    int exit_code = 0;
    const auto options = quartet::bench::ParseOptions(argc, argv, exit_code);
    return options ? quartet::bench::Run(*options) : exit_code;
  } catch (const std::exception& error) {
    std::cerr << "quartet-bench: " << error.what() << '\n';
    return 1;
  }
}
