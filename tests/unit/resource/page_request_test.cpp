#include "common/resource/page_request.h"

#include <array>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartet::resource {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::array<FilterField, 1> kFields = {TextField("owner", "owner")};
constexpr std::string_view kId = "01234567-89ab-7cde-8f01-23456789abcd";

Result<PageRequest> Parse(const ListQuery& query) {
  return PageRequest::Parse(query, kFields);
}

std::vector<std::string> ViolatedFields(const ListQuery& query) {
  std::vector<std::string> fields;
  const Result<PageRequest> page = Parse(query);
  if (page.ok()) return fields;
  EXPECT_EQ(page.error().code, Code::kInvalidArgument);
  for (const FieldViolation& violation : page.error().violations) fields.push_back(violation.field);
  return fields;
}

TEST(PageRequest, DefaultsAreFiftyOldestFirst) {
  const Result<PageRequest> page = Parse({.collection = "leads"});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->page_size, 50);
  EXPECT_FALSE(page->descending);
  EXPECT_FALSE(page->show_deleted);
  EXPECT_TRUE(page->filter.empty());
  EXPECT_EQ(page->after, std::nullopt);
}

TEST(PageRequest, APageHasAtMostAThousand) {
  EXPECT_EQ(Parse({.page_size = 1})->page_size, 1);
  EXPECT_EQ(Parse({.page_size = 1'000})->page_size, 1'000);
  EXPECT_EQ(Parse({.page_size = std::numeric_limits<std::int32_t>::max()})->page_size, 1'000);
  EXPECT_THAT(ViolatedFields({.page_size = -1}), ElementsAre("page_size"));
}

TEST(PageRequest, OrdersByTimeOfCreationOnly) {
  EXPECT_FALSE(Parse({.order_by = " create_time "})->descending);
  EXPECT_TRUE(Parse({.order_by = "create_time desc"})->descending);
  EXPECT_TRUE(Parse({.order_by = " create_time   desc "})->descending);
  for (const std::string_view order : {"name", "create_time asc", "create_timedesc", "create_time DESC",
                                       "create_time, name", "desc", "create_time desc desc"}) {
    EXPECT_THAT(ViolatedFields({.order_by = order}), ElementsAre("order_by")) << order;
  }
}

TEST(PageRequest, EveryProblemIsReported) {
  EXPECT_THAT(ViolatedFields({.page_size = -5, .page_token = "?", .filter = "x = 1 AND y = 2", .order_by = "name"}),
              ElementsAre("page_size", "filter", "filter", "order_by", "page_token"));
}

TEST(PageRequest, TheTokenLeadsBehindTheLastRecord) {
  const ListQuery first = {.collection = "leads", .filter = "owner = ann", .order_by = "create_time desc"};
  const std::string token = Parse(first)->NextPageToken(1'700'000'000'000'000, kId);
  EXPECT_EQ(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);

  ListQuery second = first;
  second.page_token = token;
  second.page_size = 7;                     // may change from page to page
  second.filter = " owner = ann ";          // says the same
  second.order_by = " create_time  desc ";  // too
  const Result<PageRequest> page = Parse(second);
  ASSERT_TRUE(page.ok()) << ToString(page.error());
  ASSERT_TRUE(page->after.has_value());
  EXPECT_EQ(page->after->create_time_us, 1'700'000'000'000'000);
  EXPECT_EQ(page->after->id, kId);
}

TEST(PageRequest, ATokenServesItsOwnListOnly) {
  const ListQuery first = {.collection = "leads", .filter = "owner = ann"};
  const std::string token = Parse(first)->NextPageToken(5, kId);
  ListQuery other = first;
  other.page_token = token;
  ASSERT_TRUE(Parse(other).ok());
  for (const auto change : {+[](ListQuery& query) { query.collection = "contacts"; },
                            +[](ListQuery& query) { query.filter = "owner = bob"; },
                            +[](ListQuery& query) { query.order_by = "create_time desc"; },
                            +[](ListQuery& query) { query.show_deleted = true; }}) {
    ListQuery changed = other;
    change(changed);
    const Result<PageRequest> page = Parse(changed);
    ASSERT_FALSE(page.ok());
    EXPECT_EQ(page.error().violations.at(0).field, "page_token");
    EXPECT_THAT(page.error().violations.at(0).description, HasSubstr("another list"));
  }
}

TEST(PageToken, ComesBackAsItWas) {
  for (const std::int64_t time_us : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min(),
                                     std::int64_t{1'700'000'000'000'000}}) {
    for (const std::string_view id : {std::string_view(), std::string_view("x"), std::string_view("xy"), kId}) {
      const Result<PageToken> token =
          DecodePageToken(EncodePageToken({.create_time_us = time_us, .id = std::string(id), .query = ~0ULL}));
      ASSERT_TRUE(token.ok());
      EXPECT_EQ(token->create_time_us, time_us);
      EXPECT_EQ(token->id, id);
      EXPECT_EQ(token->query, ~0ULL);
    }
  }
}

TEST(PageToken, AnyChangeIsNoticed) {
  const std::string token = EncodePageToken({.create_time_us = 5, .id = std::string(kId), .query = 9});
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(DecodePageToken(changed).ok()) << i;
    EXPECT_FALSE(DecodePageToken(token.substr(0, i)).ok()) << i;
  }
  EXPECT_FALSE(DecodePageToken(token + "A").ok());
  EXPECT_FALSE(DecodePageToken(token + "=").ok());
  EXPECT_FALSE(DecodePageToken(std::string(100'000, 'A')).ok());
}

TEST(PageToken, RandomBytesAreRefused) {
  std::mt19937 random(1);
  for (int i = 0; i < 10'000; ++i) {
    std::string bytes(random() % 80, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    ASSERT_FALSE(DecodePageToken(bytes).ok());
  }
}

TEST(HashQuery, PartsDoNotRunIntoEachOther) {
  EXPECT_NE(HashQuery("leads", "a", "b", false), HashQuery("leads", "ab", "", false));
  EXPECT_NE(HashQuery("leads", "", "a:0:", false), HashQuery("leads", "a:0:", "", false));
}

}  // namespace
}  // namespace quartet::resource
