#include <gmock/gmock.h>

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

}  // namespace
}  // namespace quartet::test
