#include "common/storage/postgres/batching/statement_shape.h"

#include <array>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/storage/postgres/batching/row_footprint.h"

namespace quartet::test {
namespace {

using storage::Access;
using storage::Deletes;
using storage::Inserts;
using storage::Param;
using storage::Reads;
using storage::RowFootprint;
using storage::ShapeOf;
using storage::Statement;
using storage::StatementShape;
using storage::Updates;
using storage::Upserts;
using storage::WireParams;
using Kind = Access::Kind;
using ::testing::ElementsAre;

StatementShape Declared(std::string_view sql, const Access& access) {
  return ShapeOf(Statement::Declared(sql, access));
}

TEST(StatementShape, IsWhatIsDeclared) {
  const StatementShape shape =
      Declared("UPDATE t SET version = version + 1, a = $3 WHERE id = $1 AND kind = $2 AND version = 7",
               Updates("t", "version, a").By("id", 1).By("kind", 2));
  EXPECT_EQ(shape.kind, Kind::kUpdate);
  EXPECT_EQ(shape.table, "t");
  EXPECT_THAT(shape.columns, ElementsAre("version", "a"));
  ASSERT_EQ(shape.keys.size(), 2U);
  EXPECT_EQ(shape.keys[1].column, "kind");
  EXPECT_EQ(shape.keys[1].param, 1U);
  EXPECT_TRUE(shape.TakesSets());
}

TEST(StatementShape, WithoutADeclarationNothingIsKnown) {
  const StatementShape shape = ShapeOf("SELECT a FROM t WHERE id = $1");
  EXPECT_EQ(shape.kind, Kind::kOpaque);
  EXPECT_EQ(shape.table, "");
  EXPECT_FALSE(shape.TakesSets());
}

TEST(StatementShape, AWrongDeclarationCountsForNone) {
  EXPECT_FALSE(Declared("SELECT a FROM t WHERE id > $1", Reads("t").By("id", 1)).TakesSets());
}

TEST(StatementShape, OnlyAnInsertThatChangesNothingThatIsThereMayRepeat) {
  EXPECT_TRUE(Declared("INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO NOTHING", Inserts("t")).MayRepeat());
  EXPECT_FALSE(Declared("INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET b = excluded.b",
                        Upserts("t").By("a", 1))
                   .MayRepeat());
}

TEST(StatementShape, AnUpdateLeavesAloneWhoNamesNoColumnThatItSets) {
  const StatementShape update = Declared("UPDATE t SET a = $2 WHERE id = $1", Updates("t", "a").By("id", 1));
  EXPECT_TRUE(update.LeavesAlone(Declared("SELECT b FROM t WHERE c = $1", Reads("t", "b, c"))));
  EXPECT_FALSE(update.LeavesAlone(Declared("SELECT a FROM t WHERE c = $1", Reads("t", "a, c"))));
  EXPECT_FALSE(update.LeavesAlone(Declared("SELECT b FROM t WHERE c = $1 ORDER BY a", Reads("t", "a, b, c"))));
  EXPECT_FALSE(update.LeavesAlone(Declared("SELECT b FROM t WHERE c = $1", Reads("t"))));
  EXPECT_FALSE(Declared("UPDATE t SET a = $2 WHERE id = $1", Updates("t"))
                   .LeavesAlone(Declared("SELECT b FROM t WHERE c = $1", Reads("t", "b, c"))));
  EXPECT_FALSE(Declared("DELETE FROM t WHERE id = $1", Deletes("t"))
                   .LeavesAlone(Declared("SELECT b FROM t WHERE c = $1", Reads("t", "b, c"))));
}

TEST(StatementShape, RunsForManyRowsWhatItDoesForOne) {
  constexpr std::array<std::string_view, 2> kTypes = {"text", "int8"};
  const std::string many = "unnest($1::text[], $2::int8[]) WITH ORDINALITY AS many(p1, p2, row_number)";
  EXPECT_EQ(
      Declared("SELECT a FROM t WHERE id = $1 AND x <> '$2' AND n > $2 LIMIT 1", Reads("t")).ForManyRows(kTypes, false),
      "SELECT one.*, many.row_number FROM " + many +
          ", LATERAL (SELECT a FROM t WHERE id = many.p1 AND x <> '$2' AND n > many.p2 LIMIT 1) AS one");
  EXPECT_EQ(Declared("INSERT INTO t (id, n, x) VALUES ($1, abs($2), 0) ON CONFLICT (id) DO NOTHING", Inserts("t"))
                .ForManyRows(kTypes, false),
            "INSERT INTO t (id, n, x) SELECT many.p1, abs(many.p2), 0 FROM " + many + " ON CONFLICT (id) DO NOTHING");
  EXPECT_EQ(Declared("UPDATE t SET n = n + $2 WHERE id = $1", Updates("t")).ForManyRows(kTypes, true),
            "UPDATE t SET n = n + many.p2 FROM " + many + " WHERE id = many.p1 RETURNING many.row_number");
  EXPECT_EQ(Declared("DELETE FROM t WHERE id = $1 AND n = $2", Deletes("t")).ForManyRows(kTypes, false),
            "DELETE FROM t USING " + many + " WHERE id = many.p1 AND n = many.p2");
}

bool Overlap(const StatementShape& first, std::initializer_list<Param> first_params, const StatementShape& second,
             std::initializer_list<Param> second_params) {
  RowFootprint footprint(first);
  footprint.Add(WireParams({first_params.begin(), first_params.size()}).values());
  return footprint.MayOverlap(second, WireParams({second_params.begin(), second_params.size()}).values());
}

TEST(RowFootprint, TwoStatementsThatDifferInOneKeyConcernDifferentRows) {
  const StatementShape by_id = Declared("DELETE FROM t WHERE id = $1", Deletes("t").By("id", 1));
  const StatementShape by_kind = Declared("DELETE FROM t WHERE kind = $1", Deletes("t").By("kind", 1));
  const StatementShape by_both =
      Declared("SELECT n FROM t WHERE id = $1 AND kind = $2", Reads("t").By("id", 1).By("kind", 2));
  EXPECT_FALSE(Overlap(by_id, {"a"}, by_both, {"b", 1}));
  EXPECT_TRUE(Overlap(by_id, {"a"}, by_both, {"a", 1}));
  EXPECT_TRUE(Overlap(by_kind, {1}, by_id, {"a"}));
  EXPECT_FALSE(RowFootprint(by_id).MayOverlap(by_kind, {}));
}

}  // namespace
}  // namespace quartet::test
