#include "tests/bench/machine/cost.h"

#include <algorithm>

#include "tests/bench/machine/machine.h"
#include "tests/bench/sections/events.h"

namespace quartet::bench {

CostMeter::CostMeter(const Processes& processes, const Disk& disk, std::function<Counts()> count)
    : processes_(processes),
      disk_(disk),
      count_(std::move(count)),
      events_(std::make_unique<KernelEvents>(processes.pids())),
      start_(Now()) {}

CostMeter::~CostMeter() = default;

CostMeter::Moment CostMeter::Now() const {
  Moment moment{.time = std::chrono::steady_clock::now(),
                .usage = processes_.Usage(),
                .busy_seconds = BusySeconds(),
                .flushes = Flushes(disk_),
                .counts = count_ ? count_() : Counts()};
  moment.counts.merge(events_->Read());
  return moment;
}

Cost CostMeter::PerUnit(double units) const {
  const Moment now = Now();
  const double elapsed = std::chrono::duration<double>(now.time - start_.time).count();
  Cost cost;
  for (const auto& [name, usage] : now.usage) {
    const ProcessUsage& then = start_.usage.at(name);
    const double cpu_seconds = usage.cpu_seconds - then.cpu_seconds;
    cost.cpu_us[name] = cpu_seconds * 1e6 / units;
    cost.write_calls[name] = static_cast<double>(usage.write_calls - then.write_calls) / units;
    cost.written_bytes += static_cast<double>(usage.written_bytes - then.written_bytes) / units;
    cost.busy_cores += cpu_seconds / elapsed;
  }
  cost.disk_flushes = static_cast<double>(now.flushes - start_.flushes) / units;
  for (const auto& [name, value] : now.counts) {
    const auto then = start_.counts.find(name);
    cost.counts[name] = (value - (then == start_.counts.end() ? 0 : then->second)) / units;
  }
  cost.other_cores = std::max(0.0, (now.busy_seconds - start_.busy_seconds) / elapsed - cost.busy_cores);
  return cost;
}

}  // namespace quartet::bench
