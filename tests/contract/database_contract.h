#pragma once

#include <cstdint>
#include <future>
#include <memory>
#include <string_view>

#include <gtest/gtest.h>

#include "common/base/result.h"
#include "common/storage/database.h"
#include "tests/support/database_backend.h"

namespace quartet::test {

// A test that runs once for each backend there is, on an open database with the
// table `item (id TEXT PRIMARY KEY, number BIGINT, bytes BYTEA)`.
class DatabaseContract : public EveryDatabase {
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
