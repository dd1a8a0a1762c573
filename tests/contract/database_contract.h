#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
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
  };

  virtual ~DatabaseBackend() = default;
  virtual Result<std::unique_ptr<storage::Database>> Open(const Limits& limits) = 0;
  // Returns when nothing is under way any more of what a killed process had begun.
  virtual void AwaitEndOfSessions() {}
};

struct DatabaseBackendFactory {
  std::string name;
  std::function<std::unique_ptr<DatabaseBackend>()> make;

  // For the names of tests.
  friend void PrintTo(const DatabaseBackendFactory& factory, std::ostream* out) { *out << factory.name; }
};

// A test that runs once for each backend there is, on an open database with the
// table `item (id TEXT PRIMARY KEY, number BIGINT, bytes BYTEA)`.
class DatabaseContract : public ::testing::TestWithParam<DatabaseBackendFactory> {
 protected:
  void SetUp() override;

  // Closes the database and opens it anew.
  void Reopen(const DatabaseBackend::Limits& limits = {});
  Status Insert(storage::Transaction& transaction, std::string_view id, std::int64_t number = 0);
  // How many rows a reader sees.
  std::int64_t CountItems();

  std::unique_ptr<DatabaseBackend> backend_;
  std::unique_ptr<storage::Database> database_;
};

// Instantiates the suite `Suite`, a DatabaseContract, for every backend.
#define QUARTET_INSTANTIATE_DATABASE_CONTRACT(Suite)                                                   \
  INSTANTIATE_TEST_SUITE_P(Every, Suite, ::testing::ValuesIn(::quartet::test::EveryDatabaseBackend()), \
                           [](const auto& test) { return test.param.name; })

std::vector<DatabaseBackendFactory> EveryDatabaseBackend();

// Keeps the database's writing thread busy, so that what is queued meanwhile
// shares the next transaction.
class HeldWriter {
 public:
  explicit HeldWriter(storage::Database& database);
  // Lets the writer go on, unless Release did so before.
  ~HeldWriter();
  void Release();

 private:
  std::promise<void> release_;
  bool released_ = false;
};

}  // namespace quartet::test
