// Servers that take no connection, or have no room for what is written: callers
// hear UNAVAILABLE, the operator reads the cause in the log, and all goes on as
// soon as the cause is gone.
#include <chrono>
#include <fstream>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "common/storage/postgres/database.h"
#include "tests/support/eventually.h"
#include "tests/support/servers/certificate.h"
#include "tests/support/servers/postgres_server.h"
#include "tests/support/temp_directory.h"

namespace quartet::test {
namespace {

using storage::Database;
using storage::PostgresDatabase;
using storage::Row;
using storage::Transaction;
using ::testing::HasSubstr;

using Opened = Result<std::unique_ptr<PostgresDatabase>>;

constexpr std::chrono::seconds kPatience(30);

Opened Open(const std::string& target, std::chrono::milliseconds start_limit = {}) {
  return PostgresDatabase::Open(
      {.target = target, .outcome_limit = std::chrono::milliseconds(200), .start_limit = start_limit});
}

// What is written to the log meanwhile.
std::string LogOf(const std::function<void()>& run) {
  ::testing::internal::CaptureStderr();
  run();
  return ::testing::internal::GetCapturedStderr();
}

void ExpectUnavailable(const Error& error, const std::string& message = "the database cannot be reached") {
  EXPECT_EQ(ToString(error), "UNAVAILABLE DATABASE_UNAVAILABLE: " + message);
  EXPECT_TRUE(error.retry_after.has_value());
}

// That the server is not entered at `target` for a cause that the log tells.
void ExpectRefused(const std::string& target, const std::string& cause) {
  Opened opened = Error{};
  EXPECT_THAT(LogOf([&] { opened = Open(target); }), HasSubstr(cause));
  ASSERT_FALSE(opened.ok());
  ExpectUnavailable(opened.error());
}

// That it is refused, and that who waits gets in when `mend` has removed the cause.
void ExpectRefusedUntil(const std::string& target, const std::string& cause, const std::function<void()>& mend) {
  ExpectRefused(target, cause);
  Opened opened = Error{};
  {
    const std::jthread patient([&] { opened = Open(target, kPatience); });
    mend();
  }
  EXPECT_TRUE(opened.ok());
}

TEST(PostgresTls, AServerIsBelievedOnlyIfTheNamedRootVouchesForItsName) {
  const Certificate own;
  const Certificate foreign;
  PostgresServer::Own(own.folder());
  PostgresServer::Own(own.key());
  const PostgresServer server({"ssl=on", "ssl_cert_file=" + own.certificate(), "ssl_key_file=" + own.key()});
  const std::string target =
      server.Target("postgres") + " hostaddr=127.0.0.1 sslmode=verify-full sslrootcert=" + own.certificate();

  const auto database = Open(target + " host=localhost");
  ASSERT_TRUE(database.ok()) << ToString(database.error());
  std::int64_t encrypted = 0;
  ASSERT_TRUE((*database)
                  ->Read([&](Transaction& t) {
                    return t.Query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", {},
                                   [&](const Row& row) { encrypted = row.Int(0); });
                  })
                  .ok());
  EXPECT_EQ(encrypted, 1);

