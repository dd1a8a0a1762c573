// What sessions tell a server that is a node of a Citus cluster, where it differs. The server here is a plain one that
// looks like that.
#include <string>

#include <gtest/gtest.h>

#include "tests/contract/postgres_database_fixture.h"

namespace quartet::test {
namespace {

class PostgresCluster : public PostgresDatabaseFixture {
 protected:
  static std::string Setting(storage::Database& database, const std::string& name) {
    std::string setting;
    const Status status = database.Write([&](storage::Transaction& t) {
      return t.Query("SELECT current_setting($1, true)", {std::string_view(name)},
                     [&](const storage::Row& row) { setting = row.String(0); });
    });
    EXPECT_TRUE(status.ok()) << ToString(status.error());
    return setting;
  }

  std::unique_ptr<storage::PostgresDatabase> OpenAsNode() {
    server_.Query("CREATE FUNCTION citus_version() RETURNS text LANGUAGE sql AS 'SELECT version()'", "crm");
    return Open();
  }
};

TEST_F(PostgresCluster, PlansAreMadeForTheValuesByWhichRowsAreFoundOnTheirNode) {
  EXPECT_EQ(Setting(*first_, "plan_cache_mode"), "force_generic_plan");
  EXPECT_EQ(Setting(*OpenAsNode(), "plan_cache_mode"), "auto");
}

TEST_F(PostgresCluster, LimitsOfTimeHoldOnTheOtherNodesToo) {
  EXPECT_EQ(Setting(*first_, "citus.propagate_set_commands"), "");
  const auto node = OpenAsNode();
  EXPECT_EQ(Setting(*node, "citus.propagate_set_commands"), "local");
  EXPECT_EQ(Setting(*node, "lock_timeout"), Setting(*first_, "lock_timeout"));
  EXPECT_EQ(Setting(*node, "statement_timeout"), Setting(*first_, "statement_timeout"));
}

}  // namespace
}  // namespace quartet::test
