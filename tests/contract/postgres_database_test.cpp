// What only PostgreSQL can do to a database: several processes, failures of the
// server and of the way to it, failover.
#include "common/storage/postgres_database.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/storage/migrations.h"
#include "tests/support/eventually.h"
#include "tests/support/postgres_server.h"

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

// Whether a client has closed a connection to this port of which the server has not taken notice.
bool HasAbandonedConnection(int port) {
  constexpr const char* kCloseWait = "08";
  std::ifstream connections("/proc/net/tcp");
  const std::string here = fmt::format("0100007F:{:04X}", port);
  std::string line;
  while (std::getline(connections, line)) {
    std::istringstream fields(line);
    std::string number, local, remote, state;
    fields >> number >> local >> remote >> state;
    if (local == here && state == kCloseWait) return true;
  }
  return false;
}

class PostgresDatabaseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.CreateDatabase("crm");
    first_ = Open();
    ASSERT_TRUE(
        first_->Write([](Transaction& t) { return t.Run("CREATE TABLE item (id TEXT PRIMARY KEY, number BIGINT)"); })
            .ok());
    second_ = Open();
  }

  std::unique_ptr<PostgresDatabase> Open(PostgresOptions options = {}) {
    if (options.target.empty()) options.target = server_.Target("crm");
    options.start_limit = std::chrono::milliseconds(0);
    auto opened = PostgresDatabase::Open(options);
    EXPECT_TRUE(opened.ok()) << ToString(opened.error());
    return std::move(opened).value();
  }

  // From now on commits wait for a standby that does not exist: they are durable, but not answered.
  void RequireAStandby() {
    server_.Query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    server_.Query("SELECT pg_reload_conf()");
    // The server does not hear of it at once.
    const std::jthread probe([this] {
      try {
        while (true) server_.Query("CREATE TABLE probe (); DROP TABLE probe");
      } catch (const std::runtime_error&) {
        // The end of its connection.
      }
    });
    EXPECT_TRUE(TerminateOneThatWaits("SyncRep"));
  }
  bool OneWaits(const std::string& event) {
    const std::string count = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = '" + event + "'";
    return Eventually([&] { return server_.Query(count) == "1"; }, kPatience);
  }
  bool TerminateOneThatWaits(const std::string& event) {
    if (!OneWaits(event)) return false;
    return server_.Query("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = '" + event +
                         "'") == "1";
  }

  static Status Insert(Database& database, const std::string& id) {
    return database.Write(
        [&](Transaction& t) { return t.Run("INSERT INTO item (id, number) VALUES ($1, 0)", {std::string_view(id)}); });
  }
  static Result<std::int64_t> Number(Database& database, const std::string& sql) {
    std::int64_t number = -1;
    QUARTET_RETURN_IF_ERROR(
        database.Read([&](Transaction& t) { return t.Query(sql, {}, [&](const Row& row) { number = row.Int(0); }); }));
    return number;
  }
  // Gives up what says nothing after a moment.
  PostgresOptions Impatient() const {
    return {.target = server_.Target("crm") + " connect_timeout=2",
            .statement_timeout = std::chrono::milliseconds(200),
            .patience = std::chrono::milliseconds(200),
            .outcome_limit = std::chrono::milliseconds(200)};
  }
  static void ExpectUnavailable(const Status& status) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, Code::kUnavailable);
    EXPECT_EQ(status.error().reason, "DATABASE_UNAVAILABLE");
    EXPECT_TRUE(status.error().retry_after.has_value());
  }

  PostgresServer server_;
  std::unique_ptr<PostgresDatabase> first_;
  std::unique_ptr<PostgresDatabase> second_;
};

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

