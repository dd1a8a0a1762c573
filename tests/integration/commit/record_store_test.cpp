// What readers and writers outside of the protocol see of qualifications
// (rules 7 and 18). Every test in which nobody tells the service the decision
// fails if readers do not ask for it.
#include <future>

#include <gmock/gmock.h>

#include "tests/integration/commit/participant_fixture.h"

namespace quartet::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class RecordStoreTest : public ParticipantTest {
 protected:
  // Lead 1, locked by qualification 1, whose contact is prepared.
  RecordStoreTest() {
    lead_ = leads_.Create(TestLead(1));
    decisions_.SetUndecided(1);
    leads_.Handle({LockLead(1, lead_)});
    contact_ = RecordOf(contacts_.Handle({PrepareContact(1, TestLead(1))}).at(0)).name();
    names_.set_lead(lead_);
    names_.set_contact(contact_);
  }

  std::string lead_;
  std::string contact_;
  qualification::v1::Names names_;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(RecordStoreTest);

TEST_P(RecordStoreTest, UntilTheDecisionEverythingIsAsBefore) {
  EXPECT_EQ(Require(leads_.Get(lead_))->state(), lead::v1::Lead::STATE_OPEN);
  EXPECT_FALSE(Require(contacts_.Get(contact_)).has_value());
  EXPECT_THAT(Require(contacts_.List()), IsEmpty());
  EXPECT_THAT(Require(leads_.List("state = OPEN")), SizeIs(1));
  EXPECT_THAT(Require(leads_.List("state = QUALIFIED")), IsEmpty());
}

TEST_P(RecordStoreTest, FromTheCommitOnEverybodySeesItThoughNobodyWasTold) {
  decisions_.Commit(1, 0, names_);

  const auto lead = Require(leads_.Get(lead_));
  const auto contact = Require(contacts_.Get(contact_));

  EXPECT_EQ(lead->state(), lead::v1::Lead::STATE_QUALIFIED);
  EXPECT_EQ(lead->contact(), contact_);
  ASSERT_TRUE(contact.has_value());
  EXPECT_EQ(contact->emails(0).address(), "jane1@example.com");
}

TEST_P(RecordStoreTest, ListsSeeTheCommitToo) {
  decisions_.Commit(1, 0, names_);

  EXPECT_THAT(Require(contacts_.List()), SizeIs(1));
  EXPECT_THAT(Require(contacts_.List("email = \"jane1@example.com\"")), SizeIs(1));
  EXPECT_THAT(Require(contacts_.List("email = \"john@example.com\"")), IsEmpty());
  EXPECT_THAT(Require(leads_.List("state = QUALIFIED")), SizeIs(1));
  EXPECT_THAT(Require(leads_.List("state = OPEN")), IsEmpty());
}

TEST_P(RecordStoreTest, AReaderRollsTheDecisionForward) {
  decisions_.Commit(1, 0, names_);
  Require(contacts_.Get(contact_));

  EXPECT_THAT(contacts_.Intents(), IsEmpty());
  EXPECT_THAT(contacts_.TakeEvents(), SizeIs(1));
  EXPECT_TRUE(contacts_.TakeReplies().back().has_acknowledged());
  const int questions = decisions_.questions;
  Require(contacts_.Get(contact_));
  EXPECT_EQ(decisions_.questions, questions) << "what is final needs no question";
}

TEST_P(RecordStoreTest, WhatAReaderSeesIsWhatIsThenStored) {
  decisions_.Commit(1, 0, names_);
  const auto overlaid = Require(contacts_.Get(contact_));
  ASSERT_THAT(contacts_.Intents(), IsEmpty());

  const auto stored = Require(contacts_.Get(contact_));

  EXPECT_EQ(stored->SerializeAsString(), overlaid->SerializeAsString());
}

TEST_P(RecordStoreTest, AfterAnAbortEverythingIsAsBefore) {
  decisions_.Abort(1);

  EXPECT_EQ(Require(leads_.Get(lead_))->state(), lead::v1::Lead::STATE_OPEN);
  EXPECT_FALSE(Require(contacts_.Get(contact_)).has_value());
  EXPECT_THAT(leads_.Intents(), IsEmpty());
  EXPECT_THAT(contacts_.Intents(), IsEmpty());
}

TEST_P(RecordStoreTest, ACommitOfAHigherAttemptDoesNotShowTheLower) {
  decisions_.Commit(1, 1);

  EXPECT_FALSE(Require(contacts_.Get(contact_)).has_value());
  EXPECT_EQ(Require(leads_.Get(lead_))->state(), lead::v1::Lead::STATE_QUALIFIED) << "the lock is of all attempts";
}

TEST_P(RecordStoreTest, WithoutTheOrchestratorThereIsNoGuessing) {
  const std::string other = leads_.Create(TestLead(2));
  decisions_.reachable = false;

  EXPECT_EQ(leads_.Get(lead_).error().code, Code::kUnavailable);
  EXPECT_TRUE(leads_.Get(lead_).error().retry_after.has_value());
  EXPECT_EQ(contacts_.Get(contact_).error().code, Code::kUnavailable);
  EXPECT_TRUE(leads_.Get(other).ok()) << "only the record concerned";
}

TEST_P(RecordStoreTest, ALockedLeadCannotBeChanged) {
  const Status changed = leads_.Change(lead_, [](lead::v1::Lead& lead) { lead.set_topic("late"); });

  ASSERT_FALSE(changed.ok());
  EXPECT_EQ(changed.error().reason, "LEAD_BEING_QUALIFIED");
  EXPECT_TRUE(changed.error().retry_after.has_value());
}

TEST_P(RecordStoreTest, AChangeBuildsOnWhatWasDecided) {
  decisions_.Commit(1, 0, names_);

  Require(contacts_.Change(contact_, [](contact::v1::Contact& contact) { contact.set_title("CEO"); }));

  const auto contact = Require(contacts_.Get(contact_));
  EXPECT_EQ(contact->title(), "CEO");
  EXPECT_EQ(contact->qualification(), TestName("qualifications", 1));
}

TEST_P(RecordStoreTest, ARecordThatIsNotThereYetCannotBeChangedNorHeardOf) {
  EXPECT_EQ(contacts_.Change(contact_, [](contact::v1::Contact&) {}).error().code, Code::kNotFound);
  EXPECT_EQ(contacts_.Delete(contact_).error().code, Code::kNotFound);
}

// The same store, written to without waiting.
class EnqueuedChange : public RecordStoreTest {
 protected:
  using Stored = Result<resource::Record>;

