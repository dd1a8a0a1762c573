// What ends or delays a qualification: refusals, cancelling, and holders (wait-die).
#include <gmock/gmock.h>

#include "common/rpc/error_mapping.h"
#include "tests/unit/qualification/rules_fixture.h"

namespace quartet::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace qualification::v1;

std::string ReasonOf(const qualification::Row& row) {
  return rpc::FromRpcStatus(row.qualification().failure()).reason;
}

TEST_F(QualificationRules, ALeadThatCannotBeLockedEndsIt) {
  Start();
  Reply refused = RefusedReply(row_, LEAD, "LEAD_BEING_QUALIFIED");
  refused.mutable_refused()->set_holder(TestName("qualifications", 9));

  EXPECT_THAT(Describe(Hear(refused)), ElementsAre("ABORTED LEAD"));

  EXPECT_EQ(state(), Qualification::ABORTED);
  EXPECT_EQ(ReasonOf(row_), "LEAD_BEING_QUALIFIED");
  EXPECT_EQ(row_.qualification().holder(), TestName("qualifications", 9));
}

TEST_F(QualificationRules, ARefusalByAnyoneAtAnyPointEndsItAndLeavesNoNames) {
  for (const Participant refuses : kThree) {
    for (unsigned prepared = 0; prepared < 8; ++prepared) {
      row_ = NewQualification(1);
      StartAndLock();
      for (unsigned i = 0; i < 3; ++i) {
        if ((prepared >> i & 1) != 0 && kThree[i] != refuses) Hear(PreparedReply(row_, kThree[i]));
      }

      EXPECT_THAT(Describe(Hear(RefusedReply(row_, refuses, "DUPLICATE_FOUND"))),
                  ElementsAre("ABORTED LEAD", "ABORTED ACCOUNT", "ABORTED CONTACT", "ABORTED OPPORTUNITY"));

      EXPECT_EQ(ReasonOf(row_), "DUPLICATE_FOUND");
      EXPECT_EQ(qualification::DecisionOf(row_).outcome(), Decision::ABORTED);
      EXPECT_FALSE(row_.qualification().has_account());
      EXPECT_FALSE(row_.qualification().has_contact());
      EXPECT_EQ(row_.qualification().opportunities_size(), 0);
    }
  }
}

TEST_F(QualificationRules, ARefusalAfterItsPreparedIsStale) {
  StartAndLock();
  Hear(PreparedReply(row_, CONTACT));

  EXPECT_FALSE(Hear(RefusedReply(row_, CONTACT, "DUPLICATE_FOUND")).changed);
  EXPECT_EQ(state(), Qualification::PREPARING);
}

TEST_F(QualificationRules, CancellingEndsItInEveryUndecidedState) {
  Start();
  EXPECT_THAT(Describe(Cancel()),
              ElementsAre("ABORTED LEAD", "ABORTED ACCOUNT", "ABORTED CONTACT", "ABORTED OPPORTUNITY"))
      << "whoever began it may have asked all of them";
  EXPECT_EQ(ReasonOf(row_), "QUALIFICATION_CANCELED");

  row_ = NewQualification(1);
  StartAndLock();
  EXPECT_EQ(Cancel().sends.size(), 4u);

  row_ = NewQualification(1);
  StartAndLock();
  Park();
  ASSERT_EQ(state(), Qualification::PARKED);
  EXPECT_EQ(Cancel().sends.size(), 4u);
  EXPECT_EQ(row_.waits_for, "");
  EXPECT_FALSE(HolderGone(true).changed);
  EXPECT_EQ(state(), Qualification::ABORTED);
}

TEST_F(QualificationRules, AnAbortedRowIsToldToEverybodyUntilAllHaveAcknowledged) {
  Start();
  Cancel();
  EXPECT_FALSE(Hear(LockedReply(row_, TestLead(1))).changed);
  for (const Participant from : {ACCOUNT, CONTACT, OPPORTUNITY}) Hear(AcknowledgedReply(row_, from));
  EXPECT_THAT(Describe(Redrive()), ElementsAre("ABORTED LEAD"));
  Hear(AcknowledgedReply(row_, LEAD));
  EXPECT_EQ(row_.redrive_time_us, 0);
}

