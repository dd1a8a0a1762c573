// The life of one qualification that nobody disturbs, and what cannot disturb it.
#include <algorithm>

#include <gmock/gmock.h>

#include "tests/unit/qualification/rules_fixture.h"

namespace quartet::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using namespace qualification::v1;

TEST_F(QualificationRules, StartingLocksTheLead) {
  EXPECT_THAT(Describe(Start()), ElementsAre("PREPARE LEAD 0"));

  EXPECT_EQ(state(), Qualification::STARTED);
  EXPECT_EQ(row_.create_time_us, kBegin_us);
  EXPECT_GT(row_.redrive_time_us, kBegin_us);
  EXPECT_EQ(qualification::DecisionOf(row_).outcome(), Decision::UNDECIDED);
}

TEST_F(QualificationRules, TheLockedLeadIsPlannedAndAllThreeAreAskedAtOnce) {
  Start();

  const Step step = Hear(LockedReply(row_, TestLead(1)));

  EXPECT_THAT(Describe(step), ElementsAre("PREPARE ACCOUNT 0", "PREPARE CONTACT 0", "PREPARE OPPORTUNITY 0"));
  for (const qualification::Send& send : step.sends) {
    EXPECT_EQ(send.command.prepare().qualification(), TestName("qualifications", 1));
    EXPECT_EQ(send.command.prepare().create_time_us(), kBegin_us);
  }
  EXPECT_EQ(state(), Qualification::PREPARING);
}

