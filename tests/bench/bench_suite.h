#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/storage/database.h"
#include "tests/bench/cost.h"
#include "tests/bench/made_leads.h"
#include "tests/bench/pg_session.h"
#include "tests/support/suite_clients.h"
#include "tests/support/suite_process.h"

namespace quartet::bench {

// A suite of its own, and the leads that a benchmark has put into it.
class BenchSuite {
 public:
  // Over SQLite.
  BenchSuite() = default;
  // Over fresh databases of a server; `server`: a libpq connection string without a database.
  explicit BenchSuite(const std::string& server);

  test::Suite& processes() { return suite_; }

  // Imports `count` leads; their names. Throws std::runtime_error unless all are accepted.
  std::vector<std::string> Import(MadeLeads& leads, int count);
  // All leads that were imported per second spent on it; 0 before the first.
  double ImportedPerSecond() const;

  // What its Redis and its databases have done since they were started.
  Counts Count();

  // Waits until nothing is left to do for any qualification: no intent, no
  // decision without acknowledgement, no message unpublished. Throws std::runtime_error if that
  // takes more than a minute.
  void Settle();

  // To reach the databases while no service has them open.
  void StopServices();
  void StartServices();
  // Of a suite over SQLite. Throws std::runtime_error if it cannot be opened.
  std::unique_ptr<storage::Database> OpenDatabase(const std::string& service) const;

  // Bytes of all databases with their logs.
  std::int64_t DataBytes();

 private:
  std::int64_t QueryNumber(std::string_view service, const std::string& sql);
  std::int64_t Unfinished();

  std::string server_;                                      // empty over SQLite
  std::map<std::string, PgSession, std::less<>> sessions_;  // by service, over PostgreSQL
  test::Suite suite_;
  test::SuiteClients clients_{suite_};
  std::int64_t imported_ = 0;
  double import_seconds_ = 0;
};

}  // namespace quartet::bench