TEST_F(QualificationRules, TheYoungerMakesWayAndWaitsForTheOlder) {
  StartAndLock();
  Hear(PreparedReply(row_, CONTACT));

  const Step step = Hear(BusyReply(row_, ACCOUNT, TestName("qualifications", 0)), Older());

  // The lead's lock is kept: it belongs to the qualification, not to an attempt.
  EXPECT_THAT(Describe(step), ElementsAre("RELEASE ACCOUNT 0", "RELEASE CONTACT 0", "RELEASE OPPORTUNITY 0"));
  EXPECT_EQ(state(), Qualification::PARKED);
  EXPECT_EQ(attempt(), 1);
  EXPECT_EQ(row_.waits_for, TestUuid(0));
  EXPECT_EQ(qualification::DecisionOf(row_).attempt(), 1);
}

TEST_F(QualificationRules, AParkedRowGoesOnOnlyWhenItsHolderIsDecided) {
  StartAndLock();
  Park();

  EXPECT_FALSE(HolderGone(false).changed);
  EXPECT_THAT(Describe(Redrive()), ElementsAre("RELEASE ACCOUNT 0", "RELEASE CONTACT 0", "RELEASE OPPORTUNITY 0"));
  EXPECT_THAT(Describe(HolderGone(true)),
              ElementsAre("PREPARE ACCOUNT 1", "PREPARE CONTACT 1", "PREPARE OPPORTUNITY 1"));
  EXPECT_EQ(state(), Qualification::PREPARING);
  EXPECT_EQ(row_.waits_for, "");
}

TEST_F(QualificationRules, ARedriveNoticesADecidedHolderToo) {
  StartAndLock();
  Park();

  EXPECT_THAT(Describe(Redrive(/*holder_decided=*/true)),
              ElementsAre("PREPARE ACCOUNT 1", "PREPARE CONTACT 1", "PREPARE OPPORTUNITY 1"));
}

TEST_F(QualificationRules, WhatTheOldAttemptWasToldIsForgotten) {
  StartAndLock();
  const Reply old_account = PreparedReply(row_, ACCOUNT);
  const Reply old_refusal = RefusedReply(row_, OPPORTUNITY, "OLD");
  Hear(PreparedReply(row_, CONTACT));
  Hear(old_account);
  Hear(BusyReply(row_, OPPORTUNITY, TestName("qualifications", 0)), Older());
  EXPECT_FALSE(Hear(old_account).changed);
  HolderGone(true);

  EXPECT_FALSE(Hear(old_account).changed);
  EXPECT_FALSE(Hear(old_refusal).changed);
  PrepareAll();

  EXPECT_EQ(state(), Qualification::COMMITTED);
  EXPECT_EQ(qualification::DecisionOf(row_).attempt(), 1);
  EXPECT_EQ(row_.qualification().account().name(), TestName("accounts", 101));
  EXPECT_EQ(row_.qualification().contact().name(), TestName("contacts", 101));
}

TEST_F(QualificationRules, AReplyFromAnAttemptThatHasNotBegunCountsForNothing) {
  StartAndLock();
  Reply future = PreparedReply(row_, CONTACT);
  future.set_attempt(1);

  EXPECT_FALSE(Hear(future).changed);
}

TEST_F(QualificationRules, TheOlderKeepsItsAttemptAndAsksAgainWhenTheYoungerMakesWay) {
  StartAndLock();
  Hear(PreparedReply(row_, CONTACT));
  const Reply busy = BusyReply(row_, ACCOUNT, TestName("qualifications", 2));

  EXPECT_THAT(Describe(Hear(busy, Younger())), IsEmpty());

  EXPECT_EQ(state(), Qualification::PREPARING);
  EXPECT_EQ(attempt(), 0);
  EXPECT_EQ(row_.waits_for, TestUuid(2));
  EXPECT_FALSE(Hear(busy, Younger()).changed);
  EXPECT_THAT(Describe(HolderGone(false)), ElementsAre("PREPARE ACCOUNT 0", "PREPARE OPPORTUNITY 0"));
  EXPECT_EQ(row_.waits_for, "");
}

TEST_F(QualificationRules, AHolderThatIsDecidedByNowIsNotWaitedFor) {
  StartAndLock();

  const Step step = Hear(BusyReply(row_, ACCOUNT, TestName("qualifications", 0)), Decided());

  // Only the one who was busy has to be asked again.
  EXPECT_THAT(Describe(step), ElementsAre("PREPARE ACCOUNT 0"));
  EXPECT_EQ(state(), Qualification::PREPARING);
  EXPECT_EQ(attempt(), 0);
}

