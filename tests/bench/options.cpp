#include "tests/bench/options.h"

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>

namespace quartet::bench {
namespace {

constexpr const char* kAbout =
    "Examples:\n"
    "  quartet-bench                             all of it\n"
    "  quartet-bench --quick                     a first look at each section\n"
    "  quartet-bench --only conversions --open 32 --seconds 5 --rounds 1\n"
    "  quartet-bench --only load --rates 500,1000,1500\n"
    "  quartet-bench --only conversions,monolith --store postgres\n"
    "  quartet-bench --only backlog --seconds 2  a service is away; more is asked for than can be done\n"
    "  quartet-bench --only replicas --replicas 1,4 --partitions 4,64 --records 1000\n"
    "  quartet-bench --only sizes --store embedded,postgres --sizes 10000,1000000\n"
    "  quartet-bench --json latest.json --svg latest.svg\n"
    "\n"
    "Starts a suite of its own (Redis and the five services next to this program, a process each, every\n"
    "commit synced), measures it, and stops it. Nothing else should run on the machine meanwhile.";

// A first look at everything.
void MakeQuick(Options& options) {
  options.conversions_open = {1, 32, 256};
  options.calls_open = {32};
  options.connections = {8, 16};
  options.sizes = {1'000, 10'000};
  options.import_rows = 10'000;
  options.replicas = {1, 2};
  options.partitions = {4, 16};
  options.records = {1'000};
  options.growth = 2;
  options.steps_at_knee = 1;
  options.seconds = 1;
  options.rounds = 1;
}

}  // namespace

std::optional<Options> ParseOptions(int argc, char** argv, int& exit_code) {
  Options options;
  Options told;
  std::vector<std::string> sections;
  std::vector<std::string> stores;
  bool quick = false;
  std::filesystem::path json;
  std::filesystem::path svg;

  CLI::App app(kAbout, "quartet-bench");
  app.add_flag("--quick", quick, "Few points, one short run of each");
  auto known = options.sections;
  known.insert({"backlog", "instructions"});
  app.add_option(
         "--only", sections,
         fmt::format("Sections, with commas: {}; backlog and instructions only if named", fmt::join(known, ", ")))
      ->delimiter(',')
      ->check(CLI::IsMember(known));
  app.add_option("--store", stores, "Where the suites have their records, with commas: embedded, postgres")
      ->delimiter(',')
      ->check(CLI::IsMember({"embedded", "postgres"}));
  const auto* open = app.add_option("--open", told.conversions_open,
                                    "Calls open at a time, with commas, for conversions and calls alike")
                         ->delimiter(',')
                         ->check(CLI::Range(1, 10'000));
  app.add_option("--rates", options.rates,
                 "Conversions per second to offer, with commas; up to the knee in steps unless told")
      ->delimiter(',')
      ->check(CLI::PositiveNumber);
  app.add_option("--first-rate", options.first_rate, "Where the way to the knee begins")->check(CLI::PositiveNumber);
  const auto* seconds = app.add_option("--seconds", told.seconds, "Length of each run")->check(CLI::Range(0.1, 600.0));
  const auto* rounds =
      app.add_option("--rounds", told.rounds, "Runs of each point; the median is shown")->check(CLI::Range(1, 100));
  const auto* connections =
      app.add_option("--connections", told.connections, "Connections of the monolith, with commas")
          ->delimiter(',')
          ->check(CLI::Range(1, 500));
  const auto* import_rows =
      app.add_option("--import-rows", told.import_rows, "Rows of each import")->check(CLI::Range(1, 10'000'000));
  const auto* sizes = app.add_option("--sizes", told.sizes,
                                     "Conversions that a suite holds when its calls are measured, with commas; the "
                                     "first is what the others are compared with")
                          ->delimiter(',')
                          ->check(CLI::Range(100, 100'000'000));
  const auto* replicas =
      app.add_option("--replicas", told.replicas,
                     "Processes of every service in the section replicas, with commas; the first of "
                     "these, of the partitions and of the records is what the others are compared with")
          ->delimiter(',')
          ->check(CLI::Range(1, 8));
  const auto* partitions =
      app.add_option("--partitions", told.partitions, "Partitions of every topic there, with commas")
          ->delimiter(',')
          ->check(CLI::Range(1, 256));
  const auto* records = app.add_option("--records", told.records, "Conversions that the suites hold there, with commas")
                            ->delimiter(',')
                            ->check(CLI::Range(0, 10'000'000));
  app.add_option("--server", options.server,
                 "A PostgreSQL to use, as a libpq connection string without a database; one of its own unless told");
  app.add_option("--folder", options.folder, "Where the databases lie meanwhile; must be on a real disk")
      ->check(CLI::ExistingDirectory)
      ->default_val(std::filesystem::current_path());
  app.add_option("--json", json, "File to write all figures to");
  app.add_option("--svg", svg, "File to draw the plots into");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }

  if (quick) MakeQuick(options);
  if (!sections.empty()) options.sections = {sections.begin(), sections.end()};
  if (!stores.empty()) options.stores = {stores.begin(), stores.end()};
  if (open->count() > 0) options.conversions_open = options.calls_open = told.conversions_open;
  if (connections->count() > 0) options.connections = told.connections;
  if (import_rows->count() > 0) options.import_rows = told.import_rows;
  if (sizes->count() > 0) options.sizes = told.sizes;
  if (replicas->count() > 0) options.replicas = told.replicas;
  if (partitions->count() > 0) options.partitions = told.partitions;
  if (records->count() > 0) options.records = told.records;
  if (seconds->count() > 0) options.seconds = told.seconds;
  if (rounds->count() > 0) options.rounds = told.rounds;
  if (!json.empty()) options.json = json;
  if (!svg.empty()) options.svg = svg;
  return options;
}

}  // namespace quartet::bench
