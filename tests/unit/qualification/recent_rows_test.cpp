#include "services/qualification/coordinator/recent_rows.h"

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

  RecentRows rows_{{.entries_max = 4}};
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
  EXPECT_THAT(rows_.PendingIds(), ElementsAre(row_.id));
  EXPECT_THAT(rows_.BeginApply(row_.id).replies, SizeIs(2));
  EXPECT_THAT(rows_.PendingIds(), IsEmpty());
}

TEST_F(RecentRowsTest, WhatIsCountedInTheRowIsNotMissing) {
  Hear(PreparedReply(row_, ACCOUNT));
  row_.version = 3;
  rows_.Put(row_);
  EXPECT_TRUE(Keep(PreparedReply(row_, OPPORTUNITY)));
  EXPECT_FALSE(Keep(PreparedReply(row_, CONTACT)));
}

TEST_F(RecentRowsTest, WhileSomethingIsAppliedNobodyKnowsWhatIsMissing) {
  EXPECT_TRUE(Keep(PreparedReply(row_, ACCOUNT)));
  const auto pending = rows_.BeginApply(row_.id);
  EXPECT_TRUE(pending.row.has_value());
  EXPECT_THAT(pending.replies, SizeIs(1));
  rows_.Put(row_);
  EXPECT_FALSE(Keep(PreparedReply(row_, CONTACT)));
  rows_.EndApply(row_.id);
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
  EXPECT_THAT(rows_.PendingIds(), IsEmpty());
  EXPECT_TRUE(rows_.TakeUnwritten(row_.id).has_value());
  EXPECT_FALSE(rows_.TakeUnwritten(row_.id).has_value());
  EXPECT_THAT(rows_.BeginApply(row_.id).replies, SizeIs(1));
}

TEST_F(RecentRowsTest, WhatWasAcknowledgedIsDecidedSoThatWhatIsNotIsStale) {
  row_.version = 3;
  row_.unwritten = true;
  rows_.Put(row_);
  EXPECT_TRUE(Keep(PreparedReply(row_, ACCOUNT)));
  EXPECT_TRUE(Keep(AcknowledgedReply(row_, ACCOUNT)));
  EXPECT_THAT(rows_.PendingIds(), ElementsAre(row_.id));
  EXPECT_FALSE(rows_.TakeUnwritten(row_.id).has_value());

  rows_.Put(row_);
  rows_.Restore(row_.id, row_, {PreparedReply(row_, CONTACT)});
  EXPECT_FALSE(rows_.Take(row_.id).has_value()) << "nor does it come back";
  EXPECT_THAT(rows_.BeginApply(row_.id).replies, SizeIs(1)) << "the acknowledgement";
}

TEST_F(RecentRowsTest, WhatCameToNothingIsKeptAgain) {
  row_.version = 3;
  row_.unwritten = true;
  rows_.Put(row_);
  EXPECT_TRUE(Keep(PreparedReply(row_, ACCOUNT)));
  auto pending = rows_.BeginApply(row_.id);
  rows_.Restore(row_.id, pending.row, pending.replies);
  rows_.EndApply(row_.id);
  EXPECT_TRUE(Keep(PreparedReply(row_, CONTACT)));
  EXPECT_FALSE(Keep(PreparedReply(row_, OPPORTUNITY)));
  pending = rows_.BeginApply(row_.id);
  EXPECT_TRUE(pending.row.has_value());
  EXPECT_THAT(pending.replies, SizeIs(2));
}

TEST_F(RecentRowsTest, WhatSomebodyAppliesIsNotGivenUpForOthers) {
  rows_.BeginApply(row_.id);
  for (int i = 10; i < 20; ++i) rows_.Put(NewQualification(i));
  rows_.Put(row_);
  EXPECT_FALSE(Keep(PreparedReply(row_, ACCOUNT))) << "it is applied still";
  rows_.EndApply(row_.id);
  EXPECT_TRUE(Keep(PreparedReply(row_, ACCOUNT)));
  EXPECT_LE(rows_.entries(), 4);
}

TEST_F(RecentRowsTest, WhatCostsNothingIsGivenUpFirst) {
  EXPECT_TRUE(Keep(PreparedReply(row_, ACCOUNT)));
  for (int i = 10; i < 20; ++i) rows_.Put(NewQualification(i));
  EXPECT_THAT(rows_.PendingIds(), ElementsAre(row_.id));
  EXPECT_EQ(rows_.entries(), 4);
}

TEST_F(RecentRowsTest, WhereAllIsFullOfAcknowledgementsNoOtherIsKept) {
  for (int i = 10; i < 20; ++i)
    EXPECT_EQ(rows_.Keep(TestUuid(i), AcknowledgedReply(NewQualification(i), LEAD)), i < 14) << i;
  EXPECT_THAT(rows_.PendingIds(), ElementsAre(TestUuid(10), TestUuid(11), TestUuid(12), TestUuid(13)));
  EXPECT_EQ(rows_.entries(), 4);
  EXPECT_TRUE(rows_.Keep(TestUuid(10), AcknowledgedReply(NewQualification(10), ACCOUNT))) << "what is there grows";
}

TEST_F(RecentRowsTest, ItHasSoManyBytesAtMost) {
  RecentRows rows({.entries_max = 1'000, .bytes_max = 100'000});
  Row large = row_;
  large.qualification().mutable_failure()->set_message(std::string(30'000, 'x'));
  for (int i = 10; i < 20; ++i) {
    large.id = TestUuid(i);
    rows.Put(large);
    EXPECT_LE(rows.bytes(), 100'000);
  }
  EXPECT_EQ(rows.entries(), 3);
  EXPECT_TRUE(rows.Take(TestUuid(19)).has_value());
  large.qualification().mutable_failure()->set_message(std::string(200'000, 'x'));
  rows.Put(large);
  EXPECT_EQ(rows.bytes(), 0) << "what is larger than all of it is not kept";
  EXPECT_EQ(rows.entries(), 0);
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
