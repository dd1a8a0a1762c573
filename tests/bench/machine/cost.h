// What work costs: CPU by process, disk and whatever else is counted, from one moment to another.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "tests/bench/machine/disk.h"
#include "tests/bench/machine/processes.h"

namespace quartet::bench {

// Numbers that only grow, by name, for instance "redis commands: xadd".
using Counts = std::map<std::string, double>;

// Of one unit of work, say a conversion.
struct Cost {
  std::map<std::string, double> cpu_us;       // by process
  std::map<std::string, double> write_calls;  // by process
  double disk_flushes = 0;                    // of the whole machine
  double written_bytes = 0;                   // to disk, by all processes
  Counts counts;
  // While it was measured, not per unit.
  double busy_cores = 0;   // by the processes that are known
  double other_cores = 0;  // by the rest of the machine: the kernel's own threads, and whoever disturbs
};

class KernelEvents;

class CostMeter {
 public:
  // Begins to measure. `count` reads what else is counted; the references must outlive this object.
  CostMeter(const Processes& processes, const Disk& disk, std::function<Counts()> count);
  ~CostMeter();

  // What each of `units` (more than 0) has cost until now.
  Cost PerUnit(double units) const;

 private:
  struct Moment {
    std::chrono::steady_clock::time_point time;
    std::map<std::string, ProcessUsage> usage;
    double busy_seconds = 0;
    std::int64_t flushes = 0;
    Counts counts;
  };
  Moment Now() const;

  const Processes& processes_;
  const Disk& disk_;
  const std::function<Counts()> count_;
  const std::unique_ptr<KernelEvents> events_;
  const Moment start_;
};

}  // namespace quartet::bench