  ExpectRefused(target + " host=localhost sslrootcert=" + foreign.certificate(), "certificate verify failed");
  ExpectRefused(target + " host=other.example", "does not match host name");
}

TEST(PostgresTls, WhoAsksForItIsNotServedWithoutIt) {
  const PostgresServer server;
  ExpectRefused(server.Target("postgres") + " sslmode=require", "server does not support SSL");
}

TEST(PostgresRefusals, AWrongPasswordIsToldInTheLogAndTriedAgain) {
  const TempDirectory folder;
  const std::string rules = folder.path() / "hba.conf";
  std::ofstream(rules) << "local all all trust\n"
                          "host all crm 127.0.0.1/32 scram-sha-256\n"
                          "host all all 127.0.0.1/32 trust\n";
  PostgresServer::Own(folder.path());
  const PostgresServer server({"hba_file=" + rules});
  server.Query("CREATE ROLE crm LOGIN PASSWORD 'of yesterday'");
  server.Query("CREATE DATABASE crm OWNER crm");
  ExpectRefusedUntil(server.Target("crm") + " user=crm password=hunter2",
                     "password authentication failed for user \\\"crm\\\"",
                     [&] { server.Query("ALTER ROLE crm PASSWORD 'hunter2'"); });
}

TEST(PostgresRefusals, ADatabaseThatIsNotThereIsToldInTheLogAndWaitedFor) {
  const PostgresServer server;
  ExpectRefusedUntil(server.Target("crm"), "database \\\"crm\\\" does not exist",
                     [&] { server.CreateDatabase("crm"); });
}

TEST(PostgresRefusals, AServerFullOfClientsTakesWritesAgainWhenSomeHaveLeft) {
  const PostgresServer server({"max_connections=5", "superuser_reserved_connections=0"});
  auto database = Open(server.Target("postgres")).value();
  const auto write = [&] { return database->Write([](Transaction& t) { return t.Run("SELECT 1"); }); };
  std::vector<std::unique_ptr<PGconn, decltype(&PQfinish)>> others;
  do {
    others.emplace_back(PQconnectdb(server.Target("postgres").c_str()), &PQfinish);
  } while (PQstatus(others.back().get()) == CONNECTION_OK);

  Status refused;
  EXPECT_THAT(LogOf([&] { refused = write(); }), HasSubstr("too many clients"));
  ASSERT_FALSE(refused.ok());
  ExpectUnavailable(refused.error());
  others.clear();
  EXPECT_TRUE(Eventually([&] { return write().ok(); }));
}

TEST(PostgresRefusals, AStatementThatNeedsMoreLocksThanThereIsRoomForHarmsNoOther) {
  const PostgresServer server(
      {"max_connections=5", "superuser_reserved_connections=0", "max_locks_per_transaction=10"});
  auto database = Open(server.Target("postgres")).value();
  const Status refused = database->Write(
      [](Transaction& t) { return t.Run("SELECT count(pg_advisory_xact_lock(n)) FROM generate_series(1, 100000) n"); });
  ASSERT_FALSE(refused.ok());
  ExpectUnavailable(refused.error(), "the database has no resources left (SQLSTATE 53200)");
  EXPECT_TRUE(database->Write([](Transaction& t) { return t.Run("SELECT 1"); }).ok());
}

class PostgresFullDisk : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(
        database_->Write([](Transaction& t) { return t.Run("CREATE TABLE item (id BIGINT PRIMARY KEY, bytes BYTEA)"); })
            .ok());
  }
  // A row with so many bytes, none like the other.
  Status Insert(std::size_t size_bytes) {
    std::string bytes(size_bytes, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random_());
    const Status written = database_->Write([&](Transaction& t) {
      return t.Run("INSERT INTO item (id, bytes) VALUES ($1, $2)", {++tried_, storage::Blob{bytes}});
    });
    if (written.ok()) acknowledged_.push_back(tried_);
    return written;
  }
  // That what was acknowledged is there, and nothing else.
  void ExpectRows() {
    std::vector<std::int64_t> rows;
    ASSERT_TRUE(database_
                    ->Read([&](Transaction& t) {
                      return t.Query("SELECT id FROM item", {}, [&](const Row& row) { rows.push_back(row.Int(0)); });
                    })
                    .ok());
    EXPECT_THAT(rows, ::testing::UnorderedElementsAreArray(acknowledged_));
  }

  static constexpr std::size_t kBlock = 8'192;
  static constexpr std::size_t kRowBytes = 200'000;
  PostgresServer server_;
  std::unique_ptr<PostgresDatabase> database_ = Open(server_.Target("postgres")).value();
  std::minstd_rand random_;
  std::int64_t tried_ = 0;
  std::vector<std::int64_t> acknowledged_;
};

TEST_F(PostgresFullDisk, WhatNeedsRoomIsUnavailableUntilThereIsSome) {
  ASSERT_TRUE(Insert(1).ok());
  // The last block fits by half, which the server takes for a full disk. Its log's files are shorter.
  server_.LimitFileSize(800 * kBlock + kBlock / 2);
  Status refused;
  const std::string log = LogOf([&] {
    EXPECT_TRUE(Eventually([&] {
      refused = Insert(kRowBytes);
      return !refused.ok();
    }));
  });
  EXPECT_THAT(log, HasSubstr("could not extend file"));
  ASSERT_FALSE(refused.ok());
  ExpectUnavailable(refused.error(), "the database has no resources left (SQLSTATE 53100)");
  EXPECT_TRUE(Insert(1).ok()) << "there is room for this";

  server_.LimitFileSize(std::nullopt);
  EXPECT_TRUE(Insert(kRowBytes).ok());
  ExpectRows();
}

TEST_F(PostgresFullDisk, AServerThatDiesOfItLosesNothingThatWasAcknowledged) {
  ASSERT_TRUE(Insert(kRowBytes).ok());
  // Enough for the tables, but not for the log, without which it cannot live.
  server_.LimitFileSize(256 * kBlock);
  const std::string text(kRowBytes, 'x');
  Status refused;
  EXPECT_TRUE(Eventually([&] {
    refused = database_->Write([&](Transaction& t) {
      return t.Run("SELECT pg_logical_emit_message(true, 'log', $1)", {std::string_view(text)});
    });
    return !refused.ok();
  }));
  ASSERT_FALSE(refused.ok());
  ExpectUnavailable(refused.error());

  server_.Restart();
  EXPECT_TRUE(Eventually([&] { return database_->Read([](Transaction& t) { return t.Run("SELECT 1"); }).ok(); }));
  ExpectRows();
  EXPECT_TRUE(Eventually([&] { return Insert(kRowBytes).ok(); }, kPatience));
}

}  // namespace
}  // namespace quartet::test