TEST_F(QualificationRules, WhoBeganItGoesOnUnwritten) {
  Start();
  const std::int64_t redrive_time_us = row_.redrive_time_us;

  const Step step = qualification::OnLockedUnwritten(row_, LockedReply(row_, TestLead(1)), now_us_ + 900'000);

  EXPECT_THAT(Describe(step), ElementsAre("PREPARE ACCOUNT 0", "PREPARE CONTACT 0", "PREPARE OPPORTUNITY 0"));
  EXPECT_EQ(state(), Qualification::PREPARING);
  EXPECT_TRUE(row_.unwritten);
  EXPECT_EQ(row_.redrive_time_us, redrive_time_us) << "the stored row knows no other";
}

TEST_F(QualificationRules, ARowThatWasReadBeginsTheNextAttemptWhenTheLeadIsLocked) {
  Start();
  row_.is_read = true;

  EXPECT_FALSE(qualification::OnLockedUnwritten(row_, LockedReply(row_, TestLead(1)), now_us_).changed);
  EXPECT_EQ(state(), Qualification::STARTED);

  EXPECT_THAT(Describe(Hear(LockedReply(row_, TestLead(1)))),
              ElementsAre("PREPARE ACCOUNT 1", "PREPARE CONTACT 1", "PREPARE OPPORTUNITY 1"));
  EXPECT_FALSE(row_.unwritten);
}

TEST_F(QualificationRules, OnlyALockedLeadIsGoneOnWithUnwritten) {
  Start();
  const auto unwritten = [this](const Reply& reply) {
    return qualification::OnLockedUnwritten(row_, reply, now_us_).changed;
  };
  EXPECT_FALSE(unwritten(RefusedReply(row_, LEAD, "LEAD_NOT_FOUND")));
  EXPECT_FALSE(unwritten(PreparedReply(row_, ACCOUNT)));
  EXPECT_EQ(state(), Qualification::STARTED);
  EXPECT_TRUE(unwritten(LockedReply(row_, TestLead(1))));
  EXPECT_FALSE(unwritten(LockedReply(row_, TestLead(1)))) << "it is not STARTED any more";
}

TEST_F(QualificationRules, WithoutACompanyThereIsNoAccountToAskFor) {
  Start();

  EXPECT_THAT(Describe(Hear(LockedReply(row_, TestLead(1, "")))),
              ElementsAre("PREPARE CONTACT 0", "PREPARE OPPORTUNITY 0"));
  Hear(PreparedReply(row_, CONTACT));
  EXPECT_THAT(Describe(Hear(PreparedReply(row_, OPPORTUNITY))),
              ElementsAre("COMMITTED LEAD", "COMMITTED CONTACT", "COMMITTED OPPORTUNITY"));
  EXPECT_EQ(qualification::DecisionOf(row_).names().account(), "");
}

TEST_F(QualificationRules, AReplyOfSomebodyWhoWasNotAskedCountsForNothing) {
  Start();
  Hear(LockedReply(row_, TestLead(1, "")));

  EXPECT_FALSE(Hear(PreparedReply(row_, ACCOUNT)).changed);
  Hear(PreparedReply(row_, CONTACT));
  EXPECT_FALSE(Hear(RefusedReply(row_, ACCOUNT, "NO")).changed);
  EXPECT_EQ(state(), Qualification::PREPARING);
}

TEST_F(QualificationRules, AnAnswerWithoutARecordCountsForNothing) {
  StartAndLock();
  Reply nameless = PreparedReply(row_, CONTACT);
  nameless.mutable_prepared()->clear_records();

  EXPECT_FALSE(Hear(nameless).changed);
  EXPECT_TRUE(Hear(PreparedReply(row_, CONTACT)).changed);
}

TEST_F(QualificationRules, TheLastPreparedCommitsWithEverybodysNames) {
  StartAndLock();
  row_.qualification().mutable_options()->set_owner("unchanged");
  Hear(PreparedReply(row_, CONTACT));
  Reply two = PreparedReply(row_, OPPORTUNITY);
  two.mutable_prepared()->add_records()->set_name(TestName("opportunities", 7));
  Hear(two);
  EXPECT_EQ(state(), Qualification::PREPARING);
  const std::int64_t decided_us = now_us_;

  EXPECT_THAT(Describe(Hear(PreparedReply(row_, ACCOUNT))),
              ElementsAre("COMMITTED LEAD", "COMMITTED ACCOUNT", "COMMITTED CONTACT", "COMMITTED OPPORTUNITY"));

  const Decision decision = qualification::DecisionOf(row_);
  EXPECT_EQ(decision.attempt(), 0);
  EXPECT_EQ(decision.decide_time_us(), decided_us);
  EXPECT_EQ(decision.names().lead(), TestName("leads", 1));
  EXPECT_EQ(decision.names().account(), TestName("accounts", 100));
  EXPECT_EQ(decision.names().contact(), TestName("contacts", 100));
  EXPECT_THAT(decision.names().opportunities(),
              ElementsAre(TestName("opportunities", 100), TestName("opportunities", 7)));
}

// Every order in which the four replies can come, and each order again with
// each reply repeated at every later position.
TEST_F(QualificationRules, EveryOrderOfRepliesAndDuplicatesComesToOneCommit) {
  std::vector<int> order = {0, 1, 2, 3};  // 0: the lead's; 1 to 3: the three's
  int sequences = 0;
  do {
    for (int repeated = -1; repeated < 4; ++repeated) {
      for (int position = 0; position <= 4; ++position) {
        std::vector<int> replies = order;
        if (repeated >= 0) replies.insert(replies.begin() + position, repeated);
        row_ = NewQualification(1);
        Start();
        std::set<int> counted;
        int commits = 0;
        // What comes before its time is lost; a redrive asks for it again.
        for (int round = 0; round < 3 && !row_.decided(); ++round) {
          if (round > 0) Redrive();
          for (const int which : replies) {
            const bool was_decided = row_.decided();
            const bool expected =
                (which == 0) == (row_.state() == Qualification::STARTED) && !was_decided && !counted.contains(which);
            const Step step =
                Hear(which == 0 ? LockedReply(row_, TestLead(1)) : PreparedReply(row_, kThree[which - 1]));
            EXPECT_EQ(step.changed, expected);
            if (expected) counted.insert(which);
            commits += !was_decided && row_.decided();
          }
        }
        EXPECT_EQ(state(), Qualification::COMMITTED);
        EXPECT_EQ(commits, 1);
        EXPECT_EQ(counted.size(), 4u);
        ++sequences;
      }
    }
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(sequences, 24 * 25);
}

TEST_F(QualificationRules, ADecidedRowHearsNothingButAcknowledgements) {
  StartAndLock();
  PrepareAll();
  const std::string before = row_.stored.SerializeAsString();

  EXPECT_FALSE(Hear(LockedReply(row_, TestLead(1))).changed);
  for (const Participant participant : kThree) {
    EXPECT_FALSE(Hear(PreparedReply(row_, participant)).changed);
    EXPECT_FALSE(Hear(RefusedReply(row_, participant, "TOO_LATE")).changed);
    EXPECT_FALSE(Hear(BusyReply(row_, participant, TestName("qualifications", 0)), Older()).changed);
  }
  EXPECT_FALSE(Cancel().changed);
  EXPECT_FALSE(HolderGone(true).changed);
  EXPECT_EQ(row_.stored.SerializeAsString(), before);
}

TEST_F(QualificationRules, ItIsOverWhenAllFourHaveAcknowledged) {
  StartAndLock();
  PrepareAll();

  EXPECT_TRUE(Hear(AcknowledgedReply(row_, LEAD)).changed);
  EXPECT_FALSE(Hear(AcknowledgedReply(row_, LEAD)).changed);
  EXPECT_THAT(Describe(Redrive()), ElementsAre("COMMITTED ACCOUNT", "COMMITTED CONTACT", "COMMITTED OPPORTUNITY"));
  for (const Participant participant : kThree) {
    EXPECT_NE(row_.redrive_time_us, 0);
    EXPECT_THAT(Describe(Hear(AcknowledgedReply(row_, participant))), IsEmpty());
  }
  EXPECT_EQ(row_.redrive_time_us, 0);
}

TEST_F(QualificationRules, ARedriveOfARowThatIsOverDoesNothing) {
  StartAndLock();
  PrepareAll();
  for (const Participant participant : {LEAD, ACCOUNT, CONTACT, OPPORTUNITY})
    Hear(AcknowledgedReply(row_, participant));

  const Step step = Redrive();

  EXPECT_FALSE(step.changed);
  EXPECT_THAT(Describe(step), IsEmpty());
  EXPECT_EQ(row_.redrive_time_us, 0);
}

TEST_F(QualificationRules, AnAcknowledgementBeforeTheDecisionIsNone) {
  StartAndLock();

  EXPECT_FALSE(Hear(AcknowledgedReply(row_, CONTACT)).changed);
}

TEST_F(QualificationRules, RedrivesGrowRarer) {
  Start();
  std::int64_t pause_us = 0;
  for (int i = 0; i < 20; ++i) {
    const std::int64_t before_us = now_us_;
    Redrive();
    EXPECT_GE(row_.redrive_time_us - before_us, pause_us);
    pause_us = row_.redrive_time_us - before_us;
  }
  EXPECT_EQ(pause_us, 30'000'000);
  Hear(LockedReply(row_, TestLead(1)));
  EXPECT_LE(row_.redrive_time_us - now_us_, 1'000'000);
}

TEST_F(QualificationRules, RedriveSendsWhatIsMissing) {
  Start();
  EXPECT_THAT(Describe(Redrive()), ElementsAre("PREPARE LEAD 0"));
  Hear(LockedReply(row_, TestLead(1)));
  EXPECT_THAT(Describe(Redrive()), ElementsAre("PREPARE ACCOUNT 0", "PREPARE CONTACT 0", "PREPARE OPPORTUNITY 0"));
  Hear(PreparedReply(row_, CONTACT));
  EXPECT_THAT(Describe(Redrive()), ElementsAre("PREPARE ACCOUNT 0", "PREPARE OPPORTUNITY 0"));
}

TEST_F(QualificationRules, TheOlderIsTheOneThatBeganFirst) {
  EXPECT_TRUE(qualification::IsOlder(1, "b", 2, "a"));
  EXPECT_TRUE(qualification::IsOlder(1, "a", 1, "b"));
  EXPECT_FALSE(qualification::IsOlder(1, "b", 1, "a"));
  EXPECT_FALSE(qualification::IsOlder(1, "a", 1, "a"));
}

}  // namespace
}  // namespace quartet::test
