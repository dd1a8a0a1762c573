#include "tests/bench/measure.h"

#include <algorithm>
#include <iterator>
#include <memory>

#include <fmt/core.h>

#include "tests/support/servers/postgres_server.h"

namespace quartet::bench {
namespace {

constexpr int kConversionsCounted = 512;
constexpr int kOpenPerReplica = 32;
constexpr int kBatchLeads = 100;
constexpr int kBatchesOpen = 4;
constexpr int kWarmUpOpen = 32;
constexpr double kWarmUpSeconds = 0.5;

std::vector<ConversionPoint> ConversionPoints(const Options& options) {
  std::vector<ConversionPoint> points;
  if (options.sections.contains("conversions")) {
    for (const int open : options.conversions_open) points.push_back({.in_flight = open});
  }
  if (options.sections.contains("batch")) points.push_back({.in_flight = kBatchesOpen, .batch = kBatchLeads});
  if (options.sections.contains("companies")) {
    const auto middle = options.conversions_open[options.conversions_open.size() / 2];
    points.push_back({.companies = Companies::kDistinct, .in_flight = middle});
  }
  return points;
}

// GetLead and CreateLead, for which there are aims, with each number of calls open; the others with that in the middle.
std::vector<CallPoint> CallPoints(const Options& options) {
  std::vector<CallPoint> points;
  for (const std::string& method : CallMethods()) {
    if (method == "GetLead" || method == "CreateLead") {
      for (const int open : options.calls_open) points.push_back({.method = method, .in_flight = open});
    } else {
      points.push_back({.method = method, .in_flight = options.calls_open[options.calls_open.size() / 2]});
    }
  }
  return points;
}

void MeasureConversions(const Options& options, Conversions& conversions, const std::stop_token& stop,
                        SuiteReport& report) {
  const auto points = ConversionPoints(options);
  const bool load = options.sections.contains("load");
  if (points.empty() && !load) return;
  conversions.Measure({{.in_flight = kWarmUpOpen}}, 1, Duration(std::min(kWarmUpSeconds, options.seconds)));
  report.conversions = conversions.Measure(points, options.rounds, Duration(options.seconds));
  if (!load || stop.stop_requested()) return;
  report.offered = MeasureOfferedLoad(conversions,
                                      {.rates = options.rates,
                                       .first_rate = options.first_rate,
                                       .growth = options.growth,
                                       .steps_at_knee = options.steps_at_knee,
                                       .rounds = options.rounds,
                                       .length = Duration(options.seconds)},
                                      stop);
}

// The median of `rounds` starts of each service, all killed beforehand; `empty`: and their databases dropped.
std::map<std::string, double> TimeStarts(BenchSuite& suite, int rounds, bool empty) {
  std::map<std::string, std::vector<double>> all;
  for (int round = 0; round < rounds; ++round) {
    suite.StopServices();
    if (empty) suite.EmptyDatabases();
    for (const auto& [service, seconds] : suite.StartServices()) all[service].push_back(seconds);
  }
  std::map<std::string, double> medians;
  for (auto& [service, seconds] : all) {
    std::ranges::sort(seconds);
    medians[service] = seconds[(seconds.size() - 1) / 2];
  }
  return medians;
}

// `server`: of the suite's databases; empty: SQLite.
SuiteReport MeasureSuite(const Options& options, const std::string& server, const Disk& disk,
                         const std::stop_token& stop) {
  SuiteReport report;
  report.store = server.empty() ? kEmbedded : kPostgres;
  BenchSuite suite({.server = server});
  const bool idle = options.sections.contains("idle");
  if (idle) report.start_empty = TimeStarts(suite, options.rounds, /*empty=*/true);
  const Processes processes;
  if (idle) report.idle = processes.Usage();
  Conversions conversions(suite, processes, disk, stop);
  MeasureConversions(options, conversions, stop, report);
  if (options.sections.contains("calls") && !stop.stop_requested()) {
    report.calls = MeasureCalls(suite, CallPoints(options), options.rounds, Duration(options.seconds / 2), stop);
  }
  if (options.sections.contains("import") && !stop.stop_requested()) {
    report.imports = MeasureImport(suite, server, options.rounds, options.import_rows, stop);
  }
  report.imported_per_second = suite.ImportedPerSecond();
  report.loaded = processes.Usage();
  if (idle && !stop.stop_requested()) report.start_filled = TimeStarts(suite, options.rounds, /*empty=*/false);
  return report;
}

// As whoever runs a database of this size would set it; all else is PostgreSQL's default, so commits are synced.
std::unique_ptr<test::PostgresServer> StartServer() {
  return std::make_unique<test::PostgresServer>(
      std::vector<std::string>{"shared_buffers=512MB", "min_wal_size=1GB", "max_wal_size=4GB",
                               "checkpoint_timeout=15min", "max_connections=500", "log_min_messages=warning"});
}

std::vector<MonolithPoint> MonolithPoints(const Options& options) {
  std::vector<MonolithPoint> points;
  for (const auto how : {MonolithPoint::How::kStatements, MonolithPoint::How::kFunction}) {
    for (const int connections : options.connections) points.push_back({.how = how, .connections = connections});
  }
  return points;
}

// One thing after the other is made larger, the load per replica being the same; then all at once; then the load of the
// most replicas is given to one; and at last no conversion has to do with an account of another.
std::vector<ReplicasPoint> ReplicasPoints(const Options& options) {
  const int most_replicas = std::ranges::max(options.replicas);
  const int most_partitions = std::ranges::max(options.partitions);
  const int most_records = std::ranges::max(options.records);
  const ReplicasPoint base{.replicas = options.replicas.front(),
                           .partitions = options.partitions.front(),
                           .records = options.records.front(),
                           .open = options.replicas.front() * kOpenPerReplica};
  std::vector<ReplicasPoint> points = {base};
  const auto add = [&points](ReplicasPoint point) {
    if (std::ranges::find(points, point) == points.end()) points.push_back(point);
  };
  const auto with_replicas = [](ReplicasPoint point, int replicas) {
    point.replicas = replicas;
    point.open = replicas * kOpenPerReplica;
    return point;
  };
  for (const int replicas : options.replicas) add(with_replicas(base, replicas));
  for (const int partitions : options.partitions) {
    ReplicasPoint point = base;
    point.partitions = partitions;
    add(point);
  }
  for (const int records : options.records) {
    ReplicasPoint point = base;
    point.records = records;
    add(point);
  }
  ReplicasPoint all = with_replicas(base, most_replicas);
  all.partitions = most_partitions;
  all.records = most_records;
  add(all);
  ReplicasPoint one = base;
  one.open = most_replicas * kOpenPerReplica;
  add(one);
  for (const int replicas : options.replicas) {
    ReplicasPoint point = with_replicas(base, replicas);
    point.companies = Companies::kDistinct;
    add(point);
  }
  return points;
}

bool NeedsSuite(const Options& options) {
  const std::set<std::string> on_their_own = {"backlog", "instructions", "monolith", "replicas", "sizes"};
  return !std::ranges::includes(on_their_own, options.sections);
}

}  // namespace

Report Measure(const Options& options, const std::stop_token& stop) {
  Report report;
  report.machine = LookAtMachine();
  report.disk = LookAtDisk(options.folder);
  report.seconds = options.seconds;
  report.rounds = options.rounds;
  const bool monolith = options.sections.contains("monolith");
  const bool suites = NeedsSuite(options);
  if (suites && options.stores.contains("embedded")) {
    report.suites.push_back(MeasureSuite(options, "", report.disk, stop));
  }
  const bool sizes = options.sections.contains("sizes");
  const bool replicas = options.sections.contains("replicas");
  const bool backlog = options.sections.contains("backlog");
  const bool on_server = options.stores.contains("postgres") && (suites || sizes || backlog);
  std::unique_ptr<test::PostgresServer> own;
  if (options.server.empty() && (on_server || monolith || replicas)) own = StartServer();
  const std::string server = own ? fmt::format("host=127.0.0.1 port={} user=postgres", own->port()) : options.server;
  if (on_server && suites && !stop.stop_requested()) {
    report.suites.push_back(MeasureSuite(options, server, report.disk, stop));
  }
  for (const std::string& store : options.stores) {
    if (!sizes || stop.stop_requested()) continue;
    auto more = MeasureSizes(store == "postgres" ? server : "", options.sizes, options.rounds,
                             Duration(options.seconds), report.disk, stop);
    std::ranges::move(more, std::back_inserter(report.sizes));
  }
  for (const std::string& store : options.stores) {
    if (!backlog || stop.stop_requested()) continue;
    report.backlog.push_back(MeasureBacklog(store == "postgres" ? server : "", Duration(options.seconds), stop));
  }
  if (replicas && !stop.stop_requested()) {
    report.replicas =
        MeasureReplicas(server, ReplicasPoints(options), options.rounds, Duration(options.seconds), report.disk, stop);
  }
  if (options.sections.contains("instructions")) {
    for (const int open : options.conversions_open) {
      if (!stop.stop_requested()) report.instructions.push_back(CountInstructions(open, kConversionsCounted, stop));
    }
  }
  if (monolith && !stop.stop_requested()) {
    report.monolith = MeasureMonolith(server + " dbname=postgres", MonolithPoints(options), options.rounds,
                                      Duration(options.seconds), report.disk, stop);
  }
  return report;
}

}  // namespace quartet::bench