TEST_F(PostgresDatabaseTest, WhatIsAcknowledgedSurvivesThatTheServerIsKilledUnderLoadAndNothingRunsTwice) {
  constexpr int kThreads = 8;
  std::atomic<bool> stop = false;
  std::atomic<int> written = 0;
  std::vector<std::set<std::string>> acknowledged(kThreads);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0; !stop; ++i) {
          const std::string id = std::to_string(thread) + "." + std::to_string(i);
          // A second run of the same would be a duplicate.
          const Status status = Insert(thread % 2 == 0 ? *first_ : *second_, id);
          if (status.ok()) {
            acknowledged[static_cast<std::size_t>(thread)].insert(id);
            ++written;
          } else {
            EXPECT_EQ(status.error().code, Code::kUnavailable) << ToString(status.error());
          }
        }
      });
    }
    for (int kill = 0; kill < 4; ++kill) {
      const int before = written;
      EXPECT_TRUE(Eventually([&] { return written > before + 200; }, kPatience));
      server_.Kill();
      server_.Restart();
    }
    const int before = written;
    EXPECT_TRUE(Eventually([&] { return written > before + 50; }, kPatience));
    stop = true;
  }
  std::set<std::string> found;
  const auto read = [&](Transaction& t) {
    return t.Query("SELECT id FROM item", {}, [&](const Row& row) { found.insert(row.String(0)); });
  };
  // One that has failed to connect does not try again at once.
  ASSERT_TRUE(Eventually([&] { return first_->Read(read).ok(); }, kPatience));
  for (const auto& ids : acknowledged) {
    for (const std::string& id : ids) EXPECT_TRUE(found.contains(id)) << id;
  }
}

TEST_F(PostgresDatabaseTest, ACommitWhoseAnswerIsLostIsRecognisedAndNotRunTwice) {
  RequireAStandby();
  Status written;
  {
    const std::jthread writer([&] {
      written = first_->Write([](Transaction& t) {
        // Not to be told from the first time.
        return t.Run(
            "INSERT INTO item (id, number) VALUES ('a', 1) ON CONFLICT (id) DO UPDATE SET number = item.number + 1");
      });
    });
    EXPECT_TRUE(OneWaits("SyncRep"));
    server_.Kill();
    server_.Restart();
    // It is recognised, and not told before the standby has it.
    EXPECT_TRUE(OneWaits("SyncRep"));
    server_.ForgetStandby();
  }
  EXPECT_TRUE(written.ok()) << ToString(written.error());
  EXPECT_EQ(Number(*first_, "SELECT number FROM item").value(), 1);
}

// Who asks for the outcome of a commit leaves a row, which must not be taken for the commit's when it has to ask again.
TEST_F(PostgresDatabaseTest, ACommitThatNeverHappenedIsRunAgainThoughTheQuestionForItIsInterrupted) {
  server_.Query(
      "CREATE TABLE pause (); INSERT INTO pause DEFAULT VALUES;"
      "CREATE FUNCTION pause_commit() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN IF EXISTS (SELECT FROM pause) THEN PERFORM pg_sleep(60); END IF; RETURN NULL; END $$;"
      "CREATE CONSTRAINT TRIGGER pause AFTER INSERT ON item DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION pause_commit()",
      "crm");
  Status written;
  {
    const std::jthread writer([&] { written = Insert(*first_, "a"); });
    EXPECT_TRUE(OneWaits("PgSleep"));
    server_.Query("DELETE FROM pause", "crm");
    RequireAStandby();
    EXPECT_TRUE(TerminateOneThatWaits("PgSleep"));
    EXPECT_TRUE(TerminateOneThatWaits("SyncRep"));
    server_.ForgetStandby();
  }
  EXPECT_TRUE(written.ok()) << ToString(written.error());
  EXPECT_EQ(Number(*first_, "SELECT COUNT(*) FROM item").value(), 1);
}

TEST_F(PostgresDatabaseTest, ATransactionThatGoesWithItsConnectionIsRunAgain) {
  int runs = 0;
  const Status written = first_->Write([&](Transaction& t) -> Status {
    QUARTET_RETURN_IF_ERROR(t.Query("SELECT COUNT(*) FROM item", {}, [](const Row&) {}));
    if (++runs == 1) {
      server_.Kill();
      server_.Restart();
    }
    return t.Run("INSERT INTO item (id, number) VALUES ('a', 1)");
  });
  EXPECT_TRUE(written.ok()) << ToString(written.error());
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(Number(*first_, "SELECT COUNT(*) FROM item").value(), 1);
}

