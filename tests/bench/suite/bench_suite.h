#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/bench/machine/cost.h"
#include "tests/bench/machine/service_counts.h"
#include "tests/bench/monolith/pg_session.h"
#include "tests/bench/suite/fill_store.h"
#include "tests/bench/suite/made_leads.h"
#include "tests/support/suite/clients.h"
#include "tests/support/suite/process.h"

namespace quartet::bench {

// How reports name the places where a suite may have its records.
inline constexpr const char* kEmbedded = "embedded";
inline constexpr const char* kPostgres = "PostgreSQL";

struct BenchSuiteOptions {
  // Of the databases: a libpq connection string without a database. Empty: SQLite.
  std::string server;
  // What the names of the databases on a server begin with; those of that name are made anew.
  std::string databases = "quartet";
  int replicas = 1;    // processes of each service; more than one need a server
  int partitions = 0;  // of every topic; 0: as many as the services make unless told
};

// A suite of its own, over fresh databases, and the leads that a benchmark has put into it.
class BenchSuite {
 public:
  explicit BenchSuite(BenchSuiteOptions options = {});

  test::Suite& processes() { return suite_; }

  // Imports `count` leads; their names. Throws std::runtime_error unless all are accepted.
  std::vector<std::string> Import(MadeLeads& leads, int count);
  // All leads that were imported per second spent on it; 0 before the first.
  double ImportedPerSecond() const;

  // What its Redis, its services and its databases have done since they were started.
  Counts Count();

  // Qualifications that are not over.
  std::int64_t Pending();

  // Waits until nothing is left to do for any qualification: no intent, no
  // decision without acknowledgement, no message unpublished. Throws std::runtime_error if that
  // takes more than a minute.
  void Settle();

  // To reach the databases while no service has them open, and to time the start.
  void StopServices();
  // By service the seconds from its start until it is healthy, of replicas the longest; one after the other.
  std::map<std::string, double> StartServices();
  // Drops all that the services have stored while they are stopped.
  void EmptyDatabases();
  // Has what was filled in written to the disk and, on a server, tidied up, so that this does not go on afterwards.
  void SettleFill();
  // The database of a service that is stopped.
  std::unique_ptr<FillStore> OpenFill(const std::string& service) const;

  // Bytes of all databases with their logs.
  std::int64_t DataBytes();

 private:
  std::int64_t QueryNumber(std::string_view service, const std::string& sql);
  std::int64_t Unfinished();
  bool OnServer() const { return !options_.server.empty(); }
  // A libpq connection string for a service's database.
  std::string TargetOf(std::string_view service) const;
  std::string DatabaseOf(std::string_view service) const;
  std::map<std::string, std::vector<std::string>> Arguments() const;
  void MakeDatabase(PgSession& admin, std::string_view service) const;

  const BenchSuiteOptions options_;
  std::map<std::string, PgSession, std::less<>> sessions_;  // by service, over PostgreSQL
  test::Suite suite_;                                       // after what makes its databases
  test::SuiteClients clients_{suite_};
  const ServiceCounts service_counts_{suite_};
  std::int64_t imported_ = 0;
  double import_seconds_ = 0;
};

}  // namespace quartet::bench
