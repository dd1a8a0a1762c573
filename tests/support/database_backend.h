#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/base/result.h"
#include "common/storage/database.h"

namespace quartet::test {

// A place in which databases of one kind are opened; what was written there is
// found again by the next that is opened. It ends with its object.
class DatabaseBackend {
 public:
  struct Limits {
    std::size_t queue = 10'000;
    std::size_t batch = 512;
    std::size_t queue_bytes = std::size_t{64} << 20;
    std::size_t batch_bytes = std::size_t{8} << 20;
  };

  virtual ~DatabaseBackend() = default;
  virtual Result<std::unique_ptr<storage::Database>> Open(const Limits& limits) = 0;
  Result<std::unique_ptr<storage::Database>> Open() { return Open(Limits()); }
  // The place as a service's settings have it: a connection string, or "" for SQLite,
  // which needs a folder.
  virtual std::string Target() const { return ""; }
  // Keeps a copy of what is there, and puts it back in the place of what is there by then, as who restores a backup
  // does. Nothing may have it open. One copy.
  virtual void Keep() = 0;
  virtual void PutBack() = 0;
  // Returns when nothing is under way any more of what a killed process had begun.
  virtual void AwaitEndOfSessions() {}
};

struct DatabaseBackendFactory {
  std::string name;
  std::function<std::unique_ptr<DatabaseBackend>()> make;

  // For the names of tests.
  friend void PrintTo(const DatabaseBackendFactory& factory, std::ostream* out) { *out << factory.name; }
};

// SQLite, each in a folder of its own, and PostgreSQL, each a database of its own
// on the one server that all tests of a process share.
std::vector<DatabaseBackendFactory> EveryDatabaseBackend();

// Those of which several processes may have the same open.
std::vector<DatabaseBackendFactory> EverySharedDatabaseBackend();

// A test that runs once for each backend there is.
class EveryDatabase : public ::testing::TestWithParam<DatabaseBackendFactory> {};

// Instantiates the suite `Suite`, an EveryDatabase, for every backend. Its program
// is built by quartet_test with STORES.
#define QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(Suite)                                                  \
  INSTANTIATE_TEST_SUITE_P(Every, Suite, ::testing::ValuesIn(::quartet::test::EveryDatabaseBackend()), \
                           [](const auto& test) { return test.param.name; })

}  // namespace quartet::test
