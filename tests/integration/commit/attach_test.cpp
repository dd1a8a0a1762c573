// Finding, attaching and opening under other qualifications' intents (rules 7,
// 8 and 15), and giving back (rule 17).
#include <gmock/gmock.h>

#include "tests/integration/commit/participant_fixture.h"

namespace quartet::test {
namespace {

using identity::Kind;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using AttachTest = ParticipantTest;

lead::v1::Lead LeadWith(int number, const std::string& email, const std::string& phone) {
  lead::v1::Lead lead = TestLead(number, "");
  lead.clear_emails();
  if (!email.empty()) lead.add_emails()->set_address(email);
  if (!phone.empty()) lead.add_phones()->set_number(phone);
  return lead;
}

qualification::v1::QualifyOptions With(qualification::v1::QualifyOptions::DuplicatePolicy policy) {
  qualification::v1::QualifyOptions options;
  options.set_duplicate_policy(policy);
  return options;
}

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(AttachTest);

TEST_P(AttachTest, ARecordBeingOpenedByAnUndecidedOneIsBusy) {
  decisions_.SetUndecided(1);
  accounts_.Handle({PrepareAccount(1, TestLead(1))});

  const auto replies = accounts_.Handle({PrepareAccount(2, TestLead(2))});

  ASSERT_TRUE(replies.at(0).has_busy());
  EXPECT_EQ(replies[0].busy().holder(), TestName("qualifications", 1));
}

TEST_P(AttachTest, ACommittedIntentIsMadeFinalAndThenAttachedTo) {
  const auto opened = accounts_.Handle({PrepareAccount(1, TestLead(1))});
  decisions_.Commit(1);

  const auto replies = accounts_.Handle({PrepareAccount(2, TestLead(2))});

  EXPECT_EQ(RecordOf(replies.back()).kind(), Outcome::ATTACHED);
  EXPECT_EQ(RecordOf(replies.back()).name(), RecordOf(opened.at(0)).name());
  EXPECT_TRUE(Require(accounts_.Get(RecordOf(opened[0]).name())).has_value());
}

TEST_P(AttachTest, AnAbortedIntentIsDroppedAndTheRecordOpenedAnew) {
  const auto opened = accounts_.Handle({PrepareAccount(1, TestLead(1))});
  decisions_.Abort(1);

  const auto replies = accounts_.Handle({PrepareAccount(2, TestLead(2))});

  EXPECT_EQ(RecordOf(replies.back()).kind(), Outcome::OPENED);
  EXPECT_NE(RecordOf(replies.back()).name(), RecordOf(opened.at(0)).name());
  EXPECT_THAT(accounts_.Intents(), SizeIs(1));
}

TEST_P(AttachTest, AnIntentOfAnAttemptThatWasGivenUpIsDroppedToo) {
  accounts_.Handle({PrepareAccount(1, TestLead(1), 0)});
  decisions_.SetUndecided(1, 1);

  EXPECT_EQ(RecordOf(accounts_.Handle({PrepareAccount(2, TestLead(2))}).back()).kind(), Outcome::OPENED);
}

TEST_P(AttachTest, WithoutADecisionNothingIsAnswered) {
  decisions_.SetUndecided(1);
  accounts_.Handle({PrepareAccount(1, TestLead(1))});
  decisions_.reachable = false;

  const auto statuses = accounts_.TryHandle({PrepareAccount(2, TestLead(2))});

  EXPECT_EQ(statuses.at(0).error().code, Code::kUnavailable);
  EXPECT_THAT(accounts_.TakeReplies(), IsEmpty());
}

TEST_P(AttachTest, ABatchAsksOnce) {
  decisions_.SetUndecided(1);
  accounts_.Handle({PrepareAccount(1, TestLead(1))});
  std::vector<Command> commands;
  for (int i = 2; i < 32; ++i) commands.push_back(PrepareAccount(i, TestLead(i)));

  EXPECT_THAT(accounts_.Handle(commands), SizeIs(30));

  EXPECT_EQ(decisions_.questions, 1);
}

TEST_P(AttachTest, FiftyAttachesThatFillNothingShareARecord) {
  const std::string account = CreateAccount();
  std::vector<Command> commands;
  for (int i = 1; i <= 50; ++i) {
    decisions_.SetUndecided(i);
    commands.push_back(PrepareAccount(i, TestLead(i)));
  }

  const auto replies = accounts_.Handle(commands);

  ASSERT_THAT(replies, SizeIs(50));
  for (const Reply& reply : replies) {
    EXPECT_EQ(RecordOf(reply).name(), account);
    EXPECT_EQ(RecordOf(reply).kind(), Outcome::ATTACHED);
    EXPECT_THAT(RecordOf(reply).filled_fields(), IsEmpty());
  }
  std::vector<Command> decisions;
  for (int i = 1; i <= 50; ++i) decisions.push_back(Tell(decisions_.Commit(i)));
  EXPECT_THAT(accounts_.Handle(decisions), SizeIs(50));
  EXPECT_EQ(Require(accounts_.Get(account))->etag(), "51");
}

TEST_P(AttachTest, AnAttachThatFillsIsAlone) {
  const std::string account = CreateAccount();
  lead::v1::Lead with_website = TestLead(1);
  with_website.set_website("https://example.com");
  for (int i = 1; i <= 3; ++i) decisions_.SetUndecided(i);

  const auto filled = accounts_.Handle({PrepareAccount(1, with_website)});
  EXPECT_THAT(RecordOf(filled.at(0)).filled_fields(), ::testing::ElementsAre("website"));
  EXPECT_TRUE(accounts_.Handle({PrepareAccount(2, TestLead(2))}).at(0).has_busy());

  accounts_.Handle({Tell(decisions_.Commit(1))});
  EXPECT_EQ(Require(accounts_.Get(account))->website(), "https://example.com");
  EXPECT_EQ(accounts_.Owner({Kind::kDomain, "example.com"}), resource::IdOf(account));
  EXPECT_EQ(RecordOf(accounts_.Handle({PrepareAccount(2, TestLead(2))}).at(0)).name(), account);
  // And the other way round: who fills waits for those who are attached.
  lead::v1::Lead with_phone = TestLead(3);
  with_phone.add_phones()->set_number("+4989123456");
  EXPECT_TRUE(accounts_.Handle({PrepareAccount(3, with_phone)}).at(0).has_busy());
}

TEST_P(AttachTest, AnAbortedFillLeavesTheRecordAndItsFormerIdentitiesAlone) {
  const std::string contact = CreateContact("old@example.com", "+4989123456");
  Require(contacts_.Change(contact, [](contact::v1::Contact& c) { c.clear_emails(); }));
  lead::v1::Lead lead = LeadWith(1, "old@example.com", "+4989123456");
  contacts_.Handle({PrepareContact(1, lead)});

  contacts_.Handle({Tell(decisions_.Abort(1))});

  EXPECT_EQ(Require(contacts_.Get(contact))->emails_size(), 0);
  EXPECT_EQ(contacts_.Owner({Kind::kEmail, "old@example.com"}), resource::IdOf(contact));
}

TEST_P(AttachTest, AnAttachedRecordCannotBeDeletedButChanged) {
  const std::string account = CreateAccount();
  decisions_.SetUndecided(1);
  accounts_.Handle({PrepareAccount(1, TestLead(1))});

  const Status deleted = accounts_.Delete(account);
  const Status changed = accounts_.Change(account, [](account::v1::Account& a) { a.set_notes("new"); });

  ASSERT_FALSE(deleted.ok());
  EXPECT_EQ(deleted.error().reason, "RECORD_IN_QUALIFICATION");
  EXPECT_TRUE(deleted.error().retry_after.has_value());
  EXPECT_TRUE(changed.ok());
  accounts_.Handle({Tell(decisions_.Commit(1))});
  EXPECT_TRUE(accounts_.Delete(account).ok());
}

TEST_P(AttachTest, AContactThatIsAttachedKeepsItsAccount) {
  const std::string contact = CreateContact("jane1@example.com");
  decisions_.SetUndecided(1);
  contacts_.Handle({PrepareContact(1, LeadWith(1, "jane1@example.com", ""))});

  const Status moved =
      contacts_.Change(contact, [](contact::v1::Contact& c) { c.set_account(TestName("accounts", 2)); });

  ASSERT_FALSE(moved.ok());
  EXPECT_EQ(moved.error().reason, "RECORD_IN_QUALIFICATION");
}

TEST_P(AttachTest, AnAttachedContactSaysWhichAccountItBelongsTo) {
  const std::string contact = CreateContact("jane1@example.com");
  Require(contacts_.Change(contact, [](contact::v1::Contact& c) { c.set_account(TestName("accounts", 2)); }));

  const auto replies = contacts_.Handle({PrepareContact(1, TestLead(1))});

  EXPECT_EQ(replies.at(0).prepared().contact_account(), TestName("accounts", 2));
}

TEST_P(AttachTest, ADeletedRecordIsNotAttachedTo) {
  const std::string account = CreateAccount();
  Require(accounts_.Delete(account));
  Options given;
  given.set_account(account);

  const auto replies = accounts_.Handle({PrepareAccount(1, TestLead(1)), PrepareAccount(2, TestLead(2), 0, given)});

  EXPECT_EQ(RecordOf(replies.at(0)).kind(), Outcome::OPENED);
  EXPECT_EQ(ReasonOf(replies.at(1)), "RECORD_NOT_FOUND");
}

TEST_P(AttachTest, EmailAndPhoneOfTwoContactsAreAConflictToExplain) {
  const std::string by_email = CreateContact("a@example.com");
  const std::string by_phone = CreateContact("", "+4989123456");
  const lead::v1::Lead lead = LeadWith(1, "a@example.com", "+4989123456");
  Options email_wins;
  email_wins.set_conflict_policy(Options::EMAIL_WINS);

  const auto refused = contacts_.Handle({PrepareContact(1, lead)});
  const auto attached = contacts_.Handle({PrepareContact(2, lead, 0, email_wins)});

  EXPECT_EQ(ReasonOf(refused.at(0)), "IDENTITY_CONFLICT");
  const auto metadata = rpc::FromRpcStatus(refused[0].refused().status()).metadata;
  EXPECT_EQ(metadata.at("email a@example.com"), by_email);
  EXPECT_EQ(metadata.at("phone +4989123456"), by_phone);
  EXPECT_EQ(RecordOf(attached.at(0)).name(), by_email);
}

TEST_P(AttachTest, PoliciesForDuplicates) {
  CreateContact("a@example.com", "+4989123456");

  const auto replies =
      contacts_.Handle({PrepareContact(1, LeadWith(1, "a@example.com", ""), 0, With(Options::REFUSE)),
                        PrepareContact(2, LeadWith(2, "a@example.com", ""), 0, With(Options::OPEN_ANYWAY)),
                        PrepareContact(3, LeadWith(3, "", "+4989123456"), 0, With(Options::OPEN_ANYWAY)),
                        PrepareContact(4, LeadWith(4, "b@example.com", ""), 0, With(Options::REFUSE))});

  EXPECT_EQ(ReasonOf(replies.at(0)), "DUPLICATE_FOUND");
  EXPECT_EQ(ReasonOf(replies.at(1)), "IDENTITY_TAKEN");
  EXPECT_EQ(RecordOf(replies.at(2)).kind(), Outcome::OPENED);
  EXPECT_EQ(RecordOf(replies.at(3)).kind(), Outcome::OPENED);
}

TEST_P(AttachTest, WhatAnUndecidedFillWouldAddIsNoDuplicateYet) {
  CreateContact("", "+4989123456");
  decisions_.SetUndecided(1);
  ASSERT_THAT(RecordOf(contacts_.Handle({PrepareContact(1, LeadWith(1, "new@example.com", "+4989123456"))}).at(0))
                  .filled_fields(),
              ::testing::Contains("emails"));
  const Command refuse = PrepareContact(2, LeadWith(2, "new@example.com", ""), 0, With(Options::REFUSE));
  const Command anyway = PrepareContact(3, LeadWith(3, "new@example.com", ""), 0, With(Options::OPEN_ANYWAY));

  EXPECT_THAT(contacts_.Handle({refuse, anyway}), Each(::testing::Property(&Reply::has_busy, true)));
  decisions_.Abort(1);

  EXPECT_EQ(RecordOf(contacts_.Handle({refuse}).back()).kind(), Outcome::OPENED);
}

TEST_P(AttachTest, SharedPlatformsAreNobodysDomain) {
  lead::v1::Lead first = TestLead(1, "Alpha");
  lead::v1::Lead second = TestLead(2, "Beta");
  first.set_website("https://www.facebook.com/alpha");
  second.set_website("https://www.facebook.com/beta");

  const auto replies = accounts_.Handle({PrepareAccount(1, first), PrepareAccount(2, second)});

  EXPECT_EQ(RecordOf(replies.at(0)).kind(), Outcome::OPENED);
  ASSERT_TRUE(replies.at(1).has_prepared()) << "two companies with pages on one platform are two";
  EXPECT_EQ(RecordOf(replies.at(1)).kind(), Outcome::OPENED);
}

class RevertTest : public AttachTest {
 protected:
  // Qualification 1 opened a contact; 2 will take it back.
  RevertTest() {
    contact_ = RecordOf(contacts_.Handle({PrepareContact(1, TestLead(1))}).at(0)).name();
    commit_ = Tell(decisions_.Commit(1));
    decisions_.SetUndecided(2);
  }
  std::string contact_;
  Command commit_;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(RevertTest);

TEST_P(RevertTest, WhatWasOpenedIsGoneAndItsIdentitiesAreFree) {
  contacts_.Handle({PrepareRevert(2, 1)});
  ASSERT_TRUE(Require(contacts_.Get(contact_)).has_value());

  contacts_.Handle({Tell(decisions_.Commit(2))});

  EXPECT_FALSE(Require(contacts_.Get(contact_)).has_value());
  EXPECT_EQ(contacts_.Owner({Kind::kEmail, "jane1@example.com"}), "");
  EXPECT_EQ(contacts_.TakeEvents().back().change(), contact::v1::ContactEvent::QUALIFICATION_REVERTED);
}

TEST_P(RevertTest, LateMessagesOfTheRevertedQualificationBringNothingBack) {
  contacts_.Handle({commit_, PrepareRevert(2, 1)});
  contacts_.Handle({Tell(decisions_.Commit(2))});
  contacts_.TakeEvents();

  contacts_.Handle({PrepareContact(1, TestLead(1)), commit_, PrepareContact(1, TestLead(1), 1)});

  EXPECT_FALSE(Require(contacts_.Get(contact_)).has_value());
  EXPECT_THAT(contacts_.TakeEvents(), IsEmpty());
  EXPECT_THAT(contacts_.Intents(), IsEmpty());
}

TEST_P(RevertTest, AChangedRecordIsNotGivenBack) {
  Require(contacts_.Change(contact_, [](contact::v1::Contact& c) { c.set_notes("precious"); }));

  EXPECT_EQ(ReasonOf(contacts_.Handle({PrepareRevert(2, 1)}).back()), "RECORD_CHANGED");
}

TEST_P(RevertTest, ARecordThatIsGivenBackCannotBeChangedOrAttachedTo) {
  contacts_.Handle({PrepareRevert(2, 1)});

  const Status changed = contacts_.Change(contact_, [](contact::v1::Contact& c) { c.set_notes("late"); });

  EXPECT_EQ(changed.error().reason, "RECORD_IN_QUALIFICATION");
  EXPECT_TRUE(contacts_.Handle({PrepareContact(3, TestLead(1))}).back().has_busy());
}

TEST_P(RevertTest, ADuplicateThatIsBeingGivenBackIsNotRefusedBeforeItIsDecided) {
  contacts_.Handle({PrepareRevert(2, 1)});
  const Command refuse = PrepareContact(3, TestLead(1), 0, With(Options::REFUSE));

  EXPECT_TRUE(contacts_.Handle({refuse}).back().has_busy());
  decisions_.Commit(2);

  EXPECT_EQ(RecordOf(contacts_.Handle({refuse}).back()).kind(), Outcome::OPENED);
}

TEST_P(RevertTest, ARecordThatSomebodyIsAttachingToKeepsTheRevertWaiting) {
  contacts_.Handle({commit_});
  decisions_.SetUndecided(3);
  contacts_.Handle({PrepareContact(3, TestLead(1))});
  const Command revert = PrepareRevert(2, 1);
  EXPECT_TRUE(contacts_.Handle({revert}).back().has_busy());

  contacts_.Handle({Tell(decisions_.Commit(3))});

  EXPECT_EQ(ReasonOf(contacts_.Handle({revert}).back()), "RECORD_CHANGED");
}

TEST_P(RevertTest, WhatWasOnlyAttachedToStays) {
  contacts_.Handle({commit_});
  contacts_.Handle({PrepareContact(3, TestLead(1))});
  contacts_.Handle({Tell(decisions_.Commit(3))});
  decisions_.SetUndecided(4);

  EXPECT_TRUE(contacts_.Handle({PrepareRevert(4, 3)}).back().has_prepared());
  EXPECT_TRUE(contacts_.Handle({Tell(decisions_.Commit(4))}).back().has_acknowledged());

  EXPECT_TRUE(Require(contacts_.Get(contact_)).has_value());
}

TEST_P(RevertTest, TheLeadIsOpenAgain) {
  const std::string lead = leads_.Create(TestLead(1));
  leads_.Handle({LockLead(1, lead)});
  leads_.Handle({PrepareRevert(2, 1)});
  EXPECT_EQ(Require(leads_.Get(lead))->state(), lead::v1::Lead::STATE_QUALIFIED);

  decisions_.Commit(2);

  EXPECT_EQ(Require(leads_.Get(lead))->state(), lead::v1::Lead::STATE_OPEN);
}

}  // namespace
}  // namespace quartet::test
