// A participant's row per qualification (rules 4, 5, 6 and 11), on the account
// and contact services as they are.
#include <gmock/gmock.h>

#include "tests/integration/commit/participant_fixture.h"

namespace quartet::test {
namespace {

using identity::Identity;
using identity::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const Identity kCompany{Kind::kCompanyName, "example"};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(ParticipantTest);

TEST_P(ParticipantTest, ARepeatedPrepareGetsTheSameAnswer) {
  const Command prepare = PrepareAccount(1, TestLead(1));

  const auto replies = accounts_.Handle({prepare, prepare});
  const auto again = accounts_.Handle({prepare});

  ASSERT_THAT(replies, SizeIs(2));
  EXPECT_EQ(RecordOf(replies[0]).kind(), Outcome::OPENED);
  EXPECT_EQ(replies[0].SerializeAsString(), replies[1].SerializeAsString());
  EXPECT_EQ(replies[0].SerializeAsString(), again.at(0).SerializeAsString());
  EXPECT_THAT(accounts_.Intents(), SizeIs(1));
}

TEST_P(ParticipantTest, ItsRowSurvivesARestart) {
  const auto before = accounts_.Handle({PrepareAccount(1, TestLead(1))});
  accounts_.Restart();

  const auto after = accounts_.Handle({PrepareAccount(1, TestLead(1))});

  EXPECT_EQ(after.at(0).SerializeAsString(), before.at(0).SerializeAsString());
}

TEST_P(ParticipantTest, ALowerAttemptIsIgnored) {
  accounts_.Handle({PrepareAccount(1, TestLead(1), 1)});

  EXPECT_THAT(accounts_.Handle({PrepareAccount(1, TestLead(1), 0)}), IsEmpty());
  EXPECT_EQ(accounts_.Intents().at(0).intent.attempt, 1);
}

TEST_P(ParticipantTest, AHigherAttemptVoidsTheLower) {
  const auto lower = accounts_.Handle({PrepareAccount(1, TestLead(1), 0)});

  const auto higher = accounts_.Handle({PrepareAccount(1, TestLead(1), 1)});

  ASSERT_THAT(higher, SizeIs(1));
  EXPECT_EQ(higher[0].attempt(), 1);
  EXPECT_NE(RecordOf(higher[0]).name(), RecordOf(lower.at(0)).name());
  EXPECT_THAT(accounts_.Intents(), SizeIs(1));
  EXPECT_EQ(accounts_.Owner(kCompany), resource::IdOf(RecordOf(higher[0]).name()));
}

TEST_P(ParticipantTest, AHigherAttemptThatMustWaitVoidsTheLowerAllTheSame) {
  decisions_.SetUndecided(1);
  decisions_.SetUndecided(2, 1);
  accounts_.Handle({PrepareAccount(1, TestLead(1))});
  ASSERT_TRUE(accounts_.Handle({PrepareAccount(2, TestLead(2), 1)}).at(0).has_busy());
  accounts_.Handle({Tell(decisions_.Abort(1))});

  EXPECT_THAT(accounts_.Handle({PrepareAccount(2, TestLead(2), 0)}), IsEmpty());
  EXPECT_THAT(accounts_.Intents(), IsEmpty());
}

TEST_P(ParticipantTest, AReleaseFreesWhatIsHeldAndALatePrepareDoesNothing) {
  accounts_.Handle({PrepareAccount(1, TestLead(1))});
  EXPECT_NE(accounts_.Owner(kCompany), "");

  EXPECT_THAT(accounts_.Handle({Release(1, 0)}), IsEmpty());

  EXPECT_THAT(accounts_.Intents(), IsEmpty());
  EXPECT_EQ(accounts_.Owner(kCompany), "");
  EXPECT_THAT(accounts_.Handle({PrepareAccount(1, TestLead(1))}), IsEmpty());
  EXPECT_THAT(accounts_.Intents(), IsEmpty());
}

TEST_P(ParticipantTest, AReleaseThatFindsNothingLeavesItsMark) {
  accounts_.Handle({Release(1, 1)});

  EXPECT_THAT(accounts_.Handle({PrepareAccount(1, TestLead(1), 0)}), IsEmpty());
  EXPECT_THAT(accounts_.Handle({PrepareAccount(1, TestLead(1), 1)}), IsEmpty());
  EXPECT_THAT(accounts_.Handle({PrepareAccount(1, TestLead(1), 2)}), SizeIs(1));
}

TEST_P(ParticipantTest, AReleaseOfALowerAttemptLeavesTheHigher) {
  accounts_.Handle({PrepareAccount(1, TestLead(1), 1)});

  accounts_.Handle({Release(1, 0)});

  EXPECT_THAT(accounts_.Intents(), SizeIs(1));
}

TEST_P(ParticipantTest, OnlyPreparedIsRememberedABusyIsEvaluatedAnew) {
  decisions_.SetUndecided(1);
  accounts_.Handle({PrepareAccount(1, TestLead(1))});
  const Command second = PrepareAccount(2, TestLead(2));
  EXPECT_TRUE(accounts_.Handle({second}).at(0).has_busy());
  decisions_.Abort(1);

  EXPECT_EQ(RecordOf(accounts_.Handle({second}).back()).kind(), Outcome::OPENED);
}

TEST_P(ParticipantTest, ACommittedIntentBecomesFinalWithItsEvent) {
  const auto prepared = contacts_.Handle({PrepareContact(1, TestLead(1))});
  qualification::v1::Names names;
  names.set_account(TestName("accounts", 5));
  const Command decision = Tell(decisions_.Commit(1, 0, names));

  const auto replies = contacts_.Handle({decision});

  ASSERT_THAT(replies, SizeIs(1));
  EXPECT_TRUE(replies[0].has_acknowledged());
  const auto events = contacts_.TakeEvents();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_EQ(events[0].change(), contact::v1::ContactEvent::OPENED);
  const auto contact = Require(contacts_.Get(RecordOf(prepared.at(0)).name()));
  ASSERT_TRUE(contact.has_value());
  EXPECT_EQ(contact->account(), TestName("accounts", 5));
  EXPECT_EQ(contact->lead(), TestName("leads", 1));
  EXPECT_EQ(contact->qualification(), TestName("qualifications", 1));
  EXPECT_THAT(contacts_.Intents(), IsEmpty());
}

TEST_P(ParticipantTest, ARepeatedDecisionChangesNothingAndIsAcknowledgedAgain) {
  contacts_.Handle({PrepareContact(1, TestLead(1))});
  const Command decision = Tell(decisions_.Commit(1));
  contacts_.Handle({decision});
  contacts_.TakeEvents();

  const auto replies = contacts_.Handle({decision, decision});

  EXPECT_THAT(replies, SizeIs(2));
  EXPECT_THAT(contacts_.TakeEvents(), IsEmpty());
}

TEST_P(ParticipantTest, OfJoinedDecisionsOneThatFailsHoldsUpNoOther) {
  contacts_.Handle({PrepareContact(1, TestLead(1)), PrepareContact(2, TestLead(2))});
  Require(contacts_.database().Write([](storage::Transaction& transaction) {
    return transaction.Run("UPDATE intent SET proposal = $2 WHERE qualification_id = $1",
                           {std::string_view(TestUuid(1)), storage::Blob{"\xff"}});
  }));
  Command joined = Tell(decisions_.Commit(1));
  joined.MergeFrom(Tell(decisions_.Commit(2)));

  EXPECT_FALSE(contacts_.TryHandle({joined}).at(0).ok());

  EXPECT_THAT(contacts_.TakeEvents(), SizeIs(1));
  EXPECT_THAT(contacts_.Intents(), SizeIs(1));
}

TEST_P(ParticipantTest, NothingUndoesWhatIsFinal) {
  const auto prepared = contacts_.Handle({PrepareContact(1, TestLead(1))});
  contacts_.Handle({Tell(decisions_.Commit(1))});

  contacts_.Handle({Release(1, 5)});
  const auto again = contacts_.Handle({PrepareContact(1, TestLead(1), 1)});

  EXPECT_EQ(again.at(0).SerializeAsString(), prepared.at(0).SerializeAsString());
  EXPECT_TRUE(Require(contacts_.Get(RecordOf(prepared[0]).name())).has_value());
}

TEST_P(ParticipantTest, AnAbortDropsEverythingForEver) {
  contacts_.Handle({PrepareContact(1, TestLead(1), 3)});

  const auto replies = contacts_.Handle({Tell(decisions_.Abort(1))});

  EXPECT_TRUE(replies.at(0).has_acknowledged());
  EXPECT_THAT(contacts_.Intents(), IsEmpty());
  EXPECT_THAT(contacts_.TakeEvents(), IsEmpty());
  EXPECT_EQ(contacts_.Owner({Kind::kEmail, "jane1@example.com"}), "");
  EXPECT_THAT(contacts_.Handle({PrepareContact(1, TestLead(1), 4)}), IsEmpty());
}

TEST_P(ParticipantTest, AnAbortThatComesFirstKeepsTheLatePreparesOut) {
  EXPECT_TRUE(contacts_.Handle({Tell(decisions_.Abort(1))}).at(0).has_acknowledged());

  EXPECT_THAT(contacts_.Handle({PrepareContact(1, TestLead(1))}), IsEmpty());
}

TEST_P(ParticipantTest, ACommitWithoutAnIntentDoesNothing) {
  EXPECT_THAT(contacts_.Handle({Tell(decisions_.Commit(1))}), IsEmpty());
  EXPECT_THAT(contacts_.TakeEvents(), IsEmpty());
}

TEST_P(ParticipantTest, AnUndecidedHigherAttemptVoidsTheLowerOne) {
  accounts_.Handle({PrepareAccount(1, TestLead(1), 0)});
  decisions_.SetUndecided(1, 1);
  clock_.Advance(10'000'000);

  Require(accounts_.participant().ResolveOldIntents(std::chrono::seconds(2)));

  EXPECT_THAT(accounts_.Intents(), IsEmpty());
}

TEST_P(ParticipantTest, OldIntentsAreResolvedWithoutAnyMessage) {
  decisions_.SetUndecided(3);
  contacts_.Handle({PrepareContact(1, TestLead(1)), PrepareContact(2, TestLead(2)), PrepareContact(3, TestLead(3))});
  decisions_.Commit(1);
  clock_.Advance(10'000'000);

  Require(contacts_.participant().ResolveOldIntents(std::chrono::seconds(2)));

  // 1 is final, 2 was never heard of and so is aborted, 3 goes on.
  EXPECT_THAT(contacts_.Intents(), SizeIs(1));
  EXPECT_THAT(Require(contacts_.List()), SizeIs(1));
}

TEST_P(ParticipantTest, ALockBelongsToTheQualificationWhateverItsAttempt) {
  const std::string lead = leads_.Create(TestLead(1));
  const auto locked = leads_.Handle({LockLead(1, lead)});
  EXPECT_EQ(locked.at(0).prepared().lead().name(), lead);
  decisions_.SetUndecided(1, 3);
  clock_.Advance(10'000'000);

  Require(leads_.participant().ResolveOldIntents(std::chrono::seconds(2)));
  EXPECT_THAT(leads_.Intents(), SizeIs(1));

  leads_.Handle({Tell(decisions_.Commit(1, 3))});
  EXPECT_EQ(Require(leads_.Get(lead))->state(), lead::v1::Lead::STATE_QUALIFIED);
}

TEST_P(ParticipantTest, ASecondQualificationOfALeadIsRefusedAndToldWhoHoldsIt) {
  const std::string lead = leads_.Create(TestLead(1));
  decisions_.SetUndecided(1);
  leads_.Handle({LockLead(1, lead)});

  const auto refused = leads_.Handle({LockLead(2, lead)});

  EXPECT_EQ(ReasonOf(refused.at(0)), "LEAD_BEING_QUALIFIED");
  EXPECT_EQ(refused[0].refused().holder(), TestName("qualifications", 1));
}

TEST_P(ParticipantTest, ALeadWhoseHolderHasCommittedIsAlreadyQualified) {
  const std::string lead = leads_.Create(TestLead(1));
  leads_.Handle({LockLead(1, lead)});
  qualification::v1::Names names;
  names.set_contact(TestName("contacts", 9));
  decisions_.Commit(1, 0, names);

  const auto refused = leads_.Handle({LockLead(2, lead)});

  EXPECT_EQ(ReasonOf(refused.back()), "LEAD_ALREADY_QUALIFIED");
  EXPECT_EQ(refused.back().refused().holder(), TestName("qualifications", 1));
  EXPECT_EQ(rpc::FromRpcStatus(refused.back().refused().status()).metadata.at("contact"), TestName("contacts", 9));
}

TEST_P(ParticipantTest, AMessageThatCannotBeReadHarmsNoNeighbour) {
  std::vector<events::Delivery> deliveries(2);
  deliveries[0].message.data = "\xff\xff";
  deliveries[1].message.data = PrepareContact(1, TestLead(1)).SerializeAsString();

  const auto statuses = contacts_.participant().Handle(deliveries);

  EXPECT_FALSE(statuses.at(0).ok());
  EXPECT_TRUE(statuses.at(1).ok());
}

}  // namespace
}  // namespace quartet::test
