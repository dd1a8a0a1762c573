#pragma once

#include <map>
#include <stop_token>
#include <string>

namespace quartet::bench {

// Instructions that the services execute for a conversion, the work after its answer included: a figure that does not
// depend on how busy the machine is, for comparing two builds.
struct Instructions {
  int open = 0;  // calls at a time
  int conversions = 0;
  std::map<std::string, double> per_conversion;  // by service; user space alone
};

// Runs the services under valgrind's callgrind, which runs one thread of a process at a time and some fifty times
// slower: what waits together, and so shares a commit, is not quite what it would be. Throws std::runtime_error if
// valgrind is not installed or does not work.
Instructions CountInstructions(int open, int conversions, const std::stop_token& stop);

}  // namespace quartet::bench
