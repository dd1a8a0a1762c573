#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "common/config/redis_address.h"
#include "tests/support/servers/child_process.h"
#include "tests/support/temp_directory.h"

namespace quartet::test {

// A real redis-server on a free port of the loopback interface, with its data in
// a folder of its own. It never outlives this process, nor this object. Failures
// throw, for a test cannot go on without.
class RedisServer {
 public:
  enum class Data { kKept, kLost };

  // Starts it. `append_only`: every command is on disk before its reply, so that
  // data survive Kill; otherwise nothing does. `arguments` are added to the command
  // line; a configuration file may be the first. `port`: the one to take, instead of any that is free.
  explicit RedisServer(bool append_only = false, std::vector<std::string> arguments = {}, int port = 0);
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  int port() const { return port_; }
  // Where it listens as well.
  std::string socket() const { return (directory_.path() / "redis.sock").string(); }
  config::RedisAddress address() const { return {.hosts = {{.host = "127.0.0.1", .port = port_}}}; }
  bool running() const { return process_ != nullptr; }

  // kill -9.
  void Kill();
  // Starts it again on the same port, with or without what it had on disk.
  void Restart(Data data = Data::kKept);

  // Runs one command and gives the reply as text: strings and statuses as they
  // are, numbers in digits, nil as "", arrays one element per line.
  std::string Command(std::initializer_list<std::string> arguments) const;

 private:
  // False if it ended at once, for instance because the port was taken.
  bool Launch();
  bool Answers() const;

  TempDirectory directory_;
  std::vector<std::string> arguments_;
  int port_ = 0;
  std::unique_ptr<ChildProcess> process_;
};

// The server's own clock, milliseconds since the Unix epoch.
std::int64_t RedisMillis(const RedisServer& server);

// A port of the loopback interface that was free a moment ago.
int FreePort();

}  // namespace quartet::test
