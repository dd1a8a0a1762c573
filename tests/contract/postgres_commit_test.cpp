// What becomes of a commit when the server or the way to it fails: whatever was
// acknowledged stands, and nothing happens twice.
#include <atomic>
#include <chrono>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/contract/postgres_database_fixture.h"
#include "tests/support/eventually.h"

namespace quartet::test {
namespace {

using storage::Row;
using storage::Transaction;

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

class PostgresCommit : public PostgresDatabaseFixture {
 protected:
  // Calls `happens` within a transaction, which would fail if it ran after it had been durable.
  static Status InsertWhile(storage::Database& database, const std::function<void()>& happens) {
    return database.Write([&](Transaction& t) -> Status {
      QUARTET_RETURN_IF_ERROR(t.Query("SELECT COUNT(*) FROM item", {}, [](const Row&) {}));
      happens();
      return t.Run("INSERT INTO item (id, number) VALUES ('a', 1)");
    });
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
};

TEST_F(PostgresCommit, WhatIsAcknowledgedSurvivesThatTheServerIsKilledUnderLoadAndNothingRunsTwice) {
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

TEST_F(PostgresCommit, AWarningThatIsNotAboutTheStandbyLeavesTheCommitKnown) {
  // A cluster's server warns at a commit for reasons of its own.
  server_.Query(
      "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'too few workers'; "
      "RETURN NULL; END $$;"
      "CREATE CONSTRAINT TRIGGER warn AFTER INSERT ON item DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "
      "warn()",
      "crm");
  EXPECT_TRUE(Insert(*first_, "a").ok());
}

TEST_F(PostgresCommit, ACommitWhoseAnswerIsLostIsRecognisedAndNotRunTwice) {
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
TEST_F(PostgresCommit, ACommitThatNeverHappenedIsRunAgainThoughTheQuestionForItIsInterrupted) {
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

TEST_F(PostgresCommit, ATransactionThatGoesWithItsConnectionIsRunAgain) {
  int runs = 0;
  const Status written = InsertWhile(*first_, [&] {
    if (++runs == 1) {
      server_.Kill();
      server_.Restart();
    }
  });
  EXPECT_TRUE(written.ok()) << ToString(written.error());
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(Number(*first_, "SELECT COUNT(*) FROM item").value(), 1);
}

TEST_F(PostgresCommit, ACommitOfWhichNothingCanBeLearntIsUnavailableAndStands) {
  const auto database = Open({.outcome_limit = std::chrono::milliseconds(300)});
  const Status written = InsertWhile(*database, [&] { server_.Kill(); });
  ExpectUnavailable(written);
  server_.Restart();
  EXPECT_EQ(server_.Query("SELECT count(*) FROM item", "crm"), "0");
}

TEST_F(PostgresCommit, AStandbyThatIsPromotedTakesOverWithAllThatWasAcknowledged) {
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

TEST_F(PostgresCommit, ACommitThatIsAnsweredByNobodyForTooLongIsUnavailableAndHappensOnceOrNever) {
  const auto database = Open(Impatient());
  const Status written = InsertWhile(*database, [&] {
    // What follows, the COMMIT too, waits at the server's door.
    server_.Freeze();
  });
  ExpectUnavailable(written);
  server_.Thaw();
  EXPECT_TRUE(Eventually([&] { return server_.Query("SELECT count(*) FROM item", "crm") == "1"; }));
  EXPECT_TRUE(Eventually([&] { return Insert(*database, "b").ok(); }, kPatience));
  EXPECT_EQ(server_.Query("SELECT count(*) FROM item", "crm"), "2");
}

TEST_F(PostgresCommit, ACommitWhoseServerWakesInTimeIsFoundAndNotRunTwice) {
  auto options = Impatient();
  options.outcome_limit = kPatience;
  const auto database = Open(options);
  std::jthread waker;
  const Status written = InsertWhile(*database, [&] {
    server_.Freeze();
    waker = std::jthread([&] {
      // The writer has given up its connection and looks for the outcome.
      EXPECT_TRUE(Eventually([&] { return HasAbandonedConnection(server_.port()); }));
      server_.Thaw();
    });
  });
  EXPECT_TRUE(written.ok()) << ToString(written.error());
  EXPECT_EQ(server_.Query("SELECT count(*) FROM item", "crm"), "1");
}

}  // namespace
}  // namespace quartet::test
