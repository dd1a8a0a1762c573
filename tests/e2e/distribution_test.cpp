// Whether the tables can be spread over several PostgreSQL servers by Citus
// (deploy/postgres/distribute.sql), which itself is not to be had in a test: what
// it asks of a schema and of statements is checked on what the services really
// made and really said.
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/config/ports.h"
#include "tests/e2e/lead_making.h"
#include "tests/support/eventually.h"
#include "tests/support/suite/clients.h"
#include "tests/support/suite/process.h"

namespace quartet::test {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

constexpr int kLeads = 20;

// What Citus would have there; it notes what it is told.
constexpr std::string_view kStandIn =
    "CREATE TABLE pg_dist_partition (logicalrelid regclass, key text);"
    "CREATE FUNCTION create_distributed_table(relation regclass, key text) RETURNS void LANGUAGE sql AS "
    "'INSERT INTO pg_dist_partition VALUES (relation, key)';"
    // By this the services recognise Citus, and ask about each key by itself.
    "CREATE FUNCTION citus_version() RETURNS text LANGUAGE sql AS 'SELECT version()'";

// Tables of a few rows, which stay in one place.
constexpr std::string_view kLocalTables =
    "'commit_outcome', 'identity_backfill', 'member', 'participation_watermark', 'schema_migration', 'watermark', "
    "'pg_dist_partition'";

// What has to look everywhere, because no key is known: pages of lists, sums, and the upkeep that runs by the second
// (what is due, what has grown old, what waits for one that has ended), or once after an upgrade (identities are
// completed).
const std::regex kEverywhere(
    R"(SELECT DISTINCT qualification_id FROM intent WHERE write_time <|)"
    R"(FROM intent i LEFT JOIN|)"
    R"(FROM (lead|contact|account|opportunity|qualification)( WHERE .*)? ORDER BY create_time|)"
    R"(FROM (contact|account) WHERE id > \$1 ORDER BY id LIMIT|)"
    R"(GROUP BY state, stage, currency|)"
    R"(FROM qualification WHERE (redrive_time|waits_for) |)"
    R"((FROM|DELETE FROM) event WHERE id (<|>=|IN)|)"
    R"(SELECT slot FROM outbox WHERE slot >|)"
    R"(FROM dead_letter|)"
    R"(DELETE FROM identity WHERE record_id = )");

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The lines of the one value that a query gives.
std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

class DistributionTest : public ::testing::Test {
 protected:
  // Each database distributed, by the script and the stand-in.
  DistributionTest() {
    const std::string script = ReadFile("deploy/postgres/distribute.sql");
    for (const std::string_view service : config::kServices) {
      Query(service, std::string(kStandIn));
      Query(service, script);
    }
  }

  std::string Query(std::string_view service, const std::string& sql) {
    return suite_.postgres().Query(sql, fmt::format("quartet_{}", service));
  }
  // One column of texts.
  std::vector<std::string> Column(std::string_view service, const std::string& query) {
    return Lines(
        Query(service, fmt::format("SELECT string_agg(found.value, E'\\n') FROM ({}) AS found (value)", query)));
  }
  // The column by which each distributed table of a service is distributed.
  std::map<std::string, std::string> Keys(std::string_view service) {
    std::map<std::string, std::string> keys;
    for (const std::string& line : Column(service, "SELECT logicalrelid::text || ' ' || key FROM pg_dist_partition"))
      keys.emplace(line.substr(0, line.find(' ')), line.substr(line.find(' ') + 1));
    return keys;
  }

  Suite suite_{Suite::OnPostgres{}};
  SuiteClients clients_{suite_};
};

TEST_F(DistributionTest, TheScriptDistributesEveryTableOnce) {
  const std::string script = ReadFile("deploy/postgres/distribute.sql");
  for (const std::string_view service : config::kServices) {
    const auto keys = Keys(service);
    EXPECT_THAT(keys, Not(IsEmpty()));
    EXPECT_THAT(Column(service, fmt::format("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' AND "
                                            "tablename NOT IN ({}) AND NOT EXISTS (SELECT FROM pg_dist_partition "
                                            "WHERE logicalrelid = tablename::regclass)",
                                            kLocalTables)),
                IsEmpty())
        << "tables of " << service << " that the script does not know";
    Query(service, script);
    EXPECT_EQ(Keys(service), keys) << "a second run changes nothing";
  }
}

TEST_F(DistributionTest, NoConstraintReachesBeyondTheKeyOfItsTable) {
  for (const std::string_view service : config::kServices) {
    EXPECT_THAT(Column(service,
                       "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_dist_partition d ON "
                       "d.logicalrelid = i.indrelid JOIN pg_attribute a ON a.attrelid = i.indrelid AND "
                       "a.attname = d.key WHERE i.indisunique AND NOT a.attnum = ANY (i.indkey)"),
                IsEmpty());
    EXPECT_THAT(Column(service,
                       "SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_dist_partition d ON "
                       "d.logicalrelid = i.indrelid JOIN pg_attribute a ON a.attrelid = i.indrelid AND "
                       "a.attname = d.key WHERE i.indisprimary AND i.indkey[0] <> a.attnum"),
                IsEmpty())
        << "a primary key begins with what its table is distributed by";
    EXPECT_THAT(Column(service, "SELECT conname::text FROM pg_constraint WHERE contype IN ('f', 'x')"), IsEmpty());
    EXPECT_THAT(Column(service, "SELECT tgname::text FROM pg_trigger WHERE NOT tgisinternal"), IsEmpty());
  }
}

TEST_F(DistributionTest, AStatementNamesTheKeyOfItsTable) {
  const auto leads = CreateLeads(clients_, 0, kLeads);
  suite_.postgres().Query("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'");
  suite_.postgres().Restart();
  suite_.postgres().Query("CREATE EXTENSION pg_stat_statements");
  for (const std::string& lead : leads) {
    const auto converted = QualifyPatiently(clients_, lead, NewRequestId());
    ASSERT_TRUE(converted.ok()) << ToString(converted.error());
    contact::v1::UpdateContactRequest request;
    request.mutable_contact()->set_name(converted->contact().name());
    request.mutable_contact()->set_title("CEO");
    request.mutable_update_mask()->add_paths("title");
    // The server was away for a moment, and connections may still be found broken.
    const auto updates = [&] {
      return Call(*clients_.contacts, &contact::v1::ContactService::Stub::UpdateContact, request).ok();
    };
    ASSERT_TRUE(Eventually(updates));
  }
  int routed = 0;
  for (const std::string_view service : config::kServices) {
    const auto keys = Keys(service);
    const std::string said = suite_.postgres().Query(
        fmt::format("SELECT string_agg(regexp_replace(query, '\\s+', ' ', 'g'), E'\\n') FROM pg_stat_statements s JOIN "
                    "pg_database d ON d.oid = s.dbid WHERE d.datname = 'quartet_{}'",
                    service));
    for (const std::string& statement : Lines(said)) {
      for (const auto& [table, key] : keys) {
        if (!std::regex_search(statement, std::regex(fmt::format("(FROM|UPDATE) {}\\b", table)))) continue;
        const bool routable = std::regex_search(statement, std::regex(fmt::format("\\b{} = \\$", key)));
        if (routable) ++routed;
        EXPECT_TRUE(routable || std::regex_search(statement, kEverywhere)) << service << ": " << statement;
      }
    }
  }
  EXPECT_GT(routed, 20);
}

}  // namespace
}  // namespace quartet::test