TEST_F(PostgresDatabaseTest, ACommitOfWhichNothingCanBeLearntIsUnavailableAndStands) {
  const auto database = Open({.outcome_limit = std::chrono::milliseconds(300)});
  const Status written = database->Write([&](Transaction& t) -> Status {
    QUARTET_RETURN_IF_ERROR(t.Query("SELECT COUNT(*) FROM item", {}, [](const Row&) {}));
    server_.Kill();
    return t.Run("INSERT INTO item (id, number) VALUES ('a', 1)");
  });
  ExpectUnavailable(written);
  server_.Restart();
  EXPECT_EQ(server_.Query("SELECT count(*) FROM item", "crm"), "0");
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

TEST_F(PostgresDatabaseTest, AStandbyThatIsPromotedTakesOverWithAllThatWasAcknowledged) {
  auto standby = server_.StartStandby();
  const std::string both = PostgresServer::Target({server_.port(), standby->port()}, "crm");
  const auto database = Open({.target = both});
  std::atomic<bool> stop = false;
  std::vector<std::string> acknowledged;
  std::atomic<int> written = 0;
  {
    const std::jthread writer([&] {
      for (int i = 0; !stop; ++i) {
        const std::string id = std::to_string(i);
        const Status status = Insert(*database, id);
        if (!status.ok()) {
          EXPECT_EQ(status.error().code, Code::kUnavailable) << ToString(status.error());
          continue;
        }
        acknowledged.push_back(id);
        ++written;
      }
    });
    EXPECT_TRUE(Eventually([&] { return written > 100; }, kPatience));
    server_.Kill();
    standby->Promote();
    const int before = written;
    EXPECT_TRUE(Eventually([&] { return written > before + 50; }, kPatience));
    stop = true;
  }
  for (const std::string& id : acknowledged) {
    EXPECT_EQ(standby->Query("SELECT count(*) FROM item WHERE id = '" + id + "'", "crm"), "1") << id;
  }
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

TEST_F(PostgresDatabaseTest, ACommitThatIsAnsweredByNobodyForTooLongIsUnavailableAndHappensOnceOrNever) {
  const auto database = Open(Impatient());
  const Status written = database->Write([&](Transaction& t) -> Status {
    QUARTET_RETURN_IF_ERROR(t.Query("SELECT COUNT(*) FROM item", {}, [](const Row&) {}));
    // What follows, the COMMIT too, waits at the server's door.
    server_.Freeze();
    return t.Run("INSERT INTO item (id, number) VALUES ('a', 1)");
  });
  ExpectUnavailable(written);
  server_.Thaw();
  EXPECT_TRUE(Eventually([&] { return server_.Query("SELECT count(*) FROM item", "crm") == "1"; }));
  EXPECT_TRUE(Eventually([&] { return Insert(*database, "b").ok(); }, kPatience));
  EXPECT_EQ(server_.Query("SELECT count(*) FROM item", "crm"), "2");
}

TEST_F(PostgresDatabaseTest, ACommitWhoseServerWakesInTimeIsFoundAndNotRunTwice) {
  auto options = Impatient();
  options.outcome_limit = kPatience;
  const auto database = Open(options);
  std::jthread waker;
  const Status written = database->Write([&](Transaction& t) -> Status {
    QUARTET_RETURN_IF_ERROR(t.Query("SELECT COUNT(*) FROM item", {}, [](const Row&) {}));
    server_.Freeze();
    waker = std::jthread([&] {
      // The writer has given up its connection and looks for the outcome.
      EXPECT_TRUE(Eventually([&] { return HasAbandonedConnection(server_.port()); }));
      server_.Thaw();
    });
    // A second run would fail.
    return t.Run("INSERT INTO item (id, number) VALUES ('a', 1)");
  });
  EXPECT_TRUE(written.ok()) << ToString(written.error());
  EXPECT_EQ(server_.Query("SELECT count(*) FROM item", "crm"), "1");
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
