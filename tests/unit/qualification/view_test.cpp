#include "services/qualification/pending/view.h"

#include <gmock/gmock.h>

#include "common/rpc/error_mapping.h"
#include "tests/unit/qualification/rules_fixture.h"

namespace quartet::test {
namespace {

using qualification::UnreadableView;
using qualification::ViewOf;
using qualification::v1::ACCOUNT;
using qualification::v1::CONTACT;
using qualification::v1::LEAD;
using qualification::v1::OPPORTUNITY;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class QualificationView : public QualificationRules {};

TEST_F(QualificationView, TellsWhoHasNotAnswered) {
  Start();
  EXPECT_THAT(ViewOf(row_).awaiting(), ElementsAre(LEAD));
  Hear(LockedReply(row_, TestLead(1)));
  EXPECT_THAT(ViewOf(row_).awaiting(), ElementsAre(ACCOUNT, CONTACT, OPPORTUNITY));
  Hear(PreparedReply(row_, CONTACT));
  EXPECT_THAT(ViewOf(row_).awaiting(), ElementsAre(ACCOUNT, OPPORTUNITY));
  Hear(PreparedReply(row_, ACCOUNT));
  Hear(PreparedReply(row_, OPPORTUNITY));
  ASSERT_EQ(state(), Qualification::COMMITTED);
  Hear(AcknowledgedReply(row_, CONTACT));
  EXPECT_THAT(ViewOf(row_).awaiting(), ElementsAre(LEAD, ACCOUNT, OPPORTUNITY));
}

TEST_F(QualificationView, TellsHowOftenItWasTriedAndWhenItIsNext) {
  Start();
  EXPECT_EQ(ViewOf(row_).tries(), 0);
  Redrive();
  Redrive();
  const Qualification view = ViewOf(row_);
  EXPECT_EQ(view.tries(), 2);
  EXPECT_EQ(view.next_try_time().seconds(), row_.redrive_time_us / 1'000'000);
}

TEST_F(QualificationView, OneThatIsParkedAwaitsItsHolderAndNobodyElse) {
  StartAndLock();
  Park();
  ASSERT_EQ(state(), Qualification::PARKED);
  EXPECT_THAT(ViewOf(row_).awaiting(), IsEmpty());
  EXPECT_EQ(ViewOf(row_).waits_for(), TestName("qualifications", 0));
}

TEST_F(QualificationView, OneThatIsOverWaitsForNothing) {
  StartAndLock();
  PrepareAll();
  for (const Participant participant : {LEAD, ACCOUNT, CONTACT, OPPORTUNITY})
    Hear(AcknowledgedReply(row_, participant));
  EXPECT_EQ(ViewOf(row_).SerializeAsString(), row_.qualification().SerializeAsString());
}

TEST_F(QualificationView, OneThatCannotBeReadTellsWhatItsColumnsSay) {
  StartAndLock();
  Redrive();
  Row damaged = row_;
  damaged.stored.Clear();
  damaged.qualification().set_name(row_.qualification().name());
  damaged.qualification().set_state(row_.state());
  const Qualification view = UnreadableView(damaged);
  EXPECT_EQ(view.name(), row_.qualification().name());
  EXPECT_EQ(view.create_time().seconds(), row_.create_time_us / 1'000'000);
  EXPECT_EQ(view.tries(), 1);
  const Error error = rpc::FromRpcStatus(view.last_error());
  EXPECT_EQ(error.code, Code::kDataLoss);
  EXPECT_EQ(error.reason, "QUALIFICATION_UNREADABLE");
}

}  // namespace
}  // namespace quartet::test
