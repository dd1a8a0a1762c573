#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "common/storage/postgres/database.h"
#include "tests/support/servers/postgres_server.h"

namespace quartet::test {

// Two processes' views of one database with one table, `item`.
class PostgresDatabaseFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    server_.CreateDatabase("crm");
    first_ = Open();
    ASSERT_TRUE(first_
                    ->Write([](storage::Transaction& t) {
                      return t.Run("CREATE TABLE item (id TEXT PRIMARY KEY, number BIGINT)");
                    })
                    .ok());
    second_ = Open();
  }

  std::unique_ptr<storage::PostgresDatabase> Open(storage::PostgresOptions options = {}) {
    if (options.target.empty()) options.target = server_.Target("crm");
    options.start_limit = std::chrono::milliseconds(0);
    auto opened = storage::PostgresDatabase::Open(options);
    EXPECT_TRUE(opened.ok()) << ToString(opened.error());
    return std::move(opened).value();
  }

  static Status Insert(storage::Database& database, const std::string& id) {
    return database.Write([&](storage::Transaction& t) {
      return t.Run("INSERT INTO item (id, number) VALUES ($1, 0)", {std::string_view(id)});
    });
  }
  static Result<std::int64_t> Number(storage::Database& database, const std::string& sql) {
    std::int64_t number = -1;
    QUARTET_RETURN_IF_ERROR(database.Read([&](storage::Transaction& t) {
      return t.Query(sql, {}, [&](const storage::Row& row) { number = row.Int(0); });
    }));
    return number;
  }
  // Gives up what says nothing after a moment.
  storage::PostgresOptions Impatient() const {
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
  std::unique_ptr<storage::PostgresDatabase> first_;
  std::unique_ptr<storage::PostgresDatabase> second_;
};

}  // namespace quartet::test
