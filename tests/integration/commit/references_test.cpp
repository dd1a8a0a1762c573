// Records that name records of other services, and are named by them (ADR 0027).
#include <gmock/gmock.h>

#include "tests/integration/commit/participant_fixture.h"

namespace quartet::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ReferencesTest : public ParticipantTest {
 protected:
  ReferencesTest() { contact_ = CreateContact("jane1@example.com"); }

  Status Name(const std::string& account) {
    return contacts_.Change(contact_, [&](contact::v1::Contact& c) { c.set_account(account); });
  }

  std::string contact_;
  const std::string account_ = TestName("accounts", 7);
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(ReferencesTest);

TEST_P(ReferencesTest, ADeletedRecordCannotBeNamed) {
  contacts_.references.deleted.insert(account_);

  const Status named = Name(account_);

  ASSERT_FALSE(named.ok());
  EXPECT_EQ(named.error().code, Code::kFailedPrecondition);
  EXPECT_EQ(named.error().reason, "RECORD_NOT_FOUND");
  EXPECT_THAT(named.error().message, HasSubstr(account_));
  EXPECT_EQ(Require(contacts_.Get(contact_))->account(), "");
}

TEST_P(ReferencesTest, WhatWasNamedBeforeMayStay) {
  Require(Name(account_));
  contacts_.references.deleted.insert(account_);
  const int questions = contacts_.references.questions;

  EXPECT_TRUE(contacts_.Change(contact_, [](contact::v1::Contact& c) { c.set_title("CTO"); }).ok());

  EXPECT_EQ(contacts_.references.questions, questions) << "nobody is asked about what does not change";
}

TEST_P(ReferencesTest, WithoutTheOtherServiceThereIsNoGuessing) {
  contacts_.references.reachable = false;

  EXPECT_EQ(Name(account_).error().code, Code::kUnavailable);
  EXPECT_TRUE(contacts_.Change(contact_, [](contact::v1::Contact& c) { c.set_title("CTO"); }).ok());
}

TEST_P(ReferencesTest, WhatIsInUseIsNotDeleted) {
  const std::string account = CreateAccount();
  accounts_.references.uses[account] = {{"contacts", {.count = 3}},
                                        {"open opportunities", {.count = 1000, .more = true}}};

  const Status deleted = accounts_.Delete(account);

  ASSERT_FALSE(deleted.ok());
  EXPECT_EQ(deleted.error().code, Code::kFailedPrecondition);
  EXPECT_EQ(deleted.error().reason, "RECORD_IN_USE");
  EXPECT_EQ(deleted.error().metadata.at("contacts"), "3");
  EXPECT_EQ(deleted.error().metadata.at("open opportunities"), "1000+");
  EXPECT_FALSE(Require(accounts_.Get(account))->has_delete_time());
}

TEST_P(ReferencesTest, WhatIsInUseIsDeletedByForce) {
  const std::string account = CreateAccount();
  accounts_.references.uses[account] = {{"contacts", {.count = 3}}};

  Require(accounts_.Delete(account, /*force=*/true));

  EXPECT_TRUE(Require(accounts_.Get(account))->has_delete_time());
}

TEST_P(ReferencesTest, AnAccountThatIsDeletedCountsAsNoneForItsContactsNextLead) {
  Require(Name(account_));
  contacts_.references.deleted.insert(account_);
  const lead::v1::Lead lead = TestLead(1);
  decisions_.SetUndecided(1);

  const Reply reply = contacts_.Handle({PrepareContact(1, lead)}).back();

  ASSERT_TRUE(reply.has_prepared());
  EXPECT_EQ(reply.prepared().contact_account(), "") << "it belongs to none";
  EXPECT_THAT(RecordOf(reply).filled_fields(), ::testing::Contains("account"));
  qualification::v1::Names names;
  names.set_account(TestName("accounts", 8));
  names.set_contact(contact_);
  contacts_.Handle({Tell(decisions_.Commit(1, 0, names))});
  EXPECT_EQ(Require(contacts_.Get(contact_))->account(), TestName("accounts", 8));

  decisions_.SetUndecided(2);
  ASSERT_TRUE(contacts_.Handle({PrepareRevert(2, 1)}).back().has_prepared());
  contacts_.Handle({Tell(decisions_.Commit(2))});
  EXPECT_EQ(Require(contacts_.Get(contact_))->account(), account_) << "as it was before, in all";
}

TEST_P(ReferencesTest, AnAccountThatIsThereIsTheContactsOwn) {
  Require(Name(account_));

  const Reply reply = contacts_.Handle({PrepareContact(1, TestLead(1))}).back();

  EXPECT_EQ(reply.prepared().contact_account(), account_);
  EXPECT_THAT(RecordOf(reply).filled_fields(), ::testing::Not(::testing::Contains("account")));
}

TEST_P(ReferencesTest, APreparationWaitsForTheOtherServiceAndDoesNotGuess) {
  Require(Name(account_));
  contacts_.references.reachable = false;

  const auto statuses = contacts_.TryHandle({PrepareContact(1, TestLead(1))});

  EXPECT_EQ(statuses.at(0).error().code, Code::kUnavailable);
  EXPECT_THAT(contacts_.TakeReplies(), IsEmpty());
}

TEST_P(ReferencesTest, APreviewTellsTheSame) {
  Require(Name(account_));
  contacts_.references.deleted.insert(account_);

  const auto preview = Require(contacts_.participant().Preview(PrepareContact(1, TestLead(1)).prepare()));

  EXPECT_EQ(preview.contact_account(), "");
  EXPECT_THAT(preview.records(0).outcome().filled_fields(), ::testing::Contains("account"));
}

}  // namespace
}  // namespace quartet::test
