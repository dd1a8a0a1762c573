#include "tests/bench/machine/machine.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <thread>

#include <fmt/chrono.h>

namespace quartet::bench {
namespace {

std::string ProcessorName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

// The columns of /proc/stat's first line: user, nice, system, idle, iowait, irq, softirq, steal; the rest is in user.
constexpr int kColumns = 8;
constexpr int kIdleColumn = 3;
constexpr int kWaitColumn = 4;

}  // namespace

Machine LookAtMachine() {
  utsname names = {};
  uname(&names);
  return {.cores = static_cast<int>(std::thread::hardware_concurrency()),
          .processor = ProcessorName(),
          .memory_bytes = std::int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE),
          .kernel = names.release,
          .time = fmt::format("{:%FT%TZ}", fmt::gmtime(std::time(nullptr)))};
}

double BusySeconds() {
  std::ifstream stat("/proc/stat");
  std::string label;
  stat >> label;
  double ticks = 0;
  for (int column = 0; column < kColumns; ++column) {
    double value = 0;
    stat >> value;
    if (column != kIdleColumn && column != kWaitColumn) ticks += value;
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace quartet::bench
