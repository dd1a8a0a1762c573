// common/config: what a service process is told at start, from flags and from
// the environment. Every flag --some-flag has the twin QUARTET_SOME_FLAG; a
// flag wins over its twin. Settings are checked as a whole: all mistakes are
// named at once, before anything starts.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/limits.h"
#include "common/base/result.h"
#include "common/config/redis_address.h"

namespace quartet::config {

struct ServiceSettings {
  std::string service;   // "lead", …
  std::string listen;    // host:port; port 0 takes a free one
  std::string data_dir;  // exists or can be made; holds <service>.db; may be empty if there is a `database`
  std::string database;  // of a PostgreSQL server, as libpq has it; empty: SQLite in data_dir
  RedisAddress redis;    // --redis, and the secrets from the environment
  // Where the five services are: host:port each, or the replicas of one by their
  // numbers, "127.0.0.1:7400,127.0.0.1:7410".
  std::string lead;
  std::string contact;
  std::string account;
  std::string opportunity;
  std::string qualification;
  bool allow_insecure_listen = false;
  std::string log_level = "info";
  // The opportunity service's stages and their probabilities in percent.
  std::string pipeline = "QUALIFY=10,DEVELOP=35,PROPOSE=65,CLOSE=85";
  int partitions = 4;                       // of every topic; 1 to 256, the same in all services
  int workers = 32;                         // threads that run calls; 1 to 1,024
  int queue_max = limits::kQueuedCallsMax;  // calls that may wait for a worker; 1 to 1,000,000
  // Of the qualification service: qualifications that may be not over, in the suite and of one
  // caller at one replica; 1 to 1,000,000.
  int pending_max = limits::kPendingMax;
  int pending_per_caller_max = limits::kPendingPerCallerMax;
  // Days after which its qualifications may be deleted; 0 (never) to 36,500.
  int qualification_retention_days = 90;
  // Seconds after which a client's connection is ended; 0 (never) to 86,400.
  int connection_age_s = 60;
  // Of `database`: connections, 2 to 1,000, and seconds that a statement may take, 1 to 3,600.
  int database_connections = 8;
  int database_statement_timeout_s = 10;

  // The address of one of the five by its name; "" for any other name.
  const std::string& AddressOf(std::string_view name) const;
};

// What the command line asked for: `help` is a text to show and nothing to run,
// or it is empty and `services` holds the settings (five for the all-in-one).
struct ParsedSettings {
  std::string help;
  std::vector<ServiceSettings> services;
};

// Reads one environment variable; null if it is not set. std::getenv fits.
using Environment = std::function<const char*(const char*)>;

// Settings of the process quartet-<service>. Default addresses come from
// --base-port (see ports.h), the data directory from XDG_DATA_HOME or HOME.
// Errors: INVALID_ARGUMENT with one violation per mistake, its field being the
// flag ("--listen") or the variable ("QUARTET_LISTEN") that is wrong.
Result<ParsedSettings> ParseServiceSettings(std::string_view service, int argc, const char* const* argv,
                                            const Environment& environment);

// Settings of the process quartet-all, in the order of kServices. --listen is a
// host without a port, --data-dir the folder that holds one folder per service.
Result<ParsedSettings> ParseAllSettings(int argc, const char* const* argv, const Environment& environment);

}  // namespace quartet::config
