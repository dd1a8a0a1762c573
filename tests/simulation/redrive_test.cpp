#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "common/resource/resource_name.h"
#include "tests/simulation/orchestrator_node.h"
#include "tests/support/database_backend.h"
#include "tests/support/qualification_messages.h"

namespace quartet::test {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class Redrive : public EveryDatabase {
 protected:
  ManualClock clock_;
  UuidV7Source ids_{clock_, 1};
  const std::unique_ptr<DatabaseBackend> backend_ = GetParam().make();
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(Redrive);

TEST_P(Redrive, ARowThatCannotBeReadHoldsUpNoOther) {
  OrchestratorNode orchestrator(*backend_, clock_, ids_);
  const std::string broken = orchestrator.Begin("leads/" + ids_.NewUuid(), {}, "");
  clock_.Advance(1'000);
  orchestrator.Begin("leads/" + ids_.NewUuid(), {}, "");
  ASSERT_THAT(orchestrator.TakeCommands(), SizeIs(2));
  ASSERT_TRUE(orchestrator.database()
                  .Write([&](storage::Transaction& transaction) {
                    return transaction.Run("UPDATE qualification SET body = $2 WHERE id = $1",
                                           {std::string_view(broken), storage::Blob{"\xff"}});
                  })
                  .ok());
  clock_.Advance(2'000'000);

  EXPECT_FALSE(orchestrator.coordinator().Redrive().ok());

  EXPECT_THAT(orchestrator.TakeCommands(), SizeIs(1));
}

// Begins so many at once.
std::vector<std::string> BeginMany(OrchestratorNode& orchestrator, int count) {
  std::latch begun(count);
  std::mutex mutex;
  std::vector<std::string> ids;
  for (int i = 0; i < count; ++i) {
    orchestrator.coordinator().BeginQualify(TestName("leads", i), {}, "",
                                            [&](const Result<qualification::v1::Qualification>& result) {
                                              const std::lock_guard lock(mutex);
                                              ids.push_back(resource::IdOf(result.value().name()));
                                              begun.count_down();
                                            });
  }
  begun.wait();
  return ids;
}

void MakeUnreadable(OrchestratorNode& orchestrator, const std::vector<std::string>& ids) {
  ASSERT_TRUE(orchestrator.database()
                  .Write([&](storage::Transaction& transaction) -> Status {
                    for (const std::string& id : ids)
                      QUARTET_RETURN_IF_ERROR(transaction.Run("UPDATE qualification SET body = $2 WHERE id = $1",
                                                              {std::string_view(id), storage::Blob{"\xff"}}));
                    return {};
                  })
                  .ok());
}

TEST_P(Redrive, ABacklogIsWorkedOffAtOnceInFewOperations) {
  OrchestratorNode orchestrator(*backend_, clock_, ids_);
  // So many go to a service before it has answered.
  BeginMany(orchestrator, 1'000);
  ASSERT_THAT(orchestrator.TakeCommands(), SizeIs(1'000));
  clock_.Advance(2'000'000);
  const auto before = orchestrator.database().Counters().operations;

  ASSERT_TRUE(orchestrator.coordinator().Redrive().ok());

  EXPECT_LE(orchestrator.database().Counters().operations - before, 5);
  EXPECT_THAT(orchestrator.TakeCommands(), SizeIs(1'000));
  ASSERT_TRUE(orchestrator.coordinator().Redrive().ok());
  EXPECT_THAT(orchestrator.TakeCommands(), SizeIs(0)) << "all are due later";
}

TEST_P(Redrive, ItEndsBetweenTwoPiecesWhenItIsTold) {
  OrchestratorNode orchestrator(*backend_, clock_, ids_);
  BeginMany(orchestrator, 600);
  orchestrator.TakeCommands();
  clock_.Advance(2'000'000);
  int pieces = 2;
  ASSERT_TRUE(orchestrator.coordinator().Redrive([&] { return pieces-- > 0; }).ok());
  EXPECT_THAT(orchestrator.TakeCommands(), SizeIs(512));
}

TEST_P(Redrive, AnyNumberOfRowsThatCannotBeReadHoldUpNoOtherAndWait) {
  OrchestratorNode orchestrator(*backend_, clock_, ids_);
  MakeUnreadable(orchestrator, BeginMany(orchestrator, 600));
  clock_.Advance(1'000);
  orchestrator.Begin("leads/" + ids_.NewUuid(), {}, "");
  orchestrator.TakeCommands();
  clock_.Advance(2'000'000);

  EXPECT_FALSE(orchestrator.coordinator().Redrive().ok());
  EXPECT_THAT(orchestrator.TakeCommands(), SizeIs(1));
  EXPECT_TRUE(orchestrator.coordinator().Redrive().ok()) << "they do not fail with every pass";
}

TEST_P(Redrive, ADecisionWakesSoManyOfACrowdAndNobodyIsForgotten) {
  OrchestratorNode orchestrator(*backend_, clock_, ids_);
  const std::string holder = orchestrator.Begin("leads/" + ids_.NewUuid(), {}, "");
  clock_.Advance(1'000);
  const std::vector<std::string> crowd = BeginMany(orchestrator, 400);
  ASSERT_TRUE(orchestrator.database()
                  .Write([&](storage::Transaction& transaction) -> Status {
                    const qualification::QualificationRepository repository{};
                    for (const std::string& id : crowd) {
                      QUARTET_ASSIGN_OR_RETURN(auto row, repository.Find(transaction, id));
                      row->qualification().set_state(qualification::v1::Qualification::PARKED);
                      row->waits_for = holder;
                      QUARTET_RETURN_IF_ERROR(repository.Update(transaction, *row, {.plan = true, .times = true}));
                    }
                    return {};
                  })
                  .ok());
  const auto parked = [&] {
    int count = 0;
    for (const auto& row : orchestrator.Rows())
      count += row.state() == qualification::v1::Qualification::PARKED ? 1 : 0;
    return count;
  };
  ASSERT_EQ(parked(), 400);

  ASSERT_TRUE(orchestrator.coordinator().Cancel(holder).ok());
  EXPECT_EQ(parked(), 368);

  // Those that the decision had no time for are asked again.
  clock_.Advance(40'000'000);
  ASSERT_TRUE(orchestrator.coordinator().Redrive().ok());
  EXPECT_EQ(parked(), 256) << "these wait for the oldest that was woken";
}

std::vector<events::Delivery> Acknowledged(const std::string& id,
                                           std::initializer_list<qualification::v1::Participant> by) {
  std::vector<events::Delivery> deliveries;
  for (const auto participant : by) {
    qualification::v1::Reply reply;
    reply.set_participant(participant);
    reply.mutable_acknowledged()->add_qualifications(resource::NameOf("qualifications", id));
    deliveries.emplace_back().message.data = reply.SerializeAsString();
  }
  return deliveries;
}

int DecisionsOf(OrchestratorNode& orchestrator) {
  int count = 0;
  for (const auto& [topic, data] : orchestrator.TakeCommands()) {
    qualification::v1::Command command;
    EXPECT_TRUE(command.ParseFromString(data));
    count += command.decisions().decisions_size();
  }
  return count;
}

TEST_P(Redrive, ADecisionComesAgainUntilItsAcknowledgementIsWrittenDown) {
  OrchestratorNode orchestrator(*backend_, clock_, ids_);
  const std::string id = orchestrator.Begin("leads/" + ids_.NewUuid(), {}, "");
  ASSERT_TRUE(orchestrator.coordinator().Cancel(id).ok());
  ASSERT_EQ(DecisionsOf(orchestrator), 4);
  const auto acknowledged = Acknowledged(id, {qualification::v1::LEAD, qualification::v1::ACCOUNT,
                                              qualification::v1::CONTACT, qualification::v1::OPPORTUNITY});

  ASSERT_TRUE(orchestrator.coordinator().Handle(acknowledged).at(0).ok());
  orchestrator.Restart();
  clock_.Advance(2'000'000);
  ASSERT_TRUE(orchestrator.coordinator().Redrive().ok());
  EXPECT_EQ(DecisionsOf(orchestrator), 4) << "what was only in memory is lost";

  ASSERT_TRUE(orchestrator.coordinator().Handle(acknowledged).at(0).ok());
  ASSERT_TRUE(orchestrator.coordinator().FlushPending().ok());
  orchestrator.Restart();
  clock_.Advance(60'000'000);
  ASSERT_TRUE(orchestrator.coordinator().Redrive().ok());
  EXPECT_EQ(DecisionsOf(orchestrator), 0);
  EXPECT_EQ(orchestrator.Rows().at(0).redrive_time_us, 0);
}

std::vector<events::Delivery> Deliveries(const std::vector<qualification::v1::Reply>& replies) {
  std::vector<events::Delivery> deliveries;
  for (const auto& reply : replies) deliveries.emplace_back().message.data = reply.SerializeAsString();
  return deliveries;
}

TEST_P(Redrive, AnAnswerThatWasAcknowledgedAndNotWrittenDownIsAskedForAgain) {
  using qualification::v1::Command;
  OrchestratorNode orchestrator(*backend_, clock_, ids_);
  orchestrator.Begin(TestName("leads", 1), {}, "");
  const qualification::Row begun = orchestrator.Rows().at(0);
  const auto account = PreparedReply(begun, qualification::v1::ACCOUNT);
  const auto hear = [&](const std::vector<qualification::v1::Reply>& replies) {
    for (const Status& status : orchestrator.coordinator().Handle(Deliveries(replies))) ASSERT_TRUE(status.ok());
  };
  hear({LockedReply(begun, TestLead(1))});
  ASSERT_THAT(orchestrator.TakeCommands(), SizeIs(4));

  hear({account});
  EXPECT_EQ(orchestrator.Rows().at(0).stored.prepared_size(), 0) << "it was to wait for the others";
  orchestrator.Restart();
  hear({PreparedReply(begun, qualification::v1::CONTACT), PreparedReply(begun, qualification::v1::OPPORTUNITY)});
  EXPECT_EQ(orchestrator.Rows().at(0).state(), qualification::v1::Qualification::PREPARING);

  clock_.Advance(2'000'000);
  ASSERT_TRUE(orchestrator.coordinator().Redrive().ok());
  const auto commands = orchestrator.TakeCommands();
  ASSERT_THAT(commands, SizeIs(1));
  Command again;
  ASSERT_TRUE(again.ParseFromString(commands[0].second));
  EXPECT_TRUE(again.prepare().has_account());
  hear({account});
  EXPECT_EQ(orchestrator.Rows().at(0).state(), qualification::v1::Qualification::COMMITTED);
}

// What follows the lead's lock is in memory until the others have answered.
class Unwritten : public Redrive {
 protected:
  using Qualification = qualification::v1::Qualification;
  using Reply = qualification::v1::Reply;

  void SetUp() override {
    orchestrator_.Begin(TestName("leads", 1), {}, "");
    begun_ = Stored();
    ASSERT_THAT(orchestrator_.TakeCommands(), SizeIs(1));
    Hear({LockedReply(begun_, TestLead(1))});
    EXPECT_THAT(Asked(), ElementsAre(0, 0, 0));
    EXPECT_EQ(Stored().state(), Qualification::STARTED);
  }

  void Hear(const std::vector<Reply>& replies) { Hear(replies, orchestrator_.coordinator()); }
  void Hear(const std::vector<Reply>& replies, qualification::Coordinator& coordinator) {
    for (const Status& status : orchestrator_.Handle(Deliveries(replies), coordinator)) ASSERT_TRUE(status.ok());
  }
  qualification::Row Stored() { return orchestrator_.Rows().at(0); }
  // The attempts of the prepares that were sent since the last look.
  std::vector<std::int64_t> Asked() {
    std::vector<std::int64_t> attempts;
    for (const auto& [topic, data] : orchestrator_.TakeCommands()) {
      qualification::v1::Command command;
      EXPECT_TRUE(command.ParseFromString(data));
      if (command.has_prepare()) attempts.push_back(command.prepare().attempt());
    }
    return attempts;
  }
  static std::vector<Reply> AllPrepared(const qualification::Row& row) {
    return {PreparedReply(row, qualification::v1::ACCOUNT), PreparedReply(row, qualification::v1::CONTACT),
            PreparedReply(row, qualification::v1::OPPORTUNITY)};
  }

  OrchestratorNode orchestrator_{*backend_, clock_, ids_};
  qualification::Row begun_;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(Unwritten);

TEST_P(Unwritten, TheDecisionIsTheNextThatIsWritten) {
  Hear(AllPrepared(begun_));
  EXPECT_EQ(Stored().state(), Qualification::COMMITTED);
  EXPECT_EQ(Stored().version, 2);
}

TEST_P(Unwritten, ACrashCostsAnAttempt) {
  orchestrator_.Restart();
  Hear(AllPrepared(begun_));
  EXPECT_EQ(Stored().state(), Qualification::STARTED) << "nobody knows of the plan that they are for";

  clock_.Advance(2'000'000);
  ASSERT_TRUE(orchestrator_.coordinator().Redrive().ok());
  EXPECT_THAT(Asked(), ElementsAre(0)) << "the lead";
  Hear({LockedReply(Stored(), TestLead(1))});
  EXPECT_THAT(Asked(), ElementsAre(1, 1, 1));
  Hear(AllPrepared(Stored()));
  EXPECT_EQ(Stored().state(), Qualification::COMMITTED);
}

TEST_P(Unwritten, WhoeverElseHearsOfTheLockVoidsWhatIsInMemory) {
  const auto other = orchestrator_.AnotherCoordinator();
  Hear({LockedReply(begun_, TestLead(1))}, *other);
  EXPECT_THAT(Asked(), ElementsAre(1, 1, 1));

  Hear(AllPrepared(begun_));
  EXPECT_EQ(Stored().state(), Qualification::PREPARING);
  EXPECT_EQ(Stored().stored.prepared_size(), 0);
  Hear(AllPrepared(Stored()), *other);
  EXPECT_EQ(Stored().state(), Qualification::COMMITTED);
  EXPECT_EQ(Stored().qualification().attempt(), 1);
}

TEST_P(Unwritten, WhereAnotherProcessDrivesItAgainTheLeadsAnswerTells) {
  const auto other = orchestrator_.AnotherCoordinator();
  Hear({PreparedReply(begun_, qualification::v1::ACCOUNT)});
  clock_.Advance(2'000'000);
  ASSERT_TRUE(other->Redrive().ok());
  EXPECT_THAT(Asked(), ElementsAre(0)) << "to whoever reads the row it is STARTED, so the lead is asked";

  Hear({LockedReply(begun_, TestLead(1))});

  EXPECT_THAT(Asked(), ElementsAre(1, 1, 1));
  Hear(AllPrepared(Stored()));
  EXPECT_EQ(Stored().state(), Qualification::COMMITTED);
}

TEST_P(Unwritten, AnAnswerOfTheLeadsThatComesTwiceHasItWrittenDown) {
  Hear({LockedReply(begun_, TestLead(1))});
  EXPECT_EQ(Stored().state(), Qualification::PREPARING);
  EXPECT_EQ(Stored().qualification().attempt(), 0);
  Hear(AllPrepared(begun_));
  EXPECT_EQ(Stored().state(), Qualification::COMMITTED);
}

TEST_P(Unwritten, ACancellationElsewhereWins) {
  ASSERT_TRUE(orchestrator_.AnotherCoordinator()->Cancel(begun_.id).ok());
  EXPECT_EQ(DecisionsOf(orchestrator_), 4);
  Hear(AllPrepared(begun_));
  EXPECT_EQ(Stored().state(), Qualification::ABORTED);
}

TEST_P(Unwritten, ACancellationElsewhereIsFinishedByWhoeverHearsOfItsEnd) {
  ASSERT_TRUE(orchestrator_.AnotherCoordinator()->Cancel(begun_.id).ok());
  Hear({PreparedReply(begun_, qualification::v1::ACCOUNT)});
  ASSERT_EQ(DecisionsOf(orchestrator_), 4);

  std::vector<Reply> acknowledged;
  for (const auto from : {qualification::v1::LEAD, qualification::v1::ACCOUNT, qualification::v1::CONTACT,
                          qualification::v1::OPPORTUNITY})
    acknowledged.push_back(AcknowledgedReply(begun_, from));
  Hear(acknowledged);
  ASSERT_TRUE(orchestrator_.coordinator().FlushPending().ok());

  EXPECT_TRUE(qualification::IsOver(Stored()));
  EXPECT_EQ(Stored().redrive_time_us, 0);
  clock_.Advance(60'000'000);
  ASSERT_TRUE(orchestrator_.coordinator().Redrive().ok());
  EXPECT_EQ(DecisionsOf(orchestrator_), 0) << "nothing is sent for ever";
}

TEST_P(Unwritten, WhoHasNotAnsweredIsAskedAgainAndThenItIsWritten) {
  Hear({PreparedReply(begun_, qualification::v1::ACCOUNT)});
  clock_.Advance(2'000'000);
  ASSERT_TRUE(orchestrator_.coordinator().Redrive().ok());
  EXPECT_EQ(Stored().state(), Qualification::PREPARING);
  EXPECT_THAT(Asked(), ElementsAre(0, 0, 0)) << "who has answered says it once more";
  orchestrator_.Restart();
  Hear(AllPrepared(begun_));
  EXPECT_EQ(Stored().state(), Qualification::COMMITTED);
}

TEST_P(Unwritten, ABusyRecordIsWrittenDown) {
  Hear({BusyReply(begun_, qualification::v1::CONTACT, TestName("qualifications", 2))});
  EXPECT_THAT(Asked(), ElementsAre(0)) << "an unknown holder has gone";
  EXPECT_EQ(Stored().state(), Qualification::PREPARING);
  orchestrator_.Restart();
  Hear(AllPrepared(begun_));
  EXPECT_EQ(Stored().state(), Qualification::COMMITTED);
}

TEST_P(Unwritten, ADatabaseThatFailsForAMomentCostsNoAttempt) {
  const auto rename = [this](std::string_view sql) {
    ASSERT_TRUE(
        orchestrator_.database().Write([&](storage::Transaction& transaction) { return transaction.Run(sql); }).ok());
  };
  rename("ALTER TABLE qualification RENAME TO away");
  const auto statuses = orchestrator_.Handle(Deliveries(AllPrepared(begun_)));
  EXPECT_TRUE(statuses[0].ok() && statuses[1].ok()) << "they were to wait for the third, and do not come again";
  EXPECT_FALSE(statuses[2].ok());
  rename("ALTER TABLE away RENAME TO qualification");

  Hear({AllPrepared(begun_).back()});

  EXPECT_EQ(Stored().state(), Qualification::COMMITTED);
  EXPECT_EQ(Stored().qualification().attempt(), 0);
}

TEST_P(Unwritten, ANeighbourThatFailsCostsNothing) {
  const auto other = orchestrator_.AnotherCoordinator();
  clock_.Advance(1'000);
  std::promise<std::string> begun;
  other->BeginQualify(TestName("leads", 2), {}, "", [&](const Result<Qualification>& result) {
    begun.set_value(resource::IdOf(result.value().name()));
  });
  const std::string broken = begun.get_future().get();
  ASSERT_TRUE(orchestrator_.database()
                  .Write([&](storage::Transaction& transaction) {
                    return transaction.Run("UPDATE qualification SET body = $2 WHERE id = $1",
                                           {std::string_view(broken), storage::Blob{"\xff"}});
                  })
                  .ok());
  qualification::Row unreadable = begun_;
  unreadable.id = broken;
  auto replies = AllPrepared(begun_);
  replies.push_back(PreparedReply(unreadable, qualification::v1::ACCOUNT));

  const auto statuses = orchestrator_.Handle(Deliveries(replies));

  EXPECT_TRUE(statuses[0].ok() && statuses[1].ok() && statuses[2].ok());
  EXPECT_FALSE(statuses[3].ok());
  std::optional<Qualification::State> state;
  ASSERT_TRUE(orchestrator_.database()
                  .Read([&](storage::Transaction& transaction) {
                    return transaction.Query(
                        "SELECT state FROM qualification WHERE id = $1", {std::string_view(begun_.id)},
                        [&](const storage::Row& row) { state = static_cast<Qualification::State>(row.Int(0)); });
                  })
                  .ok());
  EXPECT_EQ(state, Qualification::COMMITTED);
}

}  // namespace
}  // namespace quartet::test
