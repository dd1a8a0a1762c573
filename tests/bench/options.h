#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace quartet::bench {

struct Options {
  std::set<std::string> sections = {"idle",  "conversions", "load",  "batch",    "companies",
                                    "calls", "import",      "sizes", "monolith", "replicas"};
  std::set<std::string> stores = {"embedded"};  // where the suites that are measured have their records
  std::vector<int> conversions_open = {1, 8, 32, 128, 512};
  std::vector<int> calls_open = {1, 32, 256};
  std::vector<int> connections = {4, 8, 16, 32, 64};  // of the monolith
  std::vector<int> sizes = {10'000, 1'000'000};       // conversions that a suite holds
  std::vector<int> replicas = {1, 2, 4};              // of every service, in the section of that name
  std::vector<int> partitions = {4, 16, 64};          // there
  std::vector<int> records = {1'000, 100'000};        // conversions that a suite holds there
  int import_rows = 40'000;                           // of each run
  std::vector<double> rates;     // of the offered load, conversions per second; empty: up to the knee
  double first_rate = 200;       // where the way to the knee begins
  double growth = 1.5;           // from one rate to the next
  int steps_at_knee = 2;         // rates between the last before the knee and the first behind it
  double seconds = 2;            // of each run
  int rounds = 3;                // runs of each point
  std::string server;            // a libpq connection string without a database; empty: one is started
  std::filesystem::path folder;  // where the suite's data go meanwhile
  std::optional<std::filesystem::path> json;
  std::optional<std::filesystem::path> svg;
};

// Reads the command line. If there is nothing to do but to end, because help was
// asked for or something is wrong, it has been printed and `exit_code` is set.
std::optional<Options> ParseOptions(int argc, char** argv, int& exit_code);

}  // namespace quartet::bench
