#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/made_leads.h"
#include "tests/support/suite_clients.h"
#include "tests/support/suite_process.h"

namespace quartet::bench {

// A suite of its own, and the leads that a benchmark has put into it.
class BenchSuite {
 public:
  test::Suite& processes() { return suite_; }

  // Imports `count` leads; their names. Throws std::runtime_error unless all are accepted.
  std::vector<std::string> Import(MadeLeads& leads, int count);
  // All leads that were imported per second spent on it; 0 before the first.
  double ImportedPerSecond() const;

  // Waits until nothing is left to do for any qualification: no intent, no
  // decision without acknowledgement, no message unpublished. Throws std::runtime_error if that
  // takes more than a minute.
  void Settle() const;

  // Bytes of all databases with their logs.
  std::int64_t DataBytes() const;

 private:
  std::int64_t Unfinished() const;

  test::Suite suite_;
  test::SuiteClients clients_{suite_};
  std::int64_t imported_ = 0;
  double import_seconds_ = 0;
};

}  // namespace quartet::bench
