#include "tests/bench/suite/fill_store.h"

#include <cstdint>
#include <stdexcept>
#include <utility>

#include "common/storage/postgres/database.h"
#include "common/storage/sqlite/connection.h"
#include "common/storage/sqlite/transaction.h"

namespace quartet::bench {
namespace {

// Large, for what comes in no order (the index of companies) is written all over its file.
constexpr std::int64_t kCacheBytes = 256 << 20;

void Check(const Status& status) {
  if (!status.ok()) throw std::runtime_error(ToString(status.error()));
}

class SqliteFill final : public FillStore {
 public:
  explicit SqliteFill(std::unique_ptr<storage::SqliteConnection> connection) : connection_(std::move(connection)) {
    // No log and no journal: each page is written once. The services make a log again when they open it.
    for (const char* sql : {"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "PRAGMA foreign_keys = OFF"})
      Check(connection_->Run(sql));
  }

  void Write(const std::function<Status(storage::Transaction&)>& run) override {
    Check(connection_->Run("BEGIN IMMEDIATE"));
    storage::SqliteTransaction transaction(*connection_);
    Check(transaction.RunOperation(run));
    Check(connection_->Run("COMMIT"));
  }

 private:
  const std::unique_ptr<storage::SqliteConnection> connection_;
};

// Durable, as the services write: with thousands of rows in a transaction that costs nothing.
class PostgresFill final : public FillStore {
 public:
  explicit PostgresFill(std::unique_ptr<storage::Database> database) : database_(std::move(database)) {}

  void Write(const std::function<Status(storage::Transaction&)>& run) override { Check(database_->Write(run)); }

 private:
  const std::unique_ptr<storage::Database> database_;
};

}  // namespace

std::unique_ptr<FillStore> OpenSqliteFill(const std::filesystem::path& path) {
  auto connection = storage::SqliteConnection::Open({.path = path, .writer = true, .cache_bytes = kCacheBytes});
  if (!connection.ok()) throw std::runtime_error(ToString(connection.error()));
  return std::make_unique<SqliteFill>(std::move(*connection));
}

std::unique_ptr<FillStore> OpenPostgresFill(const std::string& target) {
  auto database = storage::PostgresDatabase::Open({.target = target, .application = "quartet-bench", .connections = 2});
  if (!database.ok()) throw std::runtime_error(ToString(database.error()));
  return std::make_unique<PostgresFill>(std::move(*database));
}

}  // namespace quartet::bench
