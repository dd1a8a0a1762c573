// Every filter must decide the same in SQL and in memory: lists take final records from the one and records with
// intents from the other.
#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "common/resource/filter/filter.h"
#include "common/resource/record_repository.h"
#include "common/storage/sqlite/database.h"
#include "tests/support/temp_directory.h"

#include "quartet/lead/v1/lead.pb.h"

namespace quartet::resource {
namespace {

using identity::Kind;

constexpr std::array<FilterField, 7> kFields = {
    EnumField("state", "state", lead::v1::Lead::State_descriptor),
    TextField("owner", "owner"),
    CompanyField("company", "company"),
    IdentityField("email", Kind::kEmail),
    IdentityField("phone", Kind::kPhone),
    TimeField("create_time", "create_time"),
    TimeField("update_time", "update_time"),
};
constexpr std::array<std::string_view, 3> kColumns = {"state", "owner", "company"};
constexpr Schema kSchema = {.table = "item", .collection = "items", .columns = kColumns, .exclusive_identities = false};
constexpr std::int64_t kEpoch_us = 1'767'225'600'000'000;  // 2026-01-01T00:00:00Z

class FilterSql : public ::testing::Test {
 protected:
  void SetUp() override {
    auto opened = storage::SqliteDatabase::Open({.path = directory_.path() / "filter.db"});
    ASSERT_TRUE(opened.ok()) << ToString(opened.error());
    database_ = *std::move(opened);
    for (int i = 0; i < 200; ++i) records_.push_back(RandomRecord(i));
    const Status written = database_->Write([&](storage::Transaction& t) -> Status { return Store(t); });
    ASSERT_TRUE(written.ok()) << ToString(written.error());
  }

  std::size_t Pick(std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_); }
  template <std::size_t kSize>
  std::string Pick(const std::array<std::string_view, kSize>& values) {
    return std::string(values[Pick(kSize)]);
  }

  Record RandomRecord(int number) {
    Record record;
    record.id = "record-" + std::to_string(number);
    record.create_time_us = kEpoch_us + static_cast<std::int64_t>(Pick(6));
    record.update_time_us = kEpoch_us - 3 + static_cast<std::int64_t>(Pick(6));
    record.columns = {static_cast<std::int64_t>(Pick(4)), Pick<4>({"", "ann", "Ann", "b'ob"}),
                      Pick<4>({"", "acme", "strasse", "東京"})};
    if (Pick(2) == 0) record.identities.push_back({Kind::kEmail, Pick<2>({"ann@example.com", "bob@example.com"})});
    if (Pick(2) == 0) record.identities.push_back({Kind::kPhone, Pick<2>({"+4930123456", "+12025550143"})});
    return record;
  }

  std::string RandomRestriction() {
    const std::string equality = Pick<2>({" = ", "!="});
    switch (Pick(6)) {
      case 0:
        return "state" + equality + Pick<4>({"OPEN", "state_qualified", "\"DISQUALIFIED\"", "unspecified"});
      case 1:
        return "owner" + equality + Pick<5>({"\"\"", "ann", "\"Ann\"", "\"b'ob\"", "nobody"});
      case 2:
        return "company" + equality + Pick<4>({"\"\"", "\"ACME, Inc.\"", "Straße", "東京"});
      case 3:
        return "email" + equality + Pick<3>({"ANN@example.com", "bob@example.com", "eve@example.com"});
      case 4:
        return "phone" + equality + Pick<3>({"\"+49 30 123456\"", "+12025550143", "+4930999999"});
      default:
        return Pick<2>({"create_time", "update_time"}) + Pick<4>({"<", "<=", ">", ">="}) + "2026-01-01T00:00:00.00000" +
               std::to_string(Pick(70)) + "Z";
    }
  }

  Status Store(storage::Transaction& transaction) {
    constexpr std::string_view kTables[] = {
        "CREATE TABLE item (id TEXT PRIMARY KEY, version BIGINT, create_time BIGINT, update_time BIGINT, "
        "delete_time BIGINT, body BYTEA, state BIGINT, owner TEXT, company TEXT)",
        "CREATE TABLE identity (kind BIGINT, value TEXT, record_id TEXT, former BIGINT, "
        "PRIMARY KEY (value, kind, record_id))"};
    for (const std::string_view table : kTables) QUARTET_RETURN_IF_ERROR(transaction.Run(table, {}));
    for (const Record& record : records_) {
      QUARTET_RETURN_IF_ERROR(repository_.Insert(transaction, record));
      for (const identity::Identity& identity : record.identities) {
        QUARTET_RETURN_IF_ERROR(AddIdentity(transaction, identity, record.id, 0));
      }
      // An address of the past leads to the record, but is not one it has.
      QUARTET_RETURN_IF_ERROR(AddIdentity(transaction, {Kind::kEmail, "eve@example.com"}, record.id, 1));
    }
    return {};
  }

  static Status AddIdentity(storage::Transaction& transaction, const identity::Identity& identity, std::string_view id,
                            std::int64_t former) {
    return transaction.Run("INSERT INTO identity (kind, value, record_id, former) VALUES ($1, $2, $3, $4)",
                           {static_cast<std::int64_t>(identity.kind), std::string_view(identity.value), id, former});
  }

  std::vector<std::string> BySql(const Filter& filter) {
    std::string where;
    std::vector<ColumnValue> values;
    filter.AppendSql(where, values, 1);
    std::vector<storage::Param> params;
    for (const ColumnValue& value : values) {
      if (const auto* text = std::get_if<std::string>(&value)) {
        params.emplace_back(std::string_view(*text));
      } else {
        params.emplace_back(std::get<std::int64_t>(value));
      }
    }
    std::vector<std::string> ids;
    const Status read = database_->Read([&](storage::Transaction& transaction) -> Status {
      QUARTET_ASSIGN_OR_RETURN(const std::vector<Record> found,
                               repository_.Select(transaction, where, params, false, 1'000));
      for (const Record& record : found) ids.push_back(record.id);
      return {};
    });
    EXPECT_TRUE(read.ok()) << ToString(read.error());
    std::ranges::sort(ids);
    return ids;
  }

  std::vector<std::string> InMemory(const Filter& filter) const {
    std::vector<std::string> ids;
    for (const Record& record : records_) {
      if (filter.Matches(record, kColumns)) ids.push_back(record.id);
    }
    std::ranges::sort(ids);
    return ids;
  }

  std::mt19937 random_{20260101};
  test::TempDirectory directory_;
  std::unique_ptr<storage::SqliteDatabase> database_;
  RecordRepository repository_{kSchema};
  std::vector<Record> records_;
};

TEST_F(FilterSql, AgreesWithMatches) {
  std::size_t matched = 0;
  std::size_t filters_with_matches = 0;
  for (int i = 0; i < 1'000; ++i) {
    std::string text = RandomRestriction();
    for (std::size_t more = Pick(3); more > 0; --more) text += " AND " + RandomRestriction();
    const Result<Filter> filter = Filter::Parse(text, kFields);
    ASSERT_TRUE(filter.ok()) << text << "\n" << ToString(filter.error());
    const std::vector<std::string> ids = BySql(*filter);
    ASSERT_EQ(ids, InMemory(*filter)) << text;
    matched += ids.size();
    filters_with_matches += ids.empty() ? 0 : 1;
  }
  // Otherwise the test would compare nothing with nothing.
  EXPECT_GT(matched, 1'000U);
  EXPECT_GT(filters_with_matches, 300U);
}

}  // namespace
}  // namespace quartet::resource
