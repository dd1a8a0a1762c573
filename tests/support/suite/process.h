#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/servers/child_process.h"
#include "tests/support/servers/postgres_server.h"
#include "tests/support/servers/redis_server.h"
#include "tests/support/suite/port_block.h"
#include "tests/support/temp_directory.h"

namespace quartet::test {

// The whole suite as a user runs it: Redis and the five services, on ports and in a folder of their own. Services are
// known by the names in config::kServices. Everything ends with the object; what the services had to say is printed if
// the test has failed by then. One thread uses it. Failures throw, for a test cannot go on without.
class Suite {
 public:
  // Starts so many processes of each service; returns when all are healthy. `arguments`:
  // further ones for the services named, for instance {{"lead", {"--workers", "4"}}}; replicas
  // need a database that they can share.
  explicit Suite(std::map<std::string, std::vector<std::string>> arguments = {}, int replicas = 1);
  // Starts the one process that holds all five.
  struct InOneProcess {};
  explicit Suite(InOneProcess how);
  // Starts so many processes of each service over a PostgreSQL server, with a
  // synchronous standby if that is wanted.
  struct OnPostgres {
    int replicas = 1;
    bool standby = false;
    std::map<std::string, std::vector<std::string>> arguments = {};
  };
  explicit Suite(OnPostgres how);
  ~Suite();
  Suite(const Suite&) = delete;
  Suite& operator=(const Suite&) = delete;

  int base_port() const { return ports_.base(); }
  // "host:port" of a service, of all its replicas with a comma between them.
  std::string AddressOf(std::string_view service) const;
  // "host:port" of each replica of a service.
  std::vector<std::string> AddressesOf(std::string_view service) const;
  RedisServer& redis() { return *redis_; }
  // The server that takes writes; only for suites on PostgreSQL.
  PostgresServer& postgres() { return *postgres_; }
  // Kills that server with -9, and has its standby take over.
  void FailOver();

  // Of several replicas "lead" is the first, "lead.1" the second.
  static std::string ProcessName(std::string_view service, int replica);
  // kill -9; returns when the process is gone. For suites of processes, like
  // Restart. `process`: as ProcessName has it.
  void Kill(std::string_view process);
  // Starts a process that was killed, at its old address with its old data;
  // returns when it is healthy.
  void Restart(std::string_view process);
  // Whether a process that was started has not ended.
  bool Running(std::string_view process);
  // What the services are given from their next start on, as with the constructor.
  void SetArguments(std::map<std::string, std::vector<std::string>> arguments) { arguments_ = std::move(arguments); }

  // Runs `quartet --base-port N` with these arguments, in folder().
  ProgramResult Quartet(std::vector<std::string> arguments) const;
  // Where files for `quartet` may lie.
  const std::filesystem::path& folder() const { return folder_.path(); }

  // Reads one number from a service's database, as another process may.
  std::int64_t QueryNumber(std::string_view service, const std::string& sql) const;
  // Runs statements in a service's database, while no process of the service runs; the first value of the last one as
  // text, "" for none.
  std::string Execute(std::string_view service, const std::string& sql) const;
  // Keeps a copy of a service's database, and puts it back in the place of what is there, as who restores a backup
  // does. No process of the service may run. One copy of each.
  void Backup(std::string_view service) const;
  void RestoreBackup(std::string_view service) const;
  // Whether its databases are in PostgreSQL; else they are in SQLite.
  bool IsOnPostgres() const { return postgres_ != nullptr; }
  // What still changes by itself: intents that the four services hold, and qualifications that are not decided or
  // not known to be acknowledged by every service. Reads of two moments agree only where there is none before the
  // first.
  std::int64_t CountUnsettled() const;

 private:
  // Starts all replicas of all services; returns when they are healthy.
  void StartAll();
  void Start(const std::string& process);
  void WaitUntilHealthy(const std::string& address, const std::string& name);
  // "host:port" of a service's replica.
  std::string AddressOf(std::string_view service, int replica) const;
  std::filesystem::path LogOf(std::string_view process) const;
  // The one file of a service's database in SQLite; others lie beside it.
  std::filesystem::path FileOf(std::string_view service) const;

  const TempDirectory folder_;
  const PortBlock ports_;
  std::vector<std::unique_ptr<PortBlock>> replica_ports_;  // of the second replicas, the third …
  int replicas_ = 1;
  std::map<std::string, std::vector<std::string>> arguments_;
  std::unique_ptr<RedisServer> redis_;
  std::unique_ptr<PostgresServer> postgres_;
  std::unique_ptr<PostgresServer> standby_;
  // By what follows "quartet-" in the program's name.
  std::map<std::string, std::unique_ptr<ChildProcess>, std::less<>> processes_;
};

// The name of a service's database in PostgreSQL.
std::string SuiteDatabase(std::string_view service);

// The folder of the programs under test, from the environment that ctest sets.
std::filesystem::path ProgramFolder();

}  // namespace quartet::test
