// What InspectRecords and InspectParticipations read over both stores, and how little
// at once.
#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "common/commit/intent_repository.h"
#include "common/methods/inspection/participation_inspector.h"
#include "common/methods/inspection/record_inspector.h"
#include "common/methods/typed_record.h"
#include "common/resource/record_repository.h"
#include "services/contact/contact_rules.h"
#include "services/contact/migrations.h"
#include "tests/support/participant_node.h"

namespace quartet::test {
namespace {

using contact::ContactTraits;
using methods::InspectedKind;
using qualification::v1::IdentityFault;
using qualification::v1::ParticipationInspection;
using qualification::v1::RecordInspection;
using resource::InspectionRequest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Typed = methods::TypedRecord<ContactTraits>;

std::string IdOfNumber(int number) {
  return fmt::format("01890000-0000-7000-8000-{:012x}", number);
}

InspectionRequest Page(const std::string& after, int size) {
  return {.ids = {}, .after = after, .page_size = size};
}

InspectionRequest Named(std::vector<std::string> ids) {
  return {.ids = std::move(ids), .after = "", .page_size = 1, .by_name = true};
}

class InspectionTest : public EveryDatabase {
 protected:
  InspectionTest() : backend_(GetParam().make()), database_(Require(backend_->Open())) {
    Require(commit::MigrateTables(*database_, clock_));
    Require(storage::Migrate(*database_, "contact", contact::kMigrations, clock_));
  }

  contact::v1::Contact MakeContact(int number, std::size_t notes_bytes = 0) {
    contact::v1::Contact contact;
    contact.mutable_person()->set_family_name(fmt::format("Person {}", number));
    contact.add_emails()->set_address(fmt::format("person{}@example.com", number));
    contact.set_notes(std::string(notes_bytes, 'n'));
    return contact;
  }

  void Insert(contact::v1::Contact contact, int number) {
    const resource::Record record = Typed::Encode(contact, IdOfNumber(number), 1, 1, 1);
    Require(database_->Write([&](storage::Transaction& transaction) -> Status {
      QUARTET_RETURN_IF_ERROR(records_.Insert(transaction, record));
      for (const auto& identity : record.identities) {
        auto claimed = records_.Claim(transaction, identity, record.id);
        if (!claimed.ok()) return std::move(claimed).error();
      }
      return {};
    }));
  }

  void Run(const std::string& sql, std::vector<storage::Param> params = {}) {
    Require(database_->Write([&](storage::Transaction& transaction) {
      return transaction.Run(sql, std::span<const storage::Param>(params));
    }));
  }

  qualification::v1::InspectRecordsResponse Records(const InspectionRequest& request) {
    qualification::v1::InspectRecordsResponse response;
    Require(inspector_.Records(request, /*identities=*/true, response));
    return response;
  }
  RecordInspection Record(int number) { return Records(Named({IdOfNumber(number)})).records(0); }

  // Walks all pages; the names in the order in which they came.
  std::vector<std::string> Walk(int page_size, std::size_t& pages) {
    std::vector<std::string> names;
    std::string after;
    pages = 0;
    do {
      const auto page = Records(Page(after, page_size));
      ++pages;
      EXPECT_LE(page.records_size(), page_size);
      for (const auto& record : page.records()) names.push_back(record.name());
      after = page.next_page_token();
    } while (!after.empty());
    return names;
  }

