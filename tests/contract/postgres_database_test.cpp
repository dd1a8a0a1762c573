// What only PostgreSQL can do to a database: several processes, failures of the
// server and of the way to it.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/postgres_database_fixture.h"
#include "tests/support/eventually.h"

namespace quartet::test {
namespace {

using storage::Database;
using storage::PostgresDatabase;
using storage::PostgresOptions;
using storage::Row;
using storage::Transaction;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::chrono::seconds kPatience(40);

using PostgresDatabaseTest = PostgresDatabaseFixture;

TEST_F(PostgresDatabaseTest, TwoProcessesThatReadAndThenWriteTheSameRowLoseNoUpdate) {
  ASSERT_TRUE(Insert(*first_, "counter").ok());
  constexpr int kWritesEach = 100;
  const auto count_up = [&](Database& database) {
    for (int i = 0; i < kWritesEach; ++i) {
      Status status;
      const bool written = Eventually([&] {
        status = database.Write([](Transaction& t) -> Status {
          std::int64_t number = 0;
          QUARTET_RETURN_IF_ERROR(t.Query("SELECT number FROM item WHERE id = 'counter'", {},
                                          [&](const Row& row) { number = row.Int(0); }));
          return t.Run("UPDATE item SET number = $1 WHERE id = 'counter'", {number + 1});
        });
        return status.ok() || status.error().code != Code::kAborted;
      });
      ASSERT_TRUE(written && status.ok());
    }
  };
  {
    const std::jthread one([&] { count_up(*first_); });
    const std::jthread other([&] { count_up(*second_); });
  }
  EXPECT_EQ(Number(*first_, "SELECT number FROM item").value(), 2 * kWritesEach);
}

TEST_F(PostgresDatabaseTest, WhoOnlyTouchesARowStillCollides) {
  // Each inserts a row of its own unless the other has: a write skew, but for the touch.
  ASSERT_TRUE(Insert(*first_, "guard").ok());
  for (int round = 0; round < 30; ++round) {
    const auto claim = [&](Database& database, const std::string& name) {
      return database.Write([&](Transaction& t) -> Status {
        std::int64_t claims = 0;
        QUARTET_RETURN_IF_ERROR(t.Query("SELECT COUNT(*) FROM item WHERE number = $1", {std::int64_t{round + 1}},
                                        [&](const Row& row) { claims = row.Int(0); }));
        if (claims > 0) return FailedPrecondition("CLAIMED", "");
        QUARTET_RETURN_IF_ERROR(t.Touch("UPDATE item SET number = number WHERE id = $1", {"guard"}));
        const std::string id = name + std::to_string(round);
        return t.Run("INSERT INTO item (id, number) VALUES ($1, $2)", {std::string_view(id), std::int64_t{round + 1}});
      });
    };
    std::atomic<int> successes = 0;
    {
      const std::jthread one([&] { successes += claim(*first_, "first").ok() ? 1 : 0; });
      const std::jthread other([&] { successes += claim(*second_, "second").ok() ? 1 : 0; });
    }
    EXPECT_EQ(successes.load(), 1) << round;
  }
}

TEST_F(PostgresDatabaseTest, WhoFindsNothingAndThenCollidesIsRunAgainAndFindsIt) {
  for (int round = 0; round < 30; ++round) {
    const std::string id = "row " + std::to_string(round);
    const auto find_or_insert = [&](Database& database, bool& found) {
      return database.Write([&](Transaction& t) -> Status {
        found = false;
        QUARTET_RETURN_IF_ERROR(
            t.Query("SELECT 1 FROM item WHERE id = $1", {std::string_view(id)}, [&](const Row&) { found = true; }));
        if (found) return {};
        return t.Run("INSERT INTO item (id, number) VALUES ($1, 0)", {std::string_view(id)});
      });
    };
    bool first_found = false;
    bool second_found = false;
    Status first;
    Status second;
    {
      const std::jthread one([&] { first = find_or_insert(*first_, first_found); });
      const std::jthread other([&] { second = find_or_insert(*second_, second_found); });
    }
    EXPECT_TRUE(first.ok() && second.ok()) << round;
    EXPECT_NE(first_found, second_found) << round;
  }
}

TEST_F(PostgresDatabaseTest, AReadOfOneStatementIsOneRoundTripAndAWriteOfManyIsTwo) {
  ASSERT_TRUE(Number(*first_, "SELECT COUNT(*) FROM item").ok());
  auto before = first_->Counters();
  ASSERT_TRUE(Number(*first_, "SELECT COUNT(*) FROM item").ok());
  EXPECT_EQ(first_->Counters().round_trips - before.round_trips, 1U);

  before = first_->Counters();
  ASSERT_TRUE(first_
                  ->Write([](Transaction& t) -> Status {
                    std::int64_t count = 0;
                    QUARTET_RETURN_IF_ERROR(
                        t.Query("SELECT COUNT(*) FROM item", {}, [&](const Row& row) { count = row.Int(0); }));
                    for (std::int64_t i = 0; i < 10; ++i) {
                      const std::string id = std::to_string(count + i);
                      QUARTET_RETURN_IF_ERROR(
                          t.Run("INSERT INTO item (id, number) VALUES ($1, $2)", {std::string_view(id), i}));
                    }
                    return {};
                  })
                  .ok());
  EXPECT_EQ(first_->Counters().round_trips - before.round_trips, 2U);
}

TEST_F(PostgresDatabaseTest, AServerThatRestartsIsFoundAgain) {
  ASSERT_TRUE(Number(*first_, "SELECT COUNT(*) FROM item").ok());
  server_.Kill();
  ExpectUnavailable(Insert(*first_, "while it is down"));
  ExpectUnavailable(first_->Read([](Transaction& t) { return t.Run("SELECT 1"); }));
  server_.Restart();
  EXPECT_TRUE(Eventually([&] { return Insert(*first_, "a").ok(); }, kPatience));
  EXPECT_TRUE(Eventually([&] { return Number(*first_, "SELECT COUNT(*) FROM item WHERE id = 'a'").ok(); }, kPatience));
}

TEST_F(PostgresDatabaseTest, AnUpdateThatFindsNoRowFailsItsOperationAlone) {
  const auto change = [](const std::string& id) {
    return [id](Transaction& t) -> Status {
      QUARTET_RETURN_IF_ERROR(t.Run("INSERT INTO item (id, number) VALUES ('with ' || $1, 1)", {std::string_view(id)}));
      return t.Change("UPDATE item SET number = 2 WHERE id = $1", {std::string_view(id)}, Aborted("GONE", ""));
    };
  };
  ASSERT_TRUE(Insert(*first_, "here").ok());
  EXPECT_TRUE(first_->Write(change("here")).ok());
  const Status gone = first_->Write(change("not here"));
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().reason, "GONE");
  EXPECT_EQ(Number(*first_, "SELECT COUNT(*) FROM item").value(), 2);
}

TEST_F(PostgresDatabaseTest, AServerThatSaysNothingHoldsNobodyForEver) {
  const auto database = Open(Impatient());
  ASSERT_TRUE(Insert(*database, "a").ok());
  ASSERT_TRUE(Number(*database, "SELECT COUNT(*) FROM item").ok());
  server_.Freeze();
  ExpectUnavailable(database->Read([](Transaction& t) { return t.Run("SELECT 1"); }));
  ExpectUnavailable(Insert(*database, "b"));
  server_.Thaw();
  EXPECT_TRUE(Eventually([&] { return Insert(*database, "c").ok(); }, kPatience));
}

TEST_F(PostgresDatabaseTest, AStatementThatTakesTooLongIsStopped) {
  const auto database = Open({.statement_timeout = std::chrono::milliseconds(100)});
  ExpectUnavailable(database->Read([](Transaction& t) { return t.Run("SELECT pg_sleep(30)"); }));
  ExpectUnavailable(database->Write([](Transaction& t) { return t.Run("SELECT pg_sleep(30)"); }));
  EXPECT_TRUE(Insert(*database, "a").ok());
}

TEST_F(PostgresDatabaseTest, AServerWithoutFreeConnectionsIsUnavailable) {
  server_.Query("CREATE ROLE crm LOGIN CONNECTION LIMIT 2");
  server_.Query("GRANT ALL ON SCHEMA public TO crm; GRANT ALL ON ALL TABLES IN SCHEMA public TO crm", "crm");
  PostgresOptions options{.target = server_.Target("crm") + " user=crm"};
  const auto database = Open(options);
  // The server forgets the connection of the start when it gets to it.
  EXPECT_TRUE(
      Eventually([&] { return server_.Query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'crm'") == "0"; }));
  const Status status = database->Read([&](Transaction& t) -> Status {
    QUARTET_RETURN_IF_ERROR(t.Run("SELECT 1"));
    EXPECT_TRUE(Insert(*database, "a").ok());
    Status third;
    std::jthread([&] { third = database->Read([](Transaction& other) { return other.Run("SELECT 1"); }); }).join();
    ExpectUnavailable(third);
    return {};
  });
  EXPECT_TRUE(status.ok());
}

TEST_F(PostgresDatabaseTest, AServerThatWritesNoMoreIsUnavailableUntilItDoes) {
  first_ = Open({.outcome_limit = std::chrono::milliseconds(200)});
  ASSERT_TRUE(Insert(*first_, "a").ok());
  server_.Query("ALTER DATABASE crm SET default_transaction_read_only = on");
  server_.Query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'crm'");
  EXPECT_TRUE(Eventually([&] { return !Insert(*first_, "b").ok(); }));
  ExpectUnavailable(Insert(*first_, "b"));
  server_.Query("ALTER DATABASE crm RESET default_transaction_read_only");
  EXPECT_TRUE(Eventually([&] { return Insert(*first_, "c").ok(); }, kPatience));
}

TEST_F(PostgresDatabaseTest, AnOrderByLanguageIsRefused) {
  server_.Query("CREATE DATABASE other TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en'");
  const auto opened = PostgresDatabase::Open({.target = server_.Target("other")});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().reason, "DATABASE_UNSUITABLE");
  EXPECT_THAT(opened.error().message, HasSubstr("LC_COLLATE 'C'"));
}

TEST_F(PostgresDatabaseTest, TheLogTellsWhatIsWrongAndCallersLearnNeitherPasswordsNorPlaces) {
  const auto database = Open({.outcome_limit = {}});
  ASSERT_TRUE(Number(*database, "SELECT COUNT(*) FROM item").ok());
  ::testing::internal::CaptureStderr();
  server_.Kill();
  const auto opened =
      PostgresDatabase::Open({.target = server_.Target("crm") + " password=hunter2hunter2", .start_limit = {}});
  const Status lost = database->Read([](Transaction& t) { return t.Run("SELECT 1"); });
  const Status refused = Insert(*database, "a");
  const std::string log = ::testing::internal::GetCapturedStderr();
  ASSERT_FALSE(opened.ok());
  ASSERT_FALSE(lost.ok());
  ASSERT_FALSE(refused.ok());
  for (const Error& error : {opened.error(), lost.error(), refused.error()}) {
    EXPECT_EQ(ToString(error), "UNAVAILABLE DATABASE_UNAVAILABLE: the database cannot be reached");
  }
  EXPECT_THAT(log, HasSubstr("port " + std::to_string(server_.port()) + " failed: Connection refused"));
  EXPECT_THAT(log, HasSubstr("a connection to the database is lost"));
  EXPECT_THAT(log, Not(HasSubstr("hunter2")));
}

TEST_F(PostgresDatabaseTest, AServerThatComesLateIsWaitedFor) {
  first_.reset();
  second_.reset();
  server_.Kill();
  Result<std::unique_ptr<PostgresDatabase>> opened = Error{};
  {
    const std::jthread opener([&] { opened = PostgresDatabase::Open({.target = server_.Target("crm")}); });
    server_.Restart();
  }
  EXPECT_TRUE(opened.ok());
}

}  // namespace
}  // namespace quartet::test
