#include <string_view>

#include <gtest/gtest.h>

#include "common/storage/postgres/error.h"
#include "common/storage/postgres/statements.h"

namespace quartet::storage {
namespace {

PostgresFailure Classify(std::string_view code, bool read_only = false, std::string_view function = "",
                         std::string_view message = "") {
  return ClassifyPostgres({.code = code, .function = function, .message = message}, read_only);
}

TEST(PostgresError, TellsWhatHelps) {
  EXPECT_EQ(Classify("23505"), PostgresFailure::kDuplicate);
  for (const char* code : {"40001", "40P01", "55P03"}) EXPECT_EQ(Classify(code), PostgresFailure::kConflict) << code;
  for (const char* code : {"57014", "53100", "58030"}) EXPECT_EQ(Classify(code), PostgresFailure::kUnavailable) << code;
  for (const char* code : {"57P01", "57P03", "53300", "08006", "26000"}) {
    EXPECT_EQ(Classify(code), PostgresFailure::kConnection) << code;
  }
  // 08P01 also stands for a wrong number of parameters.
  for (const char* code : {"42601", "42P01", "08P01", "22021", "XX000"}) {
    EXPECT_EQ(Classify(code), PostgresFailure::kStatement) << code;
  }
}

TEST(PostgresError, AServerThatTakesNoWritesIsLeftUnlessNobodyWantedToWrite) {
  EXPECT_EQ(Classify("25006"), PostgresFailure::kConnection);
  EXPECT_EQ(Classify("25006", /*read_only=*/true), PostgresFailure::kStatement);
}

TEST(PostgresError, APlanThatTheSchemaHasOutdatedNeedsANewConnection) {
  EXPECT_EQ(Classify("0A000", false, "RevalidateCachedQuery"), PostgresFailure::kConnection);
  EXPECT_EQ(Classify("0A000"), PostgresFailure::kStatement);
}

TEST(PostgresError, ANodeThatEndsSaysSoWithoutACodeOfItsOwn) {
  EXPECT_EQ(Classify("XX000", false, "", "postmaster was shut down, exiting"), PostgresFailure::kConnection);
  EXPECT_EQ(Classify("XX000", false, "", "unexpected table"), PostgresFailure::kStatement);
}

TEST(PostgresError, SecretsAreTakenOut) {
  EXPECT_EQ(WithoutSecret("no pa55 for pa55\n", "pa55"), "no (password) for (password)");
  EXPECT_EQ(WithoutSecret("a\nb \n", ""), "a b");
  EXPECT_EQ(WithoutSecret("password", "password"), "(password)");
}

TEST(PostgresStatements, TheLeastRecentlyUsedGivesWay) {
  PostgresStatements statements(2);
  const auto first = statements.Add("1");
  const auto second = statements.Add("2");
  EXPECT_EQ(statements.Find("1"), first);
  statements.Add("3");
  EXPECT_EQ(statements.Evict(), second);
  EXPECT_EQ(statements.Evict(), nullptr);
  EXPECT_EQ(statements.Find("2"), nullptr);
  EXPECT_NE(statements.Add("2")->name, second->name);
}

}  // namespace
}  // namespace quartet::storage
