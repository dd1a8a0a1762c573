#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace quartet::bench {

// What one process has used since its start, as the kernel counts it.
struct ProcessUsage {
  double cpu_seconds = 0;
  std::int64_t write_calls = 0;    // write, pwrite, writev …, whatever they wrote to
  std::int64_t written_bytes = 0;  // that had to go to a disk
  std::int64_t resident_bytes = 0;
  std::int64_t peak_resident_bytes = 0;  // the most at any time; of several processes the sum of theirs
};

// How this process is named in what it measures.
inline constexpr const char* kLoadGenerator = "load generator";

// This process and those it has started, each under its program's name; what they have started in turn counts as
// theirs, and programs of one name are summed up.
class Processes {
 public:
  // Looks them up; processes that this one starts later are not known.
  Processes();

  // With those that they have started by now.
  std::map<std::string, std::vector<pid_t>> pids() const;

  // Usage of each, by name. Throws std::runtime_error if one has ended.
  std::map<std::string, ProcessUsage> Usage() const;

 private:
  std::map<std::string, std::vector<pid_t>> pids_;
};

}  // namespace quartet::bench
