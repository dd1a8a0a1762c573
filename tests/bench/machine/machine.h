#pragma once

#include <cstdint>
#include <string>

namespace quartet::bench {

// What the figures were measured on.
struct Machine {
  int cores = 0;
  std::string processor;
  std::int64_t memory_bytes = 0;
  std::string kernel;
  std::string time;  // when, RFC 3339, UTC
};

Machine LookAtMachine();

// Seconds that all cores together have worked since the machine started.
double BusySeconds();

}  // namespace quartet::bench
