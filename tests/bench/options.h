#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace quartet::bench {

struct Options {
  std::set<std::string> sections = {"idle", "qualify", "batch", "companies", "half-load", "calls"};
  std::vector<int> conversions_in_flight = {1, 8, 32, 128, 512};
  std::vector<int> calls_in_flight = {1, 32, 256};
  double rate = 0;               // of the open loop, conversions per second; 0: half of the fastest
  double seconds = 2;            // of each run
  int rounds = 3;                // runs of each point
  std::filesystem::path folder;  // where the suite's data go meanwhile
  std::optional<std::filesystem::path> json;
};

// Reads the command line. If there is nothing to do but to end, because help was
// asked for or something is wrong, it has been printed and `exit_code` is set.
std::optional<Options> ParseOptions(int argc, char** argv, int& exit_code);

}  // namespace quartet::bench
