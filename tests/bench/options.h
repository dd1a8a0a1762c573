#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace quartet::bench {

struct Options {
  std::set<std::string> sections = {"idle", "conversions", "load", "batch", "companies", "calls"};
  std::vector<int> conversions_open = {1, 8, 32, 128, 512};
  std::vector<int> calls_open = {1, 32, 256};
  std::vector<double> rates;     // of the offered load, conversions per second; empty: up to the knee
  double first_rate = 200;       // where the way to the knee begins
  double growth = 1.5;           // from one rate to the next
  int steps_at_knee = 2;         // rates between the last before the knee and the first behind it
  double seconds = 2;            // of each run
  int rounds = 3;                // runs of each point
  std::filesystem::path folder;  // where the suite's data go meanwhile
  std::optional<std::filesystem::path> json;
  std::optional<std::filesystem::path> svg;
};

// Reads the command line. If there is nothing to do but to end, because help was
// asked for or something is wrong, it has been printed and `exit_code` is set.
std::optional<Options> ParseOptions(int argc, char** argv, int& exit_code);

}  // namespace quartet::bench
