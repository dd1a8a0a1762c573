#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "tests/bench/machine/disk.h"
#include "tests/bench/machine/instructions.h"
#include "tests/bench/machine/machine.h"
#include "tests/bench/machine/processes.h"
#include "tests/bench/monolith/monolith.h"
#include "tests/bench/sections/backlog.h"
#include "tests/bench/sections/calls.h"
#include "tests/bench/sections/conversions.h"
#include "tests/bench/sections/import_limit.h"
#include "tests/bench/sections/offered.h"
#include "tests/bench/sections/replicas.h"
#include "tests/bench/sections/sizes.h"

namespace quartet::bench {

// What was measured of one suite; sections that were not asked for are empty.
struct SuiteReport {
  std::string store;                           // where its records are: "embedded"
  std::map<std::string, ProcessUsage> idle;    // by process, before any call
  std::map<std::string, ProcessUsage> loaded;  // and after all of them
  // From the start of a service until it is healthy, in seconds, by service: with nothing stored, and with what the
  // suite holds at the end.
  std::map<std::string, double> start_empty;
  std::map<std::string, double> start_filled;
  double imported_per_second = 0;
  std::vector<ConversionResult> conversions;  // closed loop
  OfferedLoad offered;                        // open loop
  std::vector<CallResult> calls;
  ImportResult imports;

  // The closed-loop point with the most QualifyLead conversions per second among shared companies, or null.
  const ConversionResult* Fastest() const;
  // The most conversions per second in any loop, by QualifyLead.
  double Peak() const;
};

struct Report {
  Machine machine;
  Disk disk;
  double seconds = 0;  // of each run
  int rounds = 0;
  std::vector<SuiteReport> suites;
  std::vector<MonolithResult> monolith;
  std::vector<SizeResult> sizes;
  std::vector<Instructions> instructions;
  std::vector<ReplicasResult> replicas;
  std::vector<BacklogResult> backlog;

  // The point of the monolith with the most conversions per second, or null.
  const MonolithResult* FastestMonolith(MonolithPoint::How how) const;

  // Calls that failed, of all runs, and what the first of them said.
  std::int64_t Failures() const;
  std::string FirstFailure() const;
};

// For people, with units, ratios and what design section 8 aims at.
std::string ToTable(const Report& report);

// All figures: times in µs, sizes in bytes, costs per conversion.
std::string ToJson(const Report& report);

// Latency and throughput by offered load, and what a conversion costs, as a picture.
std::string ToSvg(const Report& report);

}  // namespace quartet::bench
