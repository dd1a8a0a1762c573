// Two replicas of the orchestrator over one database. Either may hear any reply,
// and remembers rows that the other has moved since.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/resource/resource_name.h"
#include "tests/simulation/orchestrator_node.h"
#include "tests/support/database_backend.h"
#include "tests/support/participant_node.h"
#include "tests/support/qualification_messages.h"

namespace quartet::test {
namespace {

using qualification::Row;
using qualification::v1::Command;
using qualification::v1::Qualification;
using qualification::v1::Reply;
using ::testing::SizeIs;

constexpr qualification::v1::Participant kThree[] = {qualification::v1::ACCOUNT, qualification::v1::CONTACT,
                                                     qualification::v1::OPPORTUNITY};

class CoordinatorReplicas : public EveryDatabase {
 protected:
  // Rows that the first has begun, and remembers.
  std::vector<Row> Begin(int count) {
    for (int i = 0; i < count; ++i) {
      first_.Begin(TestName("leads", i), {}, "");
      clock_.Advance(1);
    }
    return first_.Rows();
  }
  Row Begin() { return Begin(1).at(0); }
  Row Now() { return first_.Rows().at(0); }

  static void Hear(OrchestratorNode& replica, const std::vector<Reply>& replies) {
    std::vector<events::Delivery> deliveries;
    for (const Reply& reply : replies) deliveries.emplace_back().message.data = reply.SerializeAsString();
    for (const Status& status : replica.coordinator().Handle(deliveries)) Require(status);
  }
  // The commands that both have sent since the last call.
  std::vector<Command> TakeCommands() {
    std::vector<Command> commands;
    for (OrchestratorNode* replica : {&first_, &second_}) {
      for (const auto& [topic, data] : replica->TakeCommands())
        EXPECT_TRUE(commands.emplace_back().ParseFromString(data));
    }
    return commands;
  }
  // How many of them are prepares.
  int TakePrepares() {
    int count = 0;
    for (const Command& command : TakeCommands()) count += command.has_prepare() ? 1 : 0;
    return count;
  }
  // What the two tell the world of decisions.
  std::vector<std::string> Events() {
    std::vector<std::string> events = first_.Events();
    for (const std::string& event : second_.Events()) events.push_back(event);
    return events;
  }
  static Reply Locked(const Row& row) { return LockedReply(row, TestLead(1)); }
  static std::vector<Reply> AllPrepared(const Row& row) {
    std::vector<Reply> replies;
    for (const auto participant : kThree) replies.push_back(PreparedReply(row, participant));
    return replies;
  }

  ManualClock clock_;
  UuidV7Source ids_{clock_, 1};
  const std::unique_ptr<DatabaseBackend> backend_ = GetParam().make();
  OrchestratorNode first_{*backend_, clock_, ids_};
  OrchestratorNode second_{*backend_, clock_, ids_};
};

INSTANTIATE_TEST_SUITE_P(Shared, CoordinatorReplicas, ::testing::ValuesIn(EverySharedDatabaseBackend()),
                         [](const auto& test) { return test.param.name; });

TEST_P(CoordinatorReplicas, ARowThatIsRememberedFromBeforeItsEndIsNotTakenForTheRow) {
  const Row begun = Begin();
  ASSERT_TRUE(second_.coordinator().Cancel(begun.id).ok());
  TakeCommands();

  Hear(first_, {Locked(begun)});

  EXPECT_EQ(Now().state(), Qualification::ABORTED);
  EXPECT_EQ(TakePrepares(), 0);
}

TEST_P(CoordinatorReplicas, WhatNothingFollowsFromByAnOldRowIsHeardByTheRowAsItIs) {
  const Row begun = Begin();
  Hear(second_, {Locked(begun)});
  ASSERT_EQ(TakePrepares(), 1 + 3);

  // By its own memory the lead is not locked yet, and all of these come too early.
  Hear(first_, AllPrepared(begun));

  EXPECT_EQ(Now().state(), Qualification::COMMITTED);
  EXPECT_THAT(Events(), SizeIs(1));
}

TEST_P(CoordinatorReplicas, TheStepOfAnOldRowIsMadeAgainFromTheRowAsItIs) {
  const Row begun = Begin();
  Hear(first_, {Locked(begun)});
  // The one writes two of three down, the other remembers none of them, and hears the third.
  const std::vector<Reply> prepared = AllPrepared(begun);
  Hear(second_, {prepared[0], prepared[1]});
  Hear(first_, {prepared[2]});
  ASSERT_TRUE(first_.coordinator().KeepUp().ok());

  const Row now = Now();
  EXPECT_EQ(now.state(), Qualification::COMMITTED);
  EXPECT_EQ(now.stored.prepared_size(), 3);
  EXPECT_THAT(Events(), SizeIs(1));
}

TEST_P(CoordinatorReplicas, BothMayHearEverythingAtTheSameTime) {
  constexpr int kRows = 40;
  const std::vector<Row> begun = Begin(kRows);
  const auto hear_all = [&](OrchestratorNode& replica) {
    for (const Row& row : begun) Hear(replica, {Locked(row)});
    for (const auto participant : kThree) {
      for (const Row& row : begun) Hear(replica, {PreparedReply(row, participant)});
    }
    Require(replica.coordinator().KeepUp());
  };
  {
    const std::jthread one([&] { hear_all(first_); });
    const std::jthread other([&] { hear_all(second_); });
  }
  for (const Row& row : first_.Rows()) {
    EXPECT_EQ(row.state(), Qualification::COMMITTED) << row.id;
    EXPECT_EQ(row.stored.prepared_size(), 3) << row.id;
  }
  EXPECT_THAT(Events(), SizeIs(kRows)) << "each is decided once";
}

}  // namespace
}  // namespace quartet::test
