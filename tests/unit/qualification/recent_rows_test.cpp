#include "services/qualification/recent_rows.h"

#include <gmock/gmock.h>

#include "tests/unit/qualification/rules_fixture.h"

namespace quartet::test {
namespace {

using namespace qualification::v1;
using qualification::RecentRows;
using qualification::Row;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RecentRowsTest : public QualificationRules {
 protected:
  RecentRowsTest() {
    StartAndLock();
    row_.version = 2;
    rows_.Put(row_);
  }
  bool Keep(const Reply& reply) { return rows_.Keep(row_.id, reply); }

  RecentRows rows_{4};
};

TEST_F(RecentRowsTest, ARowIsTakenOnce) {
  EXPECT_EQ(rows_.Take(row_.id)->version, 2);
  EXPECT_FALSE(rows_.Take(row_.id).has_value());
}

TEST_F(RecentRowsTest, TheLaterOfTwoWritesStaysWhicheverIsToldLast) {
  Row older = row_;
  older.version = 1;
  rows_.Put(older);
  EXPECT_EQ(rows_.Take(row_.id)->version, 2);
}

TEST_F(RecentRowsTest, TheOldestIsForgottenFirst) {
  for (int i = 10; i < 14; ++i) rows_.Put(NewQualification(i));
  EXPECT_FALSE(rows_.Take(row_.id).has_value());
  EXPECT_TRUE(rows_.Take(TestUuid(10)).has_value());
}

TEST_F(RecentRowsTest, PreparedsAreKeptUntilTheLast) {
  EXPECT_TRUE(Keep(PreparedReply(row_, ACCOUNT)));
  EXPECT_TRUE(Keep(PreparedReply(row_, ACCOUNT))) << "it may come twice";
  EXPECT_TRUE(Keep(PreparedReply(row_, CONTACT)));
  EXPECT_FALSE(Keep(PreparedReply(row_, OPPORTUNITY)));
  EXPECT_THAT(rows_.WithReplies(), ElementsAre(row_.id));
  EXPECT_THAT(rows_.BeginHearing(row_.id), SizeIs(3));
  EXPECT_THAT(rows_.WithReplies(), IsEmpty());
}

TEST_F(RecentRowsTest, WhatIsCountedInTheRowIsNotMissing) {
  Hear(PreparedReply(row_, ACCOUNT));
  row_.version = 3;
  rows_.Put(row_);
  EXPECT_TRUE(Keep(PreparedReply(row_, OPPORTUNITY)));
  EXPECT_FALSE(Keep(PreparedReply(row_, CONTACT)));
}

TEST_F(RecentRowsTest, WhileSomethingIsHeardNobodyKnowsWhatIsMissing) {
  EXPECT_TRUE(Keep(PreparedReply(row_, ACCOUNT)));
  EXPECT_THAT(rows_.BeginHearing(row_.id), SizeIs(1));
  EXPECT_FALSE(Keep(PreparedReply(row_, CONTACT)));
  rows_.EndHearing(row_.id);
  EXPECT_TRUE(Keep(PreparedReply(row_, CONTACT)));
}

TEST_F(RecentRowsTest, OnlyWhatCanWaitIsKept) {
  EXPECT_FALSE(Keep(BusyReply(row_, ACCOUNT, TestName("qualifications", 2))));
  EXPECT_FALSE(Keep(RefusedReply(row_, ACCOUNT, "NO")));
  Row other = row_;
  other.qualification().set_attempt(1);
  EXPECT_FALSE(Keep(PreparedReply(other, ACCOUNT))) << "of another attempt";
  EXPECT_FALSE(rows_.Keep(TestUuid(9), PreparedReply(row_, ACCOUNT))) << "of an unknown row";
  EXPECT_TRUE(rows_.Keep(TestUuid(9), AcknowledgedReply(row_, ACCOUNT))) << "nobody waits for an acknowledgement";
}

TEST_F(RecentRowsTest, AnUnwrittenRowIsNotWrittenDownForItsReplies) {
  row_.version = 3;
  row_.unwritten = true;
  rows_.Put(row_);
  EXPECT_TRUE(Keep(PreparedReply(row_, ACCOUNT)));
  EXPECT_THAT(rows_.WithReplies(), IsEmpty());
  EXPECT_TRUE(rows_.TakeUnwritten(row_.id).has_value());
  EXPECT_FALSE(rows_.TakeUnwritten(row_.id).has_value());
  EXPECT_THAT(rows_.BeginHearing(row_.id), SizeIs(1));
}

TEST_F(RecentRowsTest, AWrittenRowIsNotTakenForAnUnwrittenOne) {
  EXPECT_FALSE(rows_.TakeUnwritten(row_.id).has_value());
  EXPECT_TRUE(rows_.Take(row_.id).has_value());
}

TEST_F(RecentRowsTest, ARowThatIsOverIsNotRemembered) {
  for (const Participant from : {ACCOUNT, CONTACT, OPPORTUNITY}) Hear(PreparedReply(row_, from));
  for (const Participant from : {LEAD, ACCOUNT, CONTACT, OPPORTUNITY}) Hear(AcknowledgedReply(row_, from));
  rows_.Take(row_.id);
  rows_.Put(row_);
  EXPECT_FALSE(rows_.Take(row_.id).has_value());
}

}  // namespace
}  // namespace quartet::test
