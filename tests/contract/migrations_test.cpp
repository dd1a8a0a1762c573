#include "common/storage/migrations.h"

#include <cstdint>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "tests/contract/database_contract.h"

namespace quartet::test {
namespace {

using storage::MigrationFile;
using storage::Row;
using storage::Transaction;

constexpr MigrationFile kFirst = {"0001_note.sql",
                                  "-- Notes; the semicolon here ends nothing.\n"
                                  "CREATE TABLE note (id TEXT PRIMARY KEY, text TEXT NOT NULL);\n"
                                  "INSERT INTO note (id, text) VALUES ('a', 'first; ''quoted''');\n"};
constexpr MigrationFile kSecond = {"0002_note_color.sql",
                                   "ALTER TABLE note ADD COLUMN color BIGINT NOT NULL DEFAULT 0;\n"};
constexpr MigrationFile kBroken = {"0002_broken.sql",
                                   "INSERT INTO note (id, text) VALUES ('b', 'x'); CREATE TABLE note (id TEXT);"};

class Migrations : public DatabaseContract {
 protected:
  Status Migrate(const std::vector<MigrationFile>& files, std::string_view set = "notes") {
    return storage::Migrate(*database_, set, files, clock_);
  }
  void ExpectReason(const Status& status, std::string_view reason) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().reason, reason) << ToString(status.error());
  }
  std::int64_t Number(std::string_view sql) {
    std::int64_t number = -1;
    const Status read =
        database_->Read([&](Transaction& t) { return t.Query(sql, {}, [&](const Row& row) { number = row.Int(0); }); });
    EXPECT_TRUE(read.ok()) << ToString(read.error());
    return number;
  }

  ManualClock clock_;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(Migrations);

TEST_P(Migrations, StepsAreAppliedOnceAndRemembered) {
  ASSERT_TRUE(Migrate({kFirst}).ok());
  ASSERT_TRUE(Migrate({kFirst, kSecond}).ok());
  ASSERT_TRUE(Migrate({kFirst, kSecond}).ok());

  EXPECT_EQ(Number("SELECT COUNT(*) FROM note WHERE color = 0 AND text = 'first; ''quoted'''"), 1);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM schema_migration WHERE set_name = 'notes'"), 2);
  EXPECT_EQ(Number("SELECT applied_at FROM schema_migration WHERE number = 1"), clock_.NowMicros());
}

TEST_P(Migrations, SetsAreIndependent) {
  ASSERT_TRUE(Migrate({kFirst, kSecond}).ok());
  ASSERT_TRUE(Migrate({{"0001_other.sql", "CREATE TABLE other (id TEXT PRIMARY KEY);"}}, "others").ok());
  EXPECT_EQ(Number("SELECT COUNT(*) FROM schema_migration"), 3);
}

TEST_P(Migrations, AStepThatFailsLeavesNothing) {
  const Status status = Migrate({kFirst, kBroken});
  ASSERT_FALSE(status.ok());
  EXPECT_NE(status.error().message.find("0002_broken"), std::string::npos);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM note"), 1);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM schema_migration"), 1);
  EXPECT_TRUE(Migrate({kFirst, kSecond}).ok());
}

TEST_P(Migrations, AnEditedStepIsRefused) {
  ASSERT_TRUE(Migrate({kFirst}).ok());
  ExpectReason(Migrate({{kFirst.first, "CREATE TABLE note (id TEXT);"}, kSecond}), "SCHEMA_CHANGED");
}

TEST_P(Migrations, ADatabaseOfANewerProgramIsRefused) {
  ASSERT_TRUE(Migrate({kFirst, kSecond}).ok());
  ExpectReason(Migrate({kFirst}), "SCHEMA_NEWER");
}

TEST_P(Migrations, AGapInTheDatabaseIsRefused) {
  ASSERT_TRUE(Migrate({kFirst, kSecond}).ok());
  ASSERT_TRUE(
      database_->Write([](Transaction& t) { return t.Run("DELETE FROM schema_migration WHERE number = 1"); }).ok());
  ExpectReason(Migrate({kFirst, kSecond}), "SCHEMA_GAP");
}

TEST_P(Migrations, FilesMustBeNumberedFromOneWithoutGaps) {
  for (const std::vector<MigrationFile>& files : std::vector<std::vector<MigrationFile>>{
           {kSecond}, {kFirst, {"0003_x.sql", ""}}, {{"0001.sql", ""}}, {{"1_x.sql", ""}}, {{"0001_x.txt", ""}}}) {
    const Status status = Migrate(files);
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, Code::kInternal);
  }
}

TEST_P(Migrations, SeveralMayTryAtOnce) {
  std::vector<Status> results(8);
  {
    std::vector<std::jthread> threads;
    threads.reserve(results.size());
    for (Status& result : results) threads.emplace_back([&] { result = Migrate({kFirst, kSecond}); });
  }
  for (const Status& result : results) EXPECT_TRUE(result.ok());
  EXPECT_EQ(Number("SELECT COUNT(*) FROM schema_migration"), 2);
}

}  // namespace
}  // namespace quartet::test
