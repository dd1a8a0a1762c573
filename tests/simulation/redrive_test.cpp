#include <memory>

#include <gmock/gmock.h>

#include "common/resource/resource_name.h"
#include "tests/simulation/orchestrator_node.h"
#include "tests/support/database_backend.h"
#include "tests/support/qualification_messages.h"

namespace quartet::test {
namespace {

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
  ASSERT_EQ(DecisionsOf(orchestrator), 1);
  const auto acknowledged = Acknowledged(id, {qualification::v1::LEAD});

  ASSERT_TRUE(orchestrator.coordinator().Handle(acknowledged).at(0).ok());
  orchestrator.Restart();
  clock_.Advance(2'000'000);
  ASSERT_TRUE(orchestrator.coordinator().Redrive().ok());
  EXPECT_EQ(DecisionsOf(orchestrator), 1) << "what was only in memory is lost";

  ASSERT_TRUE(orchestrator.coordinator().Handle(acknowledged).at(0).ok());
  ASSERT_TRUE(orchestrator.coordinator().KeepUp().ok());
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

}  // namespace
}  // namespace quartet::test