  ManualClock clock_;
  std::unique_ptr<DatabaseBackend> backend_;
  std::unique_ptr<storage::Database> database_;
  const resource::RecordRepository records_{ContactTraits::kSchema};
  const methods::RecordInspector inspector_{InspectedKind::Of<Typed, ContactTraits>(), *database_, clock_};
  const methods::ParticipationInspector participations_{ContactTraits::kSchema, *database_, clock_};
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(InspectionTest);

TEST_P(InspectionTest, PagesComeInTheOrderOfTheIdsAndEachRecordOnce) {
  for (int i = 0; i < 25; ++i) Insert(MakeContact(i), i);
  std::size_t pages = 0;
  const auto names = Walk(10, pages);
  EXPECT_EQ(pages, 3U);
  ASSERT_THAT(names, SizeIs(25));
  for (int i = 0; i < 25; ++i) EXPECT_EQ(names[static_cast<std::size_t>(i)], "contacts/" + IdOfNumber(i));
  EXPECT_EQ(Walk(25, pages).size(), 25U);
  EXPECT_EQ(pages, 1U);
}

TEST_P(InspectionTest, APageOfLargeRecordsIsShorterAndNeverEmpty) {
  constexpr int kRecords = 6;
  const std::size_t size_bytes = limits::kInspectionBytesMax / 4;
  for (int i = 0; i < kRecords; ++i) Insert(MakeContact(i, size_bytes), i);
  const auto first = Records(Page("", 100));
  EXPECT_EQ(first.records_size(), 3);
  std::size_t pages = 0;
  EXPECT_THAT(Walk(100, pages), SizeIs(kRecords));
  EXPECT_EQ(pages, 2U);

  Insert(MakeContact(kRecords, limits::kInspectionBytesMax + 1), kRecords);
  EXPECT_THAT(Walk(100, pages), SizeIs(kRecords + 1));
}

TEST_P(InspectionTest, ARecordIsToldAsItLiesThere) {
  auto contact = MakeContact(1);
  contact.set_account("accounts/" + IdOfNumber(9));
  Insert(contact, 1);
  const RecordInspection record = Record(1);
  EXPECT_TRUE(record.exists());
  EXPECT_TRUE(record.readable());
  EXPECT_EQ(record.version(), 1);
  ASSERT_THAT(record.references(), SizeIs(1));
  EXPECT_EQ(record.references(0).field(), "account");
  EXPECT_THAT(record.identity_faults(), IsEmpty());
  EXPECT_THAT(record.differing_columns(), IsEmpty());

  const RecordInspection unknown = Record(2);
  EXPECT_EQ(unknown.name(), "contacts/" + IdOfNumber(2));
  EXPECT_FALSE(unknown.exists());

  Run("UPDATE contact SET account = 'accounts/other'");
  EXPECT_THAT(Record(1).differing_columns(), ElementsAre("account"));
  Run("UPDATE contact SET body = $1", {storage::Blob{"\xff\xff"}});
  EXPECT_TRUE(Record(1).exists());
  EXPECT_FALSE(Record(1).readable());
}

TEST_P(InspectionTest, ARecordUnderAnotherNameIsNotReadable) {
  Insert(MakeContact(1), 1);
  Run("UPDATE contact SET id = $1", {std::string_view("01890000-0000-7000-8000-000000000002")});
  EXPECT_FALSE(Record(2).readable());
}

TEST_P(InspectionTest, IdentitiesAreComparedBothWays) {
  Insert(MakeContact(1), 1);
  const auto kinds = [](const RecordInspection& record) {
    std::vector<IdentityFault::Kind> found;
    for (const auto& fault : record.identity_faults()) found.push_back(fault.kind());
    return found;
  };
  const std::string insert = "INSERT INTO identity (value, kind, record_id, former, first) VALUES ";
  Run(insert + "('old@example.com', 1, '" + IdOfNumber(1) + "', 1, 1)");
  EXPECT_THAT(kinds(Record(1)), IsEmpty()) << "what it had formerly leads to it for ever";
  Run(insert + "('stray@example.com', 1, '" + IdOfNumber(1) + "', 0, 1)");
  EXPECT_THAT(kinds(Record(1)), ElementsAre(IdentityFault::STRAY));
  Run("DELETE FROM identity");
  EXPECT_THAT(kinds(Record(1)), ElementsAre(IdentityFault::MISSING));
  const std::string digest = Record(1).identity_faults(0).digest();
  EXPECT_THAT(digest, SizeIs(8));
  EXPECT_EQ(digest.find("person"), std::string::npos);

  Run(insert + "('nobody@example.com', 1, '" + IdOfNumber(5) + "', 0, 1)");
  const auto page = Records(Page("", 100));
  ASSERT_THAT(page.records(), SizeIs(2)) << "an identity without a record is found on its way";
  EXPECT_EQ(page.records(1).name(), "contacts/" + IdOfNumber(5));
  EXPECT_FALSE(page.records(1).exists());
  EXPECT_THAT(kinds(page.records(1)), ElementsAre(IdentityFault::STRAY));
}

TEST_P(InspectionTest, AnIntentMakesItsIdentitiesGoodAndSaysWhetherItIsHeld) {
  Run("INSERT INTO identity (value, kind, record_id, former, first) VALUES ('new@example.com', 1, '" + IdOfNumber(1) +
      "', 0, 1)");
  Run("INSERT INTO intent (record_id, qualification_id, attempt, kind, age, proposal, reserved, write_time) VALUES ('" +
          IdOfNumber(1) + "', '" + IdOfNumber(100) + "', 0, 2, 0, $1, '1 new@example.com\n', 7)",
      {storage::Blob{""}});
  RecordInspection record = Record(1);
  EXPECT_FALSE(record.exists());
  EXPECT_THAT(record.identity_faults(), IsEmpty());
  ASSERT_THAT(record.intents(), SizeIs(1));
  EXPECT_EQ(record.intents(0).qualification(), "qualifications/" + IdOfNumber(100));
  EXPECT_EQ(record.intents(0).write_time_us(), 7);
  EXPECT_TRUE(record.intents(0).readable());
  EXPECT_FALSE(record.intents(0).held());

  Run("INSERT INTO participation (qualification_id, void_through, attempt, state, reply, records, update_time) VALUES "
      "('" +
          IdOfNumber(100) + "', -1, 0, 1, $1, '" + IdOfNumber(1) + "\n', 7)",
      {storage::Blob{""}});
  EXPECT_TRUE(Record(1).intents(0).held());
  Run("UPDATE intent SET reserved = 'nonsense'");
  EXPECT_FALSE(Record(1).intents(0).readable());
}

TEST_P(InspectionTest, ParticipationsAreToldAndMissTheirIntents) {
  for (int i = 0; i < 3; ++i) {
    Run(fmt::format("INSERT INTO participation (qualification_id, void_through, attempt, state, reply, records, "
                    "update_time) VALUES ('{}', -1, 4, {}, $1, '{}\n', 7)",
                    IdOfNumber(i), i, IdOfNumber(50 + i)),
        {storage::Blob{i == 2 ? "\xff\xff" : ""}});
  }
  const auto read = [&](const InspectionRequest& request) {
    qualification::v1::InspectParticipationsResponse response;
    Require(participations_.Participations(request, response));
    return response;
  };
  const auto page = read(Page("", 2));
  ASSERT_THAT(page.participations(), SizeIs(2));
  EXPECT_EQ(page.participations(0).state(), ParticipationInspection::NONE);
  EXPECT_EQ(page.participations(1).state(), ParticipationInspection::HELD);
  EXPECT_EQ(page.participations(1).attempt(), 4);
  EXPECT_THAT(page.participations(1).without_intent(), ElementsAre("contacts/" + IdOfNumber(51)));
  EXPECT_EQ(page.read_time_us(), clock_.NowMicros());
  const auto rest = read(Page(page.next_page_token(), 2));
  ASSERT_THAT(rest.participations(), SizeIs(1));
  EXPECT_EQ(rest.participations(0).state(), ParticipationInspection::FINAL);
  EXPECT_FALSE(rest.participations(0).readable());
  EXPECT_THAT(rest.next_page_token(), IsEmpty());

  const auto named = read(Named({IdOfNumber(9), IdOfNumber(1)}));
  ASSERT_THAT(named.participations(), SizeIs(2));
  EXPECT_FALSE(named.participations(0).exists());
  EXPECT_TRUE(named.participations(1).exists());
}

class InspectionRequestTest : public ::testing::Test {
 protected:
  static Result<InspectionRequest> Parse(int page_size, const std::string& token, int names,
                                         const std::string& name = "contacts/" + IdOfNumber(1)) {
    google::protobuf::RepeatedPtrField<std::string> list;
    for (int i = 0; i < names; ++i) *list.Add() = name;
    return InspectionRequest::Parse("contacts", page_size, token, list);
  }
};

TEST_F(InspectionRequestTest, WhatIsOverALimitIsRefused) {
  const int entries_max = limits::kInspectionEntriesMax;
  const std::size_t token_max = limits::kInspectionTokenBytesMax;
  EXPECT_TRUE(Parse(entries_max, std::string(token_max, 'a'), 0).ok());
  EXPECT_TRUE(Parse(0, "", entries_max).ok());
  EXPECT_EQ(Parse(0, "", 0)->page_size, limits::kInspectionEntriesDefault);
  for (const auto& refused :
       {Parse(entries_max + 1, "", 0), Parse(-1, "", 0), Parse(0, std::string(token_max + 1, 'a'), 0),
        Parse(0, "\xff", 0), Parse(0, std::string("a\0b", 3), 0), Parse(0, "", entries_max + 1),
        Parse(0, "", 1, "leads/" + IdOfNumber(1)), Parse(0, "", 1, "contacts/nobody")}) {
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
    EXPECT_THAT(refused.error().violations, SizeIs(1));
  }
}

}  // namespace
}  // namespace quartet::test