TEST_F(QualificationRules, ABusyOfAnyoneByAnOlderParksAtEveryPoint) {
  for (const Participant busy : kThree) {
    for (unsigned prepared = 0; prepared < 8; ++prepared) {
      row_ = NewQualification(1);
      StartAndLock();
      for (unsigned i = 0; i < 3; ++i) {
        if ((prepared >> i & 1) != 0 && kThree[i] != busy) Hear(PreparedReply(row_, kThree[i]));
      }
      const Reply reply = BusyReply(row_, busy, TestName("qualifications", 0));

      EXPECT_EQ(Hear(reply, Older()).sends.size(), 3u);
      EXPECT_EQ(state(), Qualification::PARKED);
      EXPECT_FALSE(Hear(reply, Older()).changed) << "a duplicate must not count twice";
      EXPECT_EQ(attempt(), 1);
    }
  }
}

TEST_F(QualificationRules, AnAttachedContactOfAnotherAccountDoesNotFit) {
  for (const bool contact_last : {false, true}) {
    row_ = NewQualification(1);
    StartAndLock();
    Hear(PreparedReply(row_, OPPORTUNITY));
    Reply contact = PreparedReply(row_, CONTACT);
    contact.mutable_prepared()->mutable_records(0)->set_kind(RecordOutcome::ATTACHED);
    contact.mutable_prepared()->set_contact_account(TestName("accounts", 55));
    if (contact_last) Hear(PreparedReply(row_, ACCOUNT));
    Hear(contact);
    if (!contact_last) Hear(PreparedReply(row_, ACCOUNT));

    EXPECT_EQ(state(), Qualification::ABORTED);
    const Error failure = rpc::FromRpcStatus(row_.qualification().failure());
    EXPECT_EQ(failure.reason, "CONTACT_ACCOUNT_MISMATCH");
    EXPECT_EQ(failure.metadata.at("contact_account"), TestName("accounts", 55));
    EXPECT_EQ(failure.metadata.at("account"), TestName("accounts", 100));
  }
}

TEST_F(QualificationRules, AnAttachedContactOfTheSameAccountFits) {
  StartAndLock();
  Hear(PreparedReply(row_, OPPORTUNITY));
  Hear(PreparedReply(row_, ACCOUNT));
  Reply contact = PreparedReply(row_, CONTACT);
  contact.mutable_prepared()->set_contact_account(TestName("accounts", 100));

  Hear(contact);

  EXPECT_EQ(state(), Qualification::COMMITTED);
}

class RevertRules : public QualificationRules {
 protected:
  RevertRules() {
    StartAndLock();
    PrepareAll();
    const Row committed = row_;
    row_ = NewRevert(2, committed);
    began_ = qualification::StartRevert(row_, committed, now_us_);
  }
  Step began_;
};

TEST_F(RevertRules, AsksAllFourAndCommitsWhenAllFourAreReady) {
  EXPECT_THAT(Describe(began_),
              ElementsAre("PREPARE LEAD 0", "PREPARE ACCOUNT 0", "PREPARE CONTACT 0", "PREPARE OPPORTUNITY 0"));
  EXPECT_EQ(began_.sends[0].command.prepare().revert().qualification(), TestName("qualifications", 1));
  PrepareAll();
  EXPECT_EQ(state(), Qualification::PREPARING);

  EXPECT_EQ(Hear(PreparedReply(row_, LEAD)).sends.size(), 4u);

  EXPECT_EQ(state(), Qualification::COMMITTED);
  EXPECT_FALSE(row_.qualification().has_contact());
}

TEST_F(RevertRules, ReleasesTheLeadTooWhenItMakesWay) {
  Hear(PreparedReply(row_, LEAD));

  EXPECT_THAT(Describe(Hear(BusyReply(row_, CONTACT, TestName("qualifications", 0)), Older())),
              ElementsAre("RELEASE LEAD 0", "RELEASE ACCOUNT 0", "RELEASE CONTACT 0", "RELEASE OPPORTUNITY 0"));
  EXPECT_EQ(HolderGone(true).sends.size(), 4u);
}

TEST_F(RevertRules, AChangedRecordRefusesIt) {
  Hear(RefusedReply(row_, OPPORTUNITY, "RECORD_CHANGED"));

  EXPECT_EQ(state(), Qualification::ABORTED);
  EXPECT_EQ(ReasonOf(row_), "RECORD_CHANGED");
}

}  // namespace
}  // namespace quartet::test
