#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/servers/child_process.h"
#include "tests/support/temp_directory.h"

namespace quartet::test {

// A real PostgreSQL server on a port of the loopback interface, with its data in
// a folder of its own, texts ordered by bytes, and nobody asked for a password.
// Where the test runs as root, it runs as nobody. It never outlives this process,
// nor this object. Failures throw, for a test cannot go on without.
class PostgresServer {
 public:
  // `settings`: of the server, as "name=value". `port`: the one to take, instead
  // of any that is free.
  explicit PostgresServer(std::vector<std::string> settings = {}, int port = 0);
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // A standby that follows this server. From its return on, this server commits
  // nothing that the standby has not on its disk.
  std::unique_ptr<PostgresServer> StartStandby(int port = 0);
  // Makes a standby the server that takes writes.
  void Promote();
  // Waits for no standby any more.
  void ForgetStandby();

  int port() const { return port_; }
  // A connection string for a database, without its other options.
  std::string Target(const std::string& database) const;
  // The same with `{service}` in the database's name, for programs of the suite.
  static std::string Target(const std::vector<int>& ports, const std::string& database);

  void CreateDatabase(const std::string& name) const;
  // Runs statements and gives the first value of the last one; "" for none.
  std::string Query(const std::string& sql, const std::string& database = "postgres") const;

  // The largest file that its processes may write, in bytes: what lies beyond
  // fails as on a full disk. Until Restart, or no limit any more.
  void LimitFileSize(std::optional<std::size_t> size_bytes_max) const;
  // Makes a file its own, as it demands of a key.
  static void Own(const std::filesystem::path& path);

  // kill -9 of the server and of all its processes, as a power failure would.
  void Kill();
  // Starts it again with what it has on disk; waits until it takes connections.
  void Restart();
  // Ends it in an orderly way, though at once: sessions are told.
  void Stop();
  // Stops all its processes in their tracks; and lets them go on.
  void Freeze();
  void Thaw();

 private:
  struct FromBackup {};
  PostgresServer(FromBackup how, const PostgresServer& primary, int port);
  void MakeData();
  void TakePort(int port);
  bool Launch();
  bool Answers() const;
  std::vector<pid_t> Processes() const;
  void Run(std::vector<std::string> command) const;
  void RemoveSharedMemory() const;

  TempDirectory directory_;
  std::vector<std::string> settings_;
  std::filesystem::path data_;
  int port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace quartet::test
