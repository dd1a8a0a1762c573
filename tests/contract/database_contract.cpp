#include "tests/contract/database_backend.h"

#include <chrono>
#include <utility>

#include "common/storage/postgres_database.h"
#include "common/storage/sqlite_database.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres_server.h"
#include "tests/support/temp_directory.h"

namespace quartet::test {
namespace {

using storage::Row;
using storage::Transaction;

class SqliteBackend final : public DatabaseBackend {
 public:
  Result<std::unique_ptr<storage::Database>> Open(const Limits& limits) override {
    QUARTET_ASSIGN_OR_RETURN(
        std::unique_ptr<storage::Database> database,
        storage::SqliteDatabase::Open(
            {.path = folder_.path() / "items.db", .queue_limit = limits.queue, .batch_limit = limits.batch}));
    return database;
  }

 private:
  TempDirectory folder_;
};

class PostgresBackend final : public DatabaseBackend {
 public:
  PostgresBackend() {
    static int databases = 0;
    name_ = "items_" + std::to_string(++databases);
    Server().CreateDatabase(name_);
  }

  Result<std::unique_ptr<storage::Database>> Open(const Limits& limits) override {
    QUARTET_ASSIGN_OR_RETURN(std::unique_ptr<storage::Database> database,
                             storage::PostgresDatabase::Open({.target = Server().Target(name_),
                                                              .start_limit = std::chrono::milliseconds(0),
                                                              .queue_limit = limits.queue,
                                                              .batch_limit = limits.batch}));
    return database;
  }

  // The server finishes what a dead client has begun.
  void AwaitEndOfSessions() override {
    const std::string count = "SELECT count(*) FROM pg_stat_activity WHERE datname = '" + name_ + "'";
    EXPECT_TRUE(Eventually([&] { return Server().Query(count) == "0"; }, std::chrono::seconds(30)));
  }

 private:
  // One for all tests of a process.
  static PostgresServer& Server() {
    static PostgresServer server;
    return server;
  }

  std::string name_;
};

}  // namespace

std::vector<DatabaseBackendFactory> EveryDatabaseBackend() {
  return {{.name = "Sqlite", .make = [] { return std::make_unique<SqliteBackend>(); }},
          {.name = "Postgres", .make = [] { return std::make_unique<PostgresBackend>(); }}};
}

void DatabaseContract::SetUp() {
  backend_ = GetParam().make();
  Reopen();
  const Status created = database_->Write([](Transaction& transaction) {
    return transaction.Run("CREATE TABLE item (id TEXT PRIMARY KEY, number BIGINT, bytes BYTEA)");
  });
  ASSERT_TRUE(created.ok()) << ToString(created.error());
}

void DatabaseContract::Reopen(const DatabaseBackend::Limits& limits) {
  database_.reset();
  auto opened = backend_->Open(limits);
  ASSERT_TRUE(opened.ok()) << ToString(opened.error());
  database_ = std::move(opened).value();
}

Status DatabaseContract::Insert(Transaction& transaction, std::string_view id, std::int64_t number) {
  return transaction.Run("INSERT INTO item (id, number) VALUES ($1, $2)", {id, number});
}

std::int64_t DatabaseContract::CountItems() {
  std::int64_t count = -1;
  const Status read = database_->Read([&](Transaction& transaction) {
    return transaction.Query("SELECT COUNT(*) FROM item", {}, [&](const Row& row) { count = row.Int(0); });
  });
  EXPECT_TRUE(read.ok()) << ToString(read.error());
  return count;
}

HeldWriter::HeldWriter(storage::Database& database) {
  auto held = std::make_shared<std::promise<void>>();
  std::future<void> reached = held->get_future();
  database.Enqueue(
      {.run =
           [held = std::move(held), go = release_.get_future().share(), first = true](Transaction&) mutable {
             if (std::exchange(first, false)) held->set_value();
             go.wait();
             return Status();
           },
       .done = [](const Status&) {}});
  reached.wait();
}

HeldWriter::~HeldWriter() {
  Release();
}

void HeldWriter::Release() {
  if (!std::exchange(released_, true)) release_.set_value();
}

}  // namespace quartet::test
