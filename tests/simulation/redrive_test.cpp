#include <gmock/gmock.h>

#include "common/resource/resource_name.h"
#include "tests/simulation/orchestrator_node.h"

namespace quartet::test {
namespace {

using ::testing::SizeIs;

TEST(Redrive, ARowThatCannotBeReadHoldsUpNoOther) {
  ManualClock clock;
  UuidV7Source ids(clock, 1);
  OrchestratorNode orchestrator(clock, ids);
  const std::string broken = orchestrator.Begin("leads/" + ids.NewUuid(), {}, "");
  clock.Advance(1'000);
  orchestrator.Begin("leads/" + ids.NewUuid(), {}, "");
  ASSERT_THAT(orchestrator.TakeCommands(), SizeIs(2));
  ASSERT_TRUE(orchestrator.database()
                  .Write([&](storage::Transaction& transaction) {
                    return transaction.Run("UPDATE qualification SET body = $2 WHERE id = $1",
                                           {std::string_view(broken), storage::Blob{"\xff"}});
                  })
                  .ok());
  clock.Advance(2'000'000);

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

TEST(Redrive, ADecisionComesAgainUntilItsAcknowledgementIsWrittenDown) {
  ManualClock clock;
  UuidV7Source ids(clock, 1);
  OrchestratorNode orchestrator(clock, ids);
  const std::string id = orchestrator.Begin("leads/" + ids.NewUuid(), {}, "");
  ASSERT_TRUE(orchestrator.coordinator().Cancel(id).ok());
  ASSERT_EQ(DecisionsOf(orchestrator), 1);
  const auto acknowledged = Acknowledged(id, {qualification::v1::LEAD});

  ASSERT_TRUE(orchestrator.coordinator().Handle(acknowledged).at(0).ok());
  orchestrator.Restart();
  clock.Advance(2'000'000);
  ASSERT_TRUE(orchestrator.coordinator().Redrive().ok());
  EXPECT_EQ(DecisionsOf(orchestrator), 1) << "what was only in memory is lost";

  ASSERT_TRUE(orchestrator.coordinator().Handle(acknowledged).at(0).ok());
  ASSERT_TRUE(orchestrator.coordinator().KeepUp().ok());
  orchestrator.Restart();
  clock.Advance(60'000'000);
  ASSERT_TRUE(orchestrator.coordinator().Redrive().ok());
  EXPECT_EQ(DecisionsOf(orchestrator), 0);
  EXPECT_EQ(orchestrator.Rows().at(0).redrive_time_us, 0);
}

}  // namespace
}  // namespace quartet::test
