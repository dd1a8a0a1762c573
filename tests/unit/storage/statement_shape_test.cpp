#include "common/storage/postgres/batching/statement_shape.h"

#include <array>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/storage/postgres/batching/row_footprint.h"

namespace quartet::test {
namespace {

using storage::Param;
using storage::RowFootprint;
using storage::ShapeOf;
using storage::StatementShape;
using storage::WireParams;
using Kind = StatementShape::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> KeysOf(std::string_view sql) {
  std::vector<std::string> keys;
  for (const auto& key : ShapeOf(sql).keys) keys.push_back(key.column + "=$" + std::to_string(key.param + 1));
  return keys;
}

TEST(StatementShape, KnowsTheTableAndTheKeysOfPlainStatements) {
  EXPECT_EQ(ShapeOf("SELECT a, b FROM t WHERE id = $1 ORDER BY a LIMIT $2").kind, Kind::kSelect);
  EXPECT_EQ(ShapeOf("SELECT a FROM t WHERE id = $1").table, "t");
  EXPECT_THAT(KeysOf("SELECT a FROM t WHERE id = $2 AND x > $1 AND kind = $3"), ElementsAre("id=$2", "kind=$3"));
  EXPECT_THAT(KeysOf("DELETE FROM t WHERE id = $1 AND kind = $2"), ElementsAre("id=$1", "kind=$2"));
  EXPECT_THAT(KeysOf("SELECT a FROM t WHERE id = 'x = $1'"), IsEmpty());
}

TEST(StatementShape, AColumnThatAnUpdateSetsIsNoKeyOfIt) {
  const StatementShape shape = ShapeOf("UPDATE t SET version = version + 1, a = $3 WHERE id = $1 AND version = $2");
  EXPECT_EQ(shape.kind, Kind::kUpdate);
  EXPECT_THAT(shape.set_columns, UnorderedElementsAre("version", "a"));
  EXPECT_THAT(KeysOf(shape.sql), ElementsAre("id=$1"));
}

TEST(StatementShape, AnInsertsKeyIsWhatMayBeThereOnlyOnce) {
  EXPECT_THAT(KeysOf("INSERT INTO t (id, a) VALUES ($2, $1)"), ElementsAre("id=$2"));
  EXPECT_THAT(KeysOf("INSERT INTO t (a, b, c) VALUES ($1, $2, $3) ON CONFLICT (b, c) DO NOTHING"),
              ElementsAre("b=$2", "c=$3"));
  EXPECT_TRUE(ShapeOf("INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO NOTHING").may_repeat);
  EXPECT_FALSE(ShapeOf("INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET b = excluded.b").may_repeat);
}

TEST(StatementShape, ClaimsNothingOfWhatItDoesNotUnderstand) {
  for (const std::string_view sql :
       {"SELECT a FROM t", "SELECT a FROM t JOIN u ON t.id = u.id WHERE t.id = $1",
        "SELECT COUNT(*) FROM t WHERE id = $1", "SELECT a FROM t WHERE id = $1 OR b = $2",
        "SELECT a FROM t WHERE id = $1 FOR UPDATE", "INSERT INTO t (id) VALUES ($1) ON CONFLICT DO NOTHING",
        "INSERT INTO t (id) SELECT id FROM u", "INSERT INTO t (id) VALUES (lower($1))", "UPDATE t SET a = $1",
        "DELETE FROM t WHERE id IN (SELECT id FROM u)", "DELETE FROM t WHERE id = $1 RETURNING a",
        "CREATE TABLE t (id TEXT)"}) {
    EXPECT_EQ(ShapeOf(sql).kind, Kind::kOther) << sql;
    EXPECT_EQ(ShapeOf(sql).table, "") << sql;
  }
}

TEST(StatementShape, AnUpdateLeavesAloneWhoNamesNoColumnThatItSets) {
  const StatementShape update = ShapeOf("UPDATE t SET a = $2 WHERE id = $1");
  EXPECT_TRUE(update.LeavesAlone(ShapeOf("SELECT b FROM t WHERE c = $1")));
  EXPECT_FALSE(update.LeavesAlone(ShapeOf("SELECT a FROM t WHERE c = $1")));
  EXPECT_FALSE(update.LeavesAlone(ShapeOf("SELECT b FROM t WHERE c = $1 ORDER BY a")));
  EXPECT_FALSE(ShapeOf("DELETE FROM t WHERE id = $1").LeavesAlone(ShapeOf("SELECT b FROM t WHERE c = $1")));
}

TEST(StatementShape, RunsForManyRowsWhatItDoesForOne) {
  constexpr std::array<std::string_view, 2> kTypes = {"text", "int8"};
  const std::string many = "unnest($1::text[], $2::int8[]) WITH ORDINALITY AS many(p1, p2, row_number)";
  EXPECT_EQ(ShapeOf("SELECT a FROM t WHERE id = $1 AND n > $2 LIMIT 1").ForManyRows(kTypes, false),
            "SELECT one.*, many.row_number FROM " + many +
                ", LATERAL (SELECT a FROM t WHERE id = many.p1 AND n > many.p2 LIMIT 1) AS one");
  EXPECT_EQ(
      ShapeOf("INSERT INTO t (id, n, x) VALUES ($1, $2, 0) ON CONFLICT (id) DO NOTHING").ForManyRows(kTypes, false),
      "INSERT INTO t (id, n, x) SELECT many.p1, many.p2, 0 FROM " + many + " ON CONFLICT (id) DO NOTHING");
  EXPECT_EQ(ShapeOf("UPDATE t SET n = n + $2 WHERE id = $1").ForManyRows(kTypes, true),
            "UPDATE t SET n = n + many.p2 FROM " + many + " WHERE id = many.p1 RETURNING many.row_number");
  EXPECT_EQ(ShapeOf("DELETE FROM t WHERE id = $1 AND n = $2").ForManyRows(kTypes, false),
            "DELETE FROM t USING " + many + " WHERE id = many.p1 AND n = many.p2");
}

bool Overlap(std::string_view first, std::initializer_list<Param> first_params, std::string_view second,
             std::initializer_list<Param> second_params) {
  const StatementShape shape = ShapeOf(first);
  RowFootprint footprint(shape);
  footprint.Add(WireParams({first_params.begin(), first_params.size()}).values());
  return footprint.MayOverlap(ShapeOf(second), WireParams({second_params.begin(), second_params.size()}).values());
}

TEST(RowFootprint, TwoStatementsThatDifferInOneKeyConcernDifferentRows) {
  EXPECT_FALSE(Overlap("DELETE FROM t WHERE id = $1", {"a"}, "SELECT n FROM t WHERE id = $1 AND kind = $2", {"b", 1}));
  EXPECT_TRUE(Overlap("DELETE FROM t WHERE id = $1", {"a"}, "SELECT n FROM t WHERE id = $1 AND kind = $2", {"a", 1}));
  EXPECT_TRUE(Overlap("DELETE FROM t WHERE kind = $1", {1}, "SELECT n FROM t WHERE id = $1", {"a"}));
  EXPECT_FALSE(
      RowFootprint(ShapeOf("DELETE FROM t WHERE id = $1")).MayOverlap(ShapeOf("DELETE FROM t WHERE n = $1"), {}));
}

}  // namespace
}  // namespace quartet::test