  // Asks for one more version of contact 1; the result comes when it comes.
  std::future<Stored> ChangeContact(const commit::RecordStore::Background& background) {
    auto result = std::make_shared<std::promise<Stored>>();
    contacts_.store().Change(
        resource::IdOf(contact_), [](const resource::Record&) { return std::vector<identity::Identity>(); },
        [this](const resource::Record& before, std::int64_t now_us) -> Result<commit::Mutation> {
          QUARTET_ASSIGN_OR_RETURN(auto contact, Typed::Decode(before));
          contact.set_title("CEO");
          return Typed::MutationOf(contact::v1::ContactEvent::UPDATED, Typed::Next(before, contact, now_us), contact);
        },
        background, [result](Stored stored) { result->set_value(std::move(stored)); });
    return result->get_future();
  }

  using Typed = methods::TypedRecord<contact::ContactTraits>;
  std::vector<std::function<void()>> tasks_;
  const commit::RecordStore::Background background_ = [this](std::function<void()> task) {
    tasks_.push_back(std::move(task));
    return true;
  };
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(EnqueuedChange);

TEST_P(EnqueuedChange, OfARecordThatNobodyHoldsNeedsNoOtherThread) {
  decisions_.Commit(1, 0, names_);
  Require(contacts_.Get(contact_));

  auto changed = ChangeContact(nullptr).get();

  EXPECT_EQ(Require(std::move(changed)).version, 2);
  EXPECT_EQ(Require(contacts_.Get(contact_))->title(), "CEO");
}

TEST_P(EnqueuedChange, ResolvesWhatItMeetsInTheBackground) {
  decisions_.Commit(1, 0, names_);
  auto changed = ChangeContact(background_);
  contacts_.Drain();
  ASSERT_THAT(tasks_, SizeIs(1));

  tasks_.front()();

  EXPECT_EQ(Require(changed.get()).version, 2);
  EXPECT_EQ(Require(contacts_.Get(contact_))->qualification(), TestName("qualifications", 1));
}

TEST_P(EnqueuedChange, SaysInTheBackgroundThatTheHolderIsUndecided) {
  auto changed = ChangeContact(background_);
  contacts_.Drain();
  ASSERT_THAT(tasks_, SizeIs(1));

  tasks_.front()();

  EXPECT_EQ(changed.get().error().code, Code::kNotFound) << "it is not there yet";
}

TEST_P(EnqueuedChange, IsRefusedIfTheBackgroundTakesNothing) {
  decisions_.Commit(1, 0, names_);

  const auto changed = ChangeContact([](const std::function<void()>&) { return false; }).get();

  ASSERT_FALSE(changed.ok());
  EXPECT_EQ(changed.error().reason, "OVERLOADED");
  EXPECT_TRUE(changed.error().retry_after.has_value());
  EXPECT_EQ(Require(contacts_.Get(contact_))->title(), "");
}

// An identity that is only reserved is resolved before anybody is told that it
// is taken.
class ReservedIdentity : public RecordStoreTest {
 protected:
  Result<resource::Record> CreateJane() {
    contact::v1::Contact contact;
    contact.add_emails()->set_address("jane1@example.com");
    using Typed = methods::TypedRecord<contact::ContactTraits>;
    auto record = Typed::Encode(contact, ids_.NewUuid(), 1, 1, 1);
    return contacts_.store().Create(Typed::MutationOf(contact::v1::ContactEvent::CREATED, std::move(record), contact));
  }
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(ReservedIdentity);

TEST_P(ReservedIdentity, OfAnUndecidedOneIsToBeTriedAgain) {
  const auto created = CreateJane();

  ASSERT_FALSE(created.ok());
  EXPECT_EQ(created.error().reason, "RECORD_IN_QUALIFICATION");
  EXPECT_TRUE(created.error().retry_after.has_value());
}

TEST_P(ReservedIdentity, OfAnAbortedOneIsFree) {
  decisions_.Abort(1);

  EXPECT_TRUE(CreateJane().ok());
}

TEST_P(ReservedIdentity, OfACommittedOneIsTaken) {
  decisions_.Commit(1, 0, names_);

  const auto created = CreateJane();

  EXPECT_EQ(created.error().reason, "IDENTITY_TAKEN");
  EXPECT_EQ(created.error().metadata.at("email jane1@example.com"), contact_);
}

TEST_P(ReservedIdentity, IsResolvedForAChangeToo) {
  const std::string other = CreateContact("john@example.com");
  const auto take = [&] {
    return contacts_.Change(other, [](contact::v1::Contact& c) { c.add_emails()->set_address("jane1@example.com"); });
  };
  EXPECT_EQ(take().error().reason, "RECORD_IN_QUALIFICATION");

  decisions_.Abort(1);

  EXPECT_TRUE(take().ok());
}

TEST_P(RecordStoreTest, AttachesThatFillNothingTakeNoVersionBeforeTheyAreFinal) {
  const std::string account = CreateAccount();
  for (int i = 2; i <= 4; ++i) {
    decisions_.SetUndecided(i);
    accounts_.Handle({PrepareAccount(i, TestLead(i))});
  }
  const Command second = Tell(decisions_.Commit(2));
  const Command fourth = Tell(decisions_.Commit(4));
  const int questions = decisions_.questions;

  EXPECT_EQ(Require(accounts_.Get(account))->etag(), "1");
  EXPECT_EQ(decisions_.questions, questions) << "for a reader nothing depends on the decision";
  accounts_.Handle({second, fourth});

  EXPECT_EQ(Require(accounts_.Get(account))->etag(), "3");
  EXPECT_THAT(accounts_.Intents(), SizeIs(1));
}

TEST_P(RecordStoreTest, PagesOfAListOverlayWhatIsNotFinal) {
  std::vector<Command> prepares;
  for (int i = 2; i <= 9; ++i) {
    decisions_.SetUndecided(i);
    prepares.push_back(PrepareContact(i, TestLead(i)));
    CreateContact("john" + std::to_string(i) + "@example.com");
  }
  contacts_.Handle(prepares);
  for (int i = 2; i <= 9; i += 2) decisions_.Commit(i);

  std::set<std::string> names;
  const auto listed = Require(contacts_.List("", 3));
  for (const auto& contact : listed) names.insert(contact.name());

  EXPECT_EQ(names.size(), 12u);
  EXPECT_EQ(listed.size(), 12u) << "none twice";
}

}  // namespace
}  // namespace quartet::test
