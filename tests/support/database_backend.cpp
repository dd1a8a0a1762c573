#include "tests/support/database_backend.h"

#include <chrono>
#include <exception>
#include <filesystem>
#include <utility>

#include "common/storage/postgres/database.h"
#include "common/storage/sqlite/database.h"
#include "tests/support/eventually.h"
#include "tests/support/servers/postgres_server.h"
#include "tests/support/temp_directory.h"

namespace quartet::test {
namespace {

class SqliteBackend final : public DatabaseBackend {
 public:
  Result<std::unique_ptr<storage::Database>> Open(const Limits& limits) override {
    QUARTET_ASSIGN_OR_RETURN(std::unique_ptr<storage::Database> database,
                             storage::SqliteDatabase::Open({.path = folder_.path() / "test.db",
                                                            .queue_limit = limits.queue,
                                                            .queue_bytes_limit = limits.queue_bytes,
                                                            .batch_limit = limits.batch,
                                                            .batch_bytes_limit = limits.batch_bytes}));
    return database;
  }

  void Keep() override { Replace(folder_.path(), kept_.path()); }
  void PutBack() override { Replace(kept_.path(), folder_.path()); }

 private:
  static void Replace(const std::filesystem::path& from, const std::filesystem::path& to) {
    for (const auto& file : std::filesystem::directory_iterator(to)) std::filesystem::remove_all(file);
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
  }

  TempDirectory folder_;
  TempDirectory kept_;
};

class PostgresBackend final : public DatabaseBackend {
 public:
  PostgresBackend() {
    static int databases = 0;
    name_ = "test_" + std::to_string(++databases);
    Server().CreateDatabase(name_);
  }
  ~PostgresBackend() override {
    try {
      Drop(name_);
      if (is_kept_) Drop(name_ + "_kept");
    } catch (const std::exception& failure) {
      ADD_FAILURE() << failure.what();
    }
  }

  Result<std::unique_ptr<storage::Database>> Open(const Limits& limits) override {
    QUARTET_ASSIGN_OR_RETURN(std::unique_ptr<storage::Database> database,
                             storage::PostgresDatabase::Open({.target = Server().Target(name_),
                                                              .start_limit = std::chrono::milliseconds(0),
                                                              .queue_limit = limits.queue,
                                                              .queue_bytes_limit = limits.queue_bytes,
                                                              .batch_limit = limits.batch,
                                                              .batch_bytes_limit = limits.batch_bytes}));
    return database;
  }

  std::string Target() const override { return Server().Target(name_); }

  void Keep() override {
    Copy(name_, name_ + "_kept");
    is_kept_ = true;
  }
  void PutBack() override { Copy(name_ + "_kept", name_); }

  // The server finishes what a dead client has begun.
  void AwaitEndOfSessions() override {
    const std::string count = "SELECT count(*) FROM pg_stat_activity WHERE datname = '" + name_ + "'";
    EXPECT_TRUE(Eventually([&] { return Server().Query(count) == "0"; }, std::chrono::seconds(30)));
  }

 private:
  static void Drop(const std::string& name) { Server().Query("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); }
  void Copy(const std::string& from, const std::string& to) {
    AwaitEndOfSessions();
    Drop(to);
    Server().Query("CREATE DATABASE " + to + " TEMPLATE " + from);
  }

  static PostgresServer& Server() {
    // No test cuts its power.
    static PostgresServer server({"fsync=off", "full_page_writes=off"});
    return server;
  }

  std::string name_;
  bool is_kept_ = false;
};

}  // namespace

std::vector<DatabaseBackendFactory> EveryDatabaseBackend() {
  std::vector<DatabaseBackendFactory> every = EverySharedDatabaseBackend();
  every.insert(every.begin(), {.name = "Sqlite", .make = [] { return std::make_unique<SqliteBackend>(); }});
  return every;
}

std::vector<DatabaseBackendFactory> EverySharedDatabaseBackend() {
  return {{.name = "Postgres", .make = [] { return std::make_unique<PostgresBackend>(); }}};
}

}  // namespace quartet::test
