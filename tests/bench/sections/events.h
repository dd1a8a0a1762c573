#pragma once

#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "tests/bench/machine/cost.h"

namespace quartet::bench {

// What the kernel counts of threads from a moment on: calls of fsync, fdatasync and pwritev2, and context switches.
// Needs root (or perf_event_paranoid -1) and the kernel's tracepoints; where it may not count, nothing is counted.
class KernelEvents {
 public:
  // Begins to count for all threads of these processes, by name, and for what they start from now on.
  explicit KernelEvents(const std::map<std::string, std::vector<pid_t>>& processes);
  ~KernelEvents();
  KernelEvents(const KernelEvents&) = delete;
  KernelEvents& operator=(const KernelEvents&) = delete;

  // "syncs: quartet-lead", "context switches: quartet-lead" and so on, since the beginning.
  Counts Read() const;

 private:
  void Open(const std::string& name, pid_t thread, unsigned type, unsigned long long config);

  std::multimap<std::string, int> descriptors_;
};

}  // namespace quartet::bench
