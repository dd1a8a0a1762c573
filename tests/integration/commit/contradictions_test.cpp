// What the protocol forbids is neither absorbed nor acknowledged.
#include <gmock/gmock.h>

#include "tests/integration/commit/participant_fixture.h"

namespace quartet::test {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class Contradictions : public ParticipantTest {
 protected:
  template <class Node>
  static void ExpectRefused(Node& node, const Decision& decision, const std::string& kind) {
    EXPECT_THAT(node.Handle({Tell(decision)}), IsEmpty()) << "a contradiction is not acknowledged";
    EXPECT_THAT(node.Contradictions(), Contains(Pair("contradictions_total{kind=\"" + kind + "\"}", ::testing::Ge(1))));
  }
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(Contradictions);

// The orchestrator was restored, told of a qualification that it had forgotten that it is ABORTED, and was then
// restored again to what it was before.
TEST_P(Contradictions, ACommitOfWhatWasVoidedIsNotAcknowledged) {
  contacts_.Handle({PrepareContact(1, TestLead(1))});
  contacts_.Handle({Tell(decisions_.Abort(1))});

  ExpectRefused(contacts_, decisions_.Commit(1), "committed_but_voided");
  ExpectRefused(contacts_, decisions_.Commit(1), "committed_but_voided");
}

TEST_P(Contradictions, ACommitOfALockThatWasDroppedIsNotAcknowledged) {
  const std::string lead = leads_.Create(TestLead(1));
  leads_.Handle({LockLead(1, lead)});
  leads_.Handle({Tell(decisions_.Abort(1))});

  ExpectRefused(leads_, decisions_.Commit(1, 3), "committed_but_voided");
  EXPECT_EQ(Require(leads_.Get(lead))->state(), lead::v1::Lead::STATE_OPEN);
}

TEST_P(Contradictions, ACommitOfWhatWasNeverPreparedIsNotAcknowledged) {
  ExpectRefused(contacts_, decisions_.Commit(1), "committed_but_unknown");
}

TEST_P(Contradictions, AnAbortOfWhatIsFinalIsNotAcknowledged) {
  const std::string contact = RecordOf(contacts_.Handle({PrepareContact(1, TestLead(1))}).at(0)).name();
  EXPECT_THAT(contacts_.Handle({Tell(decisions_.Commit(1))}), SizeIs(1));

  ExpectRefused(contacts_, decisions_.Abort(1), "aborted_but_final");
  EXPECT_TRUE(Require(contacts_.Get(contact)).has_value());
}

TEST_P(Contradictions, ACommitOfAnotherAttemptThanThePreparedOneIsNotAcknowledged) {
  contacts_.Handle({PrepareContact(1, TestLead(1), 0)});
  ExpectRefused(contacts_, decisions_.Commit(1, 2), "committed_in_another_attempt");
  EXPECT_THAT(contacts_.Intents(), IsEmpty()) << "the lower attempt is void all the same";

  contacts_.Handle({PrepareContact(2, TestLead(2), 4)});
  ExpectRefused(contacts_, decisions_.Commit(2, 3), "committed_in_another_attempt");
  EXPECT_THAT(contacts_.Intents(), SizeIs(1));
}

TEST_P(Contradictions, AHistoryWithoutOneCountsNone) {
  contacts_.Handle({PrepareContact(1, TestLead(1), 0)});
  contacts_.Handle({Release(1, 0), PrepareContact(1, TestLead(1), 1)});
  contacts_.Handle({Tell(decisions_.Commit(1, 1)), Tell(decisions_.Commit(1, 1))});
  contacts_.Handle({Tell(decisions_.Abort(2)), Tell(decisions_.Abort(2))});

  EXPECT_THAT(contacts_.Contradictions(), IsEmpty());
}

}  // namespace
}  // namespace quartet::test
