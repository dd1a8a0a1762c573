#include "tests/bench/options.h"

#include <CLI/CLI.hpp>
#include <fmt/ranges.h>

namespace quartet::bench {
namespace {

constexpr const char* kAbout =
    "Examples:\n"
    "  quartet-bench                             all of it, some minutes\n"
    "  quartet-bench --quick                     a first look, about 30 seconds\n"
    "  quartet-bench --only conversions --open 32 --seconds 5 --rounds 1\n"
    "  quartet-bench --only load --rates 500,1000,1500\n"
    "  quartet-bench --json latest.json --svg latest.svg\n"
    "\n"
    "Starts a suite of its own (Redis and the five services next to this program, a process each, SQLite with\n"
    "synchronous=FULL), measures it, and stops it. Nothing else should run on the machine meanwhile.";

// A first look at everything.
void MakeQuick(Options& options) {
  options.conversions_open = {1, 32, 256};
  options.calls_open = {32};
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
  bool quick = false;
  std::filesystem::path json;
  std::filesystem::path svg;

  CLI::App app(kAbout, "quartet-bench");
  app.add_flag("--quick", quick, "Few points, one short run of each");
  app.add_option("--only", sections, fmt::format("Sections, with commas: {}", fmt::join(options.sections, ", ")))
      ->delimiter(',')
      ->check(CLI::IsMember(options.sections));
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
  if (open->count() > 0) options.conversions_open = options.calls_open = told.conversions_open;
  if (seconds->count() > 0) options.seconds = told.seconds;
  if (rounds->count() > 0) options.rounds = told.rounds;
  if (!json.empty()) options.json = json;
  if (!svg.empty()) options.svg = svg;
  return options;
}

}  // namespace quartet::bench
