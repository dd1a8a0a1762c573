// What the compiler holds against the text of a statement, and a store when it first sees one.
#include "common/storage/statement/access_check.h"

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/storage/statement/owned_statement.h"
#include "common/storage/statement/statement.h"

namespace quartet::test {
namespace {

using storage::Access;
using storage::Deletes;
using storage::FindContradiction;
using storage::Inserts;
using storage::OwnedStatement;
using storage::Reads;
using storage::Statement;
using storage::Updates;
using storage::Upserts;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Case {
  std::string_view sql;
  Access access;
};

TEST(AccessCheck, TakesWhatTheTextShows) {
  for (const auto& [sql, access] : {
           Case{"SELECT a FROM t", Reads("t")},
           Case{"SELECT a, b FROM t WHERE id = $1 ORDER BY a DESC LIMIT $2", Reads("t").By("id", 1)},
           Case{"SELECT a FROM t WHERE id = $2 AND x > $1 AND kind = $3", Reads("t").By("id", 2).By("kind", 3)},
           Case{"SELECT COUNT(*) FROM t WHERE id = $1", Reads("t").By("id", 1)},
           Case{"SELECT a FROM t WHERE id = $1 AND (a = $2 OR b = $2)", Reads("t").By("id", 1)},
           Case{"SELECT a FROM t WHERE id = 'x = $1' AND b = $1", Reads("t", "a, id, b").By("b", 1)},
           Case{"INSERT INTO t (id, a) VALUES ($2, $1)", Inserts("t").By("id", 2).By("a", 1)},
           Case{"INSERT INTO t (id, a) VALUES ($1, lower($2))", Inserts("t").By("id", 1)},
           Case{"INSERT INTO t (a, b, c) VALUES ($1, $2, $3) ON CONFLICT (b, c) DO NOTHING", Inserts("t").By("c", 3)},
           Case{"INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (a) DO UPDATE SET b = excluded.b",
                Upserts("t").By("a", 1)},
           Case{"UPDATE t SET v = v + 1, a = lower($3) WHERE id = $1 AND v = $2", Updates("t", "a, v").By("id", 1)},
           Case{"UPDATE t SET a = 1 WHERE b > 2", Updates("t")},
           Case{"DELETE FROM t WHERE kind = $2 AND id = $1", Deletes("t").By("id", 1).By("kind", 2)},
       }) {
    EXPECT_EQ(FindContradiction(sql, access), "") << sql;
  }
}

TEST(AccessCheck, RefusesAKeyThatDoesNotHoldInEveryRow) {
  for (const auto& [sql, access] : {
           Case{"SELECT a FROM t WHERE id = $1", Reads("t").By("id", 2)},
           Case{"SELECT a FROM t WHERE id = $12", Reads("t").By("id", 1)},
           Case{"SELECT a FROM t WHERE id = $1", Reads("t").By("a", 1)},
           Case{"SELECT a FROM t WHERE id = $1", Reads("t").By("id", 0)},
           Case{"SELECT a FROM t WHERE id > $1", Reads("t").By("id", 1)},
           Case{"SELECT a FROM t WHERE NOT id = $1", Reads("t").By("id", 1)},
           Case{"SELECT a FROM t WHERE id = $1 + 1", Reads("t").By("id", 1)},
           Case{"SELECT a FROM t WHERE b < id = $1", Reads("t").By("id", 1)},
           Case{"SELECT a FROM t WHERE (id = $1 OR b = 1)", Reads("t").By("id", 1)},
           Case{"SELECT a AND id = $1 FROM t", Reads("t").By("id", 1)},
           Case{"SELECT a FROM t WHERE b = 1 ORDER BY a AND id = $1", Reads("t").By("id", 1)},
           Case{"SELECT a FROM t WHERE b = 'AND id = $1'", Reads("t").By("id", 1)},
           Case{"UPDATE t SET id = $1 WHERE b = 1", Updates("t").By("id", 1)},
           Case{"UPDATE t SET id = $2 WHERE id = $1", Updates("t").By("id", 1)},
           Case{"INSERT INTO t (id, a) VALUES ($1, $2)", Inserts("t").By("b", 1)},
           Case{"INSERT INTO t (id, a) VALUES ($1, $2)", Inserts("t").By("a", 1)},
           Case{"INSERT INTO t (id, a) VALUES (lower($1), $2)", Inserts("t").By("id", 1)},
           Case{"INSERT INTO t (a, b) VALUES ($1, $2) ON CONFLICT (b) DO NOTHING", Inserts("t").By("a", 1)},
       }) {
    EXPECT_NE(FindContradiction(sql, access), "") << sql;
  }
}

TEST(AccessCheck, RefusesAnotherTableKindOrColumn) {
  for (const auto& [sql, access] : {
           Case{"SELECT a FROM t WHERE id = $1", Reads("u")},
           Case{"SELECT a FROM t WHERE id = $1", Deletes("t")},
           Case{"DELETE FROM t WHERE id = $1", Reads("t")},
           Case{"UPDATE t SET a = 1 WHERE id = $1", Updates("u")},
           Case{"UPDATE t SET a = 1, b = 2 WHERE id = $1", Updates("t", "a")},
           Case{"SELECT a FROM t WHERE c = $1 ORDER BY b", Reads("t", "a, c")},
           Case{"SELECT * FROM t WHERE c = $1", Reads("t", "c")},
           Case{"INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO UPDATE SET b = 1", Inserts("t")},
           Case{"INSERT INTO t (a) VALUES ($1) ON CONFLICT (a) DO NOTHING", Upserts("t")},
       }) {
    EXPECT_NE(FindContradiction(sql, access), "") << sql;
  }
}

TEST(AccessCheck, RefusesWhatIsNotOnePlainStatement) {
  for (const auto& [sql, access] : {
           Case{"SELECT a FROM t JOIN u ON t.id = u.id WHERE id = $1", Reads("t")},
           Case{"SELECT a FROM t, u WHERE id = $1", Reads("t")},
           Case{"SELECT a FROM t AS x WHERE id = $1", Reads("t")},
           Case{"SELECT a FROM t WHERE id = $1 OR b = $2", Reads("t")},
           Case{"SELECT a FROM t WHERE id = $1 FOR UPDATE", Reads("t")},
           Case{"SELECT a FROM t WHERE id = $1 UNION SELECT a FROM u", Reads("t")},
           Case{"select a from t where id in (select id from u)", Reads("t")},
           Case{"SELECT a FROM t; DELETE FROM t", Reads("t")},
           Case{"SELECT a FROM t WHERE id = $1 -- AND more", Reads("t")},
           Case{"SELECT a FROM \"t\"", Reads("t")},
           Case{"INSERT INTO t (id) SELECT id FROM u", Inserts("t")},
           Case{"INSERT INTO t (id) VALUES ($1), ($2)", Inserts("t")},
           Case{"INSERT INTO t (id) VALUES ($1) ON CONFLICT DO NOTHING", Inserts("t")},
           Case{"INSERT INTO t (id, a) VALUES ($1, 0) ON CONFLICT (id) DO UPDATE SET a = $2", Upserts("t")},
           Case{"INSERT INTO t (id) VALUES ($1) RETURNING id", Inserts("t")},
           Case{"UPDATE t SET a = $1", Updates("t")},
           Case{"UPDATE t SET (a, b) = (1, 2) WHERE id = $1", Updates("t")},
           Case{"UPDATE t SET a = u.a FROM u WHERE u.id = $1", Updates("t")},
           Case{"DELETE FROM t", Deletes("t")},
           Case{"DELETE FROM t USING u WHERE id = $1", Deletes("t")},
           Case{"CREATE TABLE t (id TEXT)", Reads("t")},
           Case{"", Reads("t")},
       }) {
    EXPECT_NE(FindContradiction(sql, access), "") << sql;
  }
}

TEST(Statement, ATextAloneIsOpaque) {
  const std::string text = "SELECT a FROM t";
  const Statement statement = text;
  EXPECT_TRUE(statement.is_opaque());
  EXPECT_EQ(statement.sql(), text);
  EXPECT_EQ(FindContradiction(text, statement.access()), "");
}

TEST(Statement, ADeclarationIsHeldAgainstTheTextByTheCompiler) {
  static constexpr Statement kFind = {"SELECT a FROM t WHERE id = $1", Reads("t").By("id", 1)};
  static_assert(!kFind.is_opaque() && kFind.access().keys().size() == 1);
  static_assert(!FindContradiction("SELECT a FROM t WHERE id = $1", Reads("t").By("id", 2)).empty());
  EXPECT_EQ(kFind.access().keys()[0].column, "id");
}

TEST(OwnedStatementDeathTest, AWrongDeclarationEndsTheProgram) {
  const Statement right = OwnedStatement("DELETE FROM t WHERE id = $1", Deletes("t").By("id", 1));
  EXPECT_EQ(right.access().table, "t");
  EXPECT_DEATH(OwnedStatement("DELETE FROM t WHERE id = $1", Deletes("t").By("kind", 1)),
               HasSubstr("a statement is not what it is declared to be"));
}

}  // namespace
}  // namespace quartet::test
