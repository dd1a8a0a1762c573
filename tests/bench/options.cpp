#include "tests/bench/options.h"

#include <CLI/CLI.hpp>

namespace quartet::bench {
namespace {

constexpr const char* kAbout =
    "Examples:\n"
    "  quartet-bench                             all of it, about two minutes\n"
    "  quartet-bench --quick                     a first look, about 20 seconds\n"
    "  quartet-bench --only qualify --in-flight 64 --seconds 10 --rounds 1\n"
    "  quartet-bench --json latest.json          the table, and the figures as JSON\n"
    "\n"
    "Starts a suite of its own (Redis and the five services next to this program, a process each, SQLite with\n"
    "synchronous=FULL), measures it, and stops it. Nothing else should run on the machine meanwhile.";

// A first look at everything.
void MakeQuick(Options& options) {
  options.conversions_in_flight = {1, 32, 256};
  options.calls_in_flight = {32};
  options.seconds = 1;
  options.rounds = 1;
}

}  // namespace

std::optional<Options> ParseOptions(int argc, char** argv, int& exit_code) {
  Options options;
  Options told;
  std::vector<std::string> sections;
  bool quick = false;
  std::filesystem::path json;

  CLI::App app(kAbout, "quartet-bench");
  app.add_flag("--quick", quick, "Few points, one short run of each");
  app.add_option("--only", sections,
                 "Sections to measure, with commas: idle, qualify, batch, companies, half-load, calls")
      ->delimiter(',')
      ->check(CLI::IsMember(options.sections));
  const auto* in_flight = app.add_option("--in-flight", told.conversions_in_flight,
                                         "Calls in flight at a time, with commas, for conversions and calls alike")
                              ->delimiter(',')
                              ->check(CLI::Range(1, 10'000));
  app.add_option("--rate", options.rate,
                 "Conversions per second at half-load; half of the fastest of qualify unless told")
      ->check(CLI::PositiveNumber);
  const auto* seconds = app.add_option("--seconds", told.seconds, "Length of each run")->check(CLI::Range(0.1, 600.0));
  const auto* rounds =
      app.add_option("--rounds", told.rounds, "Runs of each point; the median is shown")->check(CLI::Range(1, 100));
  app.add_option("--folder", options.folder, "Where the databases lie meanwhile; must be on a real disk")
      ->check(CLI::ExistingDirectory)
      ->default_val(std::filesystem::current_path());
  app.add_option("--json", json, "File to write all figures to");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 2;
    return std::nullopt;
  }

  if (quick) MakeQuick(options);
  if (!sections.empty()) options.sections = {sections.begin(), sections.end()};
  if (in_flight->count() > 0) options.conversions_in_flight = options.calls_in_flight = told.conversions_in_flight;
  if (seconds->count() > 0) options.seconds = told.seconds;
  if (rounds->count() > 0) options.rounds = told.rounds;
  if (!json.empty()) options.json = json;
  return options;
}

}  // namespace quartet::bench
