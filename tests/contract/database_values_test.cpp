// What goes through statements and rows: values, parameters and errors.
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "tests/contract/database_contract.h"

namespace quartet::test {
namespace {

using storage::Blob;
using storage::Row;
using storage::Transaction;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class DatabaseValues : public DatabaseContract {
 protected:
  std::string Stored(std::string_view column, std::string_view id) {
    std::string value = "(no row)";
    const Status read = database_->Read([&](Transaction& t) {
      return t.Query("SELECT " + std::string(column) + " FROM item WHERE id = $1", {id},
                     [&](const Row& row) { value = row.IsNull(0) ? "(null)" : row.String(0); });
    });
    EXPECT_TRUE(read.ok()) << ToString(read.error());
    return value;
  }
  // The error of a write that runs one statement.
  Error Refusal(std::string_view sql, std::initializer_list<storage::Param> params) {
    Status status = database_->Write([&](Transaction& t) { return t.Run(sql, params); });
    EXPECT_FALSE(status.ok()) << sql;
    return status.ok() ? Error{} : status.error();
  }
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(DatabaseValues);

TEST_P(DatabaseValues, BytesComeBackAsTheyWere) {
  const std::string zeros("\0a\0\xff\0", 5);
  const std::string large(8 << 20, '\x01');
  ASSERT_TRUE(database_
                  ->Write([&](Transaction& t) -> Status {
                    constexpr std::string_view kInsert = "INSERT INTO item (id, bytes) VALUES ($1, $2)";
                    QUARTET_RETURN_IF_ERROR(t.Run(kInsert, {"zeros", Blob{zeros}}));
                    QUARTET_RETURN_IF_ERROR(t.Run(kInsert, {"large", Blob{large}}));
                    QUARTET_RETURN_IF_ERROR(t.Run(kInsert, {"empty", Blob{}}));
                    return t.Run(kInsert, {"null", nullptr});
                  })
                  .ok());

  EXPECT_EQ(Stored("bytes", "zeros"), zeros);
  EXPECT_EQ(Stored("bytes", "large"), large);
  EXPECT_EQ(Stored("bytes", "empty"), "");
  EXPECT_EQ(Stored("bytes", "null"), "(null)");
}

TEST_P(DatabaseValues, AnEmptyTextIsNotNull) {
  ASSERT_TRUE(database_->Write([&](Transaction& t) { return Insert(t, std::string_view()); }).ok());
  EXPECT_EQ(Stored("id", ""), "");
}

TEST_P(DatabaseValues, IntegersKeepTheirFullRange) {
  constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  std::vector<std::int64_t> numbers;
  ASSERT_TRUE(database_
                  ->Write([&](Transaction& t) -> Status {
                    numbers.clear();
                    QUARTET_RETURN_IF_ERROR(Insert(t, "least", kLeast));
                    QUARTET_RETURN_IF_ERROR(Insert(t, "most", kMost));
                    QUARTET_RETURN_IF_ERROR(t.Run("INSERT INTO item (id) VALUES ('none')"));
                    return t.Query("SELECT number FROM item ORDER BY id", {},
                                   [&](const Row& row) { numbers.push_back(row.Int(0)); });
                  })
                  .ok());
  EXPECT_THAT(numbers, ElementsAre(kLeast, kMost, 0));
}

TEST_P(DatabaseValues, AnIntegerAsTextIsItsDigits) {
  std::string text;
  ASSERT_TRUE(database_
                  ->Write([&](Transaction& t) -> Status {
                    QUARTET_RETURN_IF_ERROR(Insert(t, "a", -42));
                    return t.Query("SELECT number FROM item", {}, [&](const Row& row) { text = row.String(0); });
                  })
                  .ok());
  EXPECT_EQ(text, "-42");
}

TEST_P(DatabaseValues, ParametersAreFoundByTheirNumber) {
  std::vector<std::string> row_values;
  ASSERT_TRUE(
      database_
          ->Read([&](Transaction& t) {
            return t.Query(
                "SELECT CAST($3 AS TEXT), CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($1 AS TEXT) || 'z', CAST($10 AS "
                "TEXT), "
                "CAST($4 AS TEXT) || CAST($5 AS TEXT) || CAST($6 AS TEXT) || CAST($7 AS TEXT) || CAST($8 AS TEXT) || "
                "CAST($9 AS TEXT)",
                {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}, [&](const Row& row) {
                  for (int column = 0; column < 6; ++column) row_values.push_back(row.String(column));
                });
          })
          .ok());
  EXPECT_THAT(row_values, ElementsAre("c", "a", "b", "az", "j", "defghi"));
}

TEST_P(DatabaseValues, AWrongNumberOfParametersIsRefused) {
  EXPECT_EQ(Refusal("INSERT INTO item (id) VALUES ($1)", {}).code, Code::kInternal);
  EXPECT_EQ(Refusal("INSERT INTO item (id) VALUES ($1)", {"a", "b"}).code, Code::kInternal);
  EXPECT_EQ(CountItems(), 0);
}

TEST_P(DatabaseValues, ExecuteCountsTheRowsThatItChanged) {
  std::vector<std::int64_t> counts;
  ASSERT_TRUE(database_
                  ->Write([&](Transaction& t) -> Status {
                    counts.clear();
                    for (const std::string_view sql :
                         {"INSERT INTO item (id, number) VALUES ('a', 1), ('b', 1), ('c', 2)",
                          "UPDATE item SET number = 3", "UPDATE item SET number = 4 WHERE id = 'x'",
                          "INSERT INTO item (id) VALUES ('a') ON CONFLICT (id) DO NOTHING",
                          "DELETE FROM item WHERE id <> 'a'", "DELETE FROM item"}) {
                      QUARTET_ASSIGN_OR_RETURN(counts.emplace_back(), t.Execute(sql, {}));
                    }
                    return {};
                  })
                  .ok());
  EXPECT_THAT(counts, ElementsAre(3, 3, 0, 0, 2, 1));
}

TEST_P(DatabaseValues, AnUpsertReturnsTheRowThatStands) {
  std::vector<std::int64_t> numbers;
  const auto upsert = [&](Transaction& t) {
    return t.Query(
        "INSERT INTO item (id, number) VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET number = item.number + 1 "
        "RETURNING number",
        {"a"}, [&](const Row& row) { numbers.push_back(row.Int(0)); });
  };
  ASSERT_TRUE(database_->Write(upsert).ok());
  ASSERT_TRUE(database_->Write(upsert).ok());
  EXPECT_THAT(numbers, ElementsAre(1, 2));
}

TEST_P(DatabaseValues, ARowCallbackMayQuery) {
  std::vector<std::int64_t> seen;
  constexpr std::string_view kSelect = "SELECT number FROM item WHERE number >= $1 ORDER BY number";
  ASSERT_TRUE(database_
                  ->Write([&](Transaction& t) -> Status {
                    seen.clear();
                    for (std::int64_t i = 1; i <= 3; ++i) QUARTET_RETURN_IF_ERROR(Insert(t, std::to_string(i), i));
                    Status inner;
                    QUARTET_RETURN_IF_ERROR(t.Query(kSelect, {std::int64_t{2}}, [&](const Row& outer) {
                      // The same text while it is running.
                      inner = t.Query(kSelect, {outer.Int(0)}, [&](const Row& row) { seen.push_back(row.Int(0)); });
                    }));
                    return inner;
                  })
                  .ok());
  EXPECT_THAT(seen, ElementsAre(2, 3, 3));
}

TEST_P(DatabaseValues, AValueOfTheWrongTypeIsLostDataAndNeverTheEnd) {
  ASSERT_TRUE(database_->Write([&](Transaction& t) { return Insert(t, "a", 7); }).ok());
  std::vector<std::int64_t> numbers;
  std::string later;
  const Status status = database_->Read([&](Transaction& t) -> Status {
    const Status read =
        t.Query("SELECT id FROM item ORDER BY id", {}, [&](const Row& row) { numbers.push_back(row.Int(0)); });
    // The rest can be read all the same.
    QUARTET_RETURN_IF_ERROR(t.Query("SELECT number FROM item", {}, [&](const Row& row) { later = row.String(0); }));
    return read;
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kDataLoss);
  EXPECT_EQ(status.error().reason, "ROW_UNREADABLE");
  EXPECT_THAT(numbers, ElementsAre(0));
  EXPECT_EQ(later, "7");
}

TEST_P(DatabaseValues, AColumnThatIsNotThereReadsAsNull) {
  ASSERT_TRUE(database_->Write([&](Transaction& t) { return Insert(t, "a", 7); }).ok());
  std::string text = "none";
  ASSERT_TRUE(database_
                  ->Read([&](Transaction& t) {
                    return t.Query("SELECT number FROM item", {}, [&](const Row& row) {
                      text = row.IsNull(3) ? row.String(3) + std::to_string(row.Int(3)) : "something";
                    });
                  })
                  .ok());
  EXPECT_EQ(text, "0");
}

TEST_P(DatabaseValues, AResultIsBoundedInRows) {
  const auto read = [&](std::int64_t rows, std::int64_t& seen) {
    return database_->Read([&](Transaction& t) {
      seen = 0;
      return t.Query(
          "WITH RECURSIVE counted(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM counted WHERE i < $1) "
          "SELECT i FROM counted",
          {rows}, [&](const Row&) { ++seen; });
    });
  };
  const auto most = static_cast<std::int64_t>(limits::kResultRowsMax);
  std::int64_t seen = 0;
  EXPECT_TRUE(read(most, seen).ok());
  EXPECT_EQ(seen, most);
  const Status refused = read(most + 1, seen);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kResourceExhausted);
  EXPECT_EQ(refused.error().reason, "RESULT_TOO_LARGE");
}

// More than any buffer between the two takes, in both directions, before anybody waits for an answer.
TEST_P(DatabaseValues, AnOperationMayQueueMoreThanTheServerHasTimeFor) {
  const std::string large(20'000, 'x');
  const storage::Statement insert = storage::Statement::Declared("INSERT INTO item (id, bytes) VALUES ($1, $2)",
                                                                 storage::Inserts("item").By("id", 1));
  const Status status = database_->Write([&](Transaction& t) -> Status {
    for (int i = 0; i < 300; ++i) {
      const std::string id = std::to_string(i);
      QUARTET_RETURN_IF_ERROR(t.Run(insert, {std::string_view(id), Blob{large}}));
    }
    for (int i = 0; i < 5'000; ++i) QUARTET_RETURN_IF_ERROR(t.Run("SELECT $1 || 'y'", {std::string_view(large)}));
    return {};
  });
  EXPECT_TRUE(status.ok()) << ToString(status.error());
  EXPECT_EQ(CountItems(), 300);
}

TEST_P(DatabaseValues, AUniqueViolationHasItsOwnReason) {
  ASSERT_TRUE(database_->Write([&](Transaction& t) { return Insert(t, "a"); }).ok());
  const Error error = Refusal("INSERT INTO item (id) VALUES ($1)", {"a"});
  EXPECT_EQ(error.code, Code::kAlreadyExists);
  EXPECT_EQ(error.reason, "UNIQUE_VIOLATION");
}

TEST_P(DatabaseValues, AnErrorNeverCarriesTheStatement) {
  const Error error = Refusal("SELECT secret_column FROM item", {});
  EXPECT_EQ(error.code, Code::kInternal);
  EXPECT_THAT(ToString(error), Not(HasSubstr("secret_column")));
}

TEST_P(DatabaseValues, AStatementIsOneStatement) {
  EXPECT_EQ(Refusal("DELETE FROM item; DELETE FROM item", {}).code, Code::kInternal);
  EXPECT_EQ(Refusal("", {}).code, Code::kInternal);
}

TEST_P(DatabaseValues, AFailedStatementFailsItsOperation) {
  const Status status = database_->Write([&](Transaction& t) -> Status {
    QUARTET_RETURN_IF_ERROR(Insert(t, "a"));
    EXPECT_FALSE(t.Execute("INSERT INTO item (id) VALUES ('a')", {}).ok());
    // Overlooks the error, and is told of it again.
    EXPECT_FALSE(Insert(t, "b").ok());
    return {};
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().reason, "UNIQUE_VIOLATION");
  EXPECT_EQ(CountItems(), 0);
}

TEST_P(DatabaseValues, AStatementForItsEffectAloneFailsItsOperationAtTheLatestInTheEnd) {
  const Status status = database_->Write([&](Transaction& t) -> Status {
    for (int i = 0; i < 2; ++i) (void)Insert(t, "a");
    return {};
  });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().reason, "UNIQUE_VIOLATION");
  EXPECT_EQ(CountItems(), 0);
}

TEST_P(DatabaseValues, ATouchChangesNothing) {
  ASSERT_TRUE(database_->Write([&](Transaction& t) { return Insert(t, "a", 7); }).ok());
  ASSERT_TRUE(
      database_->Write([&](Transaction& t) { return t.Touch("UPDATE item SET number = number WHERE id = $1", {"a"}); })
          .ok());
  EXPECT_EQ(CountItems(), 1);
}

TEST_P(DatabaseValues, TextsAreOrderedByTheirBytes) {
  std::vector<std::string> ids;
  ASSERT_TRUE(database_
                  ->Write([&](Transaction& t) -> Status {
                    ids.clear();
                    for (const char* id : {"b", "B", "\xc3\xa4", "a b", "ab", "~"})
                      QUARTET_RETURN_IF_ERROR(Insert(t, id));
                    return t.Query("SELECT id FROM item ORDER BY id", {},
                                   [&](const Row& row) { ids.push_back(row.String(0)); });
                  })
                  .ok());
  EXPECT_THAT(ids, ElementsAre("B", "a b", "ab", "b", "~", "\xc3\xa4"));
}

TEST_P(DatabaseValues, MoreStatementsThanAreKeptPreparedDoNoHarm) {
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 600; ++i) {
      ASSERT_TRUE(database_
                      ->Write([&](Transaction& t) {
                        return t.Run("INSERT INTO item (id, number) VALUES ($1, " + std::to_string(i) +
                                         ") ON CONFLICT (id) DO UPDATE SET number = excluded.number + item.number",
                                     {"a"});
                      })
                      .ok());
    }
  }
  EXPECT_EQ(CountItems(), 1);
}

TEST_P(DatabaseValues, LikeTellsCapitalsApart) {
  ASSERT_TRUE(database_->Write([&](Transaction& t) { return Insert(t, "Anna"); }).ok());
  std::vector<std::int64_t> counts;
  for (const std::string_view pattern : {"Ann%", "ann%"}) {
    ASSERT_TRUE(database_
                    ->Read([&](Transaction& t) {
                      return t.Query("SELECT COUNT(*) FROM item WHERE id LIKE $1", {pattern},
                                     [&](const Row& row) { counts.push_back(row.Int(0)); });
                    })
                    .ok());
  }
  EXPECT_THAT(counts, ElementsAre(1, 0));
}

}  // namespace
}  // namespace quartet::test
