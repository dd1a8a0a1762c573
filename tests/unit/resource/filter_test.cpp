#include "common/resource/filter/filter.h"

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quartet/lead/v1/lead.pb.h"

namespace quartet::resource {
namespace {

using identity::Kind;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;

constexpr std::array<FilterField, 6> kFields = {EnumField("state", "state", lead::v1::Lead::State_descriptor),
                                                TextField("owner", "owner"),
                                                CompanyField("company", "company"),
                                                IdentityField("email", Kind::kEmail),
                                                IdentityField("phone", Kind::kPhone),
                                                TimeField("create_time", "create_time")};
constexpr std::array<std::string_view, 3> kColumns = {"state", "owner", "company"};

Filter Parsed(std::string_view text) {
  Result<Filter> filter = Filter::Parse(text, kFields);
  EXPECT_TRUE(filter.ok()) << text << "\n" << ToString(filter.error());
  return filter.ok() ? *std::move(filter) : Filter();
}

std::vector<std::string> Problems(std::string_view text) {
  const Result<Filter> filter = Filter::Parse(text, kFields);
  std::vector<std::string> problems;
  if (filter.ok()) return problems;
  EXPECT_EQ(filter.error().code, Code::kInvalidArgument);
  EXPECT_THAT(filter.error().violations, Each(Field(&FieldViolation::field, "filter")));
  for (const FieldViolation& violation : filter.error().violations) problems.push_back(violation.description);
  return problems;
}

Record Ann() {
  Record record;
  record.id = "01234567-89ab-7cde-8f01-23456789abcd";
  record.create_time_us = 1'767'225'600'000'001;  // 2026-01-01T00:00:00.000001Z
  record.columns = {std::int64_t{lead::v1::Lead::STATE_OPEN}, std::string("ann"), std::string("acme")};
  record.identities = {{Kind::kEmail, "ann@example.com"}, {Kind::kPhone, "+4930123456"}};
  return record;
}

bool MatchesAnn(std::string_view text) {
  return Parsed(text).Matches(Ann(), kColumns);
}

TEST(Filter, NothingMeansEverything) {
  EXPECT_TRUE(Parsed("").empty());
  EXPECT_TRUE(Parsed(" \t ").empty());
  EXPECT_TRUE(MatchesAnn(""));
}

TEST(Filter, ComparesEachKindOfField) {
  for (const std::string_view text :
       {"state = OPEN", "state=open", "state = \"STATE_OPEN\"", "state != QUALIFIED", "owner = ann", "owner = 'ann'",
        "owner != \"Ann\"", "company = \"ACME, Inc.\"", "company != other", "email = \" Ann@EXAMPLE.com\"",
        "email=ann@example.com", "email != bob@example.com", "phone = \"+49 30 123456\"",
        "create_time >= \"2026-01-01T00:00:00Z\"", "create_time > 2026-01-01T00:00:00Z",
        "create_time < 2026-01-01T01:00:01+01:00", "state=OPEN AND owner=ann",
        "state=OPEN and owner=ann And phone=+4930123456"}) {
    EXPECT_TRUE(MatchesAnn(text)) << text;
  }
  for (const std::string_view text : {"state = QUALIFIED", "state != OPEN", "owner = Ann", "owner = \"\"",
                                      "company = \"\"", "email = bob@example.com", "email != ann@example.com",
                                      "create_time < \"2026-01-01T00:00:00Z\"", "state=OPEN AND owner=bob"}) {
    EXPECT_FALSE(MatchesAnn(text)) << text;
  }
}

TEST(Filter, TimesBetweenTwoMicrosecondsAreRoundedByTheComparison) {
  EXPECT_TRUE(MatchesAnn("create_time > 2026-01-01T00:00:00.000000999Z"));
  EXPECT_TRUE(MatchesAnn("create_time >= 2026-01-01T00:00:00.000000999Z"));
  EXPECT_FALSE(MatchesAnn("create_time <= 2026-01-01T00:00:00.000000999Z"));
  EXPECT_TRUE(MatchesAnn("create_time < 2026-01-01T00:00:00.000001001Z"));
  EXPECT_TRUE(MatchesAnn("create_time <= 2026-01-01T00:00:00.000001001Z"));
  EXPECT_FALSE(MatchesAnn("create_time >= 2026-01-01T00:00:00.000001001Z"));
}

TEST(Filter, QuotesHoldAnything) {
  Record record = Ann();
  record.columns[1] = std::string("O'Neill \"Bob\" \\ AND (x)");
  EXPECT_TRUE(Parsed(R"~(owner = "O'Neill \"Bob\" \\ AND (x)")~").Matches(record, kColumns));
  EXPECT_TRUE(Parsed(R"~(owner = 'O\'Neill "Bob" \\ AND (x)')~").Matches(record, kColumns));
}

TEST(Filter, EveryProblemIsReported) {
  EXPECT_THAT(Problems("colour = red AND state = HAPPY AND owner < x AND email = nobody AND create_time > yesterday"),
              ElementsAre(AllOf(HasSubstr("colour"), HasSubstr("state, owner, company, email, phone, create_time")),
                          AllOf(HasSubstr("HAPPY"), HasSubstr("OPEN, QUALIFIED, DISQUALIFIED")), HasSubstr("= or !="),
                          HasSubstr("no '@'"), HasSubstr("RFC 3339")));
}

TEST(Filter, WhatIsNotSupportedIsNamed) {
  EXPECT_THAT(Problems("owner = a OR owner = b"), ElementsAre(AllOf(HasSubstr("\"OR\""), HasSubstr("joined by AND"))));
  EXPECT_THAT(Problems("NOT owner = a"), ElementsAre(HasSubstr("\"NOT\" is not supported")));
  EXPECT_THAT(Problems("-owner = a"), ElementsAre(HasSubstr("\"-owner\" is not supported")));
  EXPECT_THAT(Problems("(owner = a)"), ElementsAre(HasSubstr("joined by AND")));
  EXPECT_THAT(Problems("owner:a"), ElementsAre(HasSubstr("a comparison")));
  EXPECT_THAT(Problems("owner = a owner = b"), ElementsAre(HasSubstr("AND is missing before \"owner\"")));
  EXPECT_THAT(Problems("create_time = 2026-01-01T00:00:00Z"), ElementsAre(HasSubstr("<, <=, > or >=")));
}

TEST(Filter, WhatIsMissingIsNamed) {
  EXPECT_THAT(Problems("owner"), ElementsAre(HasSubstr("a comparison")));
  EXPECT_THAT(Problems("owner ="), ElementsAre(HasSubstr("a value is missing")));
  EXPECT_THAT(Problems("owner = AND state = OPEN"), ElementsAre(HasSubstr("a value is missing")));
  EXPECT_THAT(Problems("owner = a AND"), ElementsAre(HasSubstr("a field is missing at the end")));
  EXPECT_THAT(Problems("AND owner = a"), ElementsAre(HasSubstr("a field is missing before \"AND\"")));
  EXPECT_THAT(Problems("= a"), ElementsAre(HasSubstr("a field is missing before \"=\"")));
  EXPECT_THAT(Problems("owner = \"open"), ElementsAre(HasSubstr("never closed")));
  EXPECT_THAT(Problems("owner = a AND AND state = x"),
              ElementsAre(HasSubstr("a field is missing before \"AND\""), HasSubstr("\"x\"")));
  EXPECT_THAT(Problems("company = \"!!!\""), ElementsAre(HasSubstr("no letter")));
}

TEST(Filter, ATimeMustBeWhole) {
  for (const std::string_view time :
       {"\"\"", "2026-02-30T00:00:00Z", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z",
        "2026-01-01T00:00:00Zx", "2026-01-01T24:00:01Z", "0000-01-01T00:00:00Z", "1767225600"}) {
    EXPECT_THAT(Problems("create_time > " + std::string(time)), ElementsAre(HasSubstr("RFC 3339"))) << time;
  }
}

TEST(Filter, IsLimited) {
  EXPECT_THAT(Problems("owner = \"" + std::string(8'000, 'a') + "\""), ElementsAre(HasSubstr("8,000")));
  std::string many = "owner=a";
  for (int i = 0; i < 50; ++i) many += " AND owner=a";
  EXPECT_THAT(Problems(many), ElementsAre(HasSubstr("more than 50")));
  EXPECT_THAT(Problems("owner = \xFF"), ElementsAre(HasSubstr("UTF-8")));
  EXPECT_THAT(Problems(std::string("owner = \0", 9)), ElementsAre(HasSubstr("UTF-8")));
}

TEST(Filter, SqlCarriesValuesAsParametersOnly) {
  const Filter filter = Parsed("owner = \"x' OR 1=1\" AND email != ann@example.com AND state = OPEN");
  std::string where = "delete_time = 0";
  std::vector<ColumnValue> params;
  EXPECT_EQ(filter.AppendSql(where, params, 3), 7);
  EXPECT_EQ(
      where,
      "delete_time = 0 AND owner = $3 AND id NOT IN (SELECT record_id FROM identity WHERE kind = $4 AND value = $5 "
      "AND former = 0) AND state = $6");
  EXPECT_THAT(params, ElementsAre(ColumnValue("x' OR 1=1"), ColumnValue(std::int64_t{1}),
                                  ColumnValue("ann@example.com"), ColumnValue(std::int64_t{1})));
}

}  // namespace
}  // namespace quartet::resource
