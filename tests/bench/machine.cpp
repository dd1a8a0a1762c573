#include "tests/bench/machine.h"

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

}  // namespace quartet::bench
