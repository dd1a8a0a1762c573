// A service that does not answer, and a clock that was set back, while rows are driven again.
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "services/qualification/pending/resend_pace.h"
#include "tests/simulation/orchestrator_node.h"
#include "tests/support/database_backend.h"
#include "tests/support/qualification_messages.h"

namespace quartet::test {
namespace {

using qualification::ResendPace;
using ::testing::SizeIs;

constexpr std::int64_t kSecond_us = 1'000'000;

class Away : public EveryDatabase {
 protected:
  // All that is due, however many.
  std::size_t Redrive() {
    std::size_t sent = 0;
    for (int i = 0; i < 4; ++i) {
      EXPECT_TRUE(orchestrator_.coordinator().Redrive().ok());
      sent += orchestrator_.TakeCommands().size();
    }
    return sent;
  }

  ManualClock clock_;
  UuidV7Source ids_{clock_, 1};
  const std::unique_ptr<DatabaseBackend> backend_ = GetParam().make();
  OrchestratorNode orchestrator_{*backend_, clock_, ids_};
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(Away);

TEST_P(Away, ItsStreamGrowsByAFewCommandsWhateverWaits) {
  constexpr std::size_t kRows = 1'200;
  for (std::size_t i = 0; i < kRows; ++i) orchestrator_.Begin("leads/" + ids_.NewUuid(), {}, "");
  ASSERT_THAT(orchestrator_.TakeCommands(), SizeIs(kRows));
  const qualification::Row first = orchestrator_.Rows().at(0);

  std::size_t sent = 0;
  constexpr int kPeriods = 8;
  for (int i = 0; i < kPeriods; ++i) {
    clock_.Advance(ResendPace::kProbePeriod_us);
    sent += Redrive();
  }
  EXPECT_LE(sent, static_cast<std::size_t>(ResendPace::kBurst + kPeriods * ResendPace::kProbes));
  EXPECT_GT(sent, static_cast<std::size_t>(ResendPace::kBurst)) << "but for what may have been lost";

  events::Delivery answer;
  answer.message.data = RefusedReply(first, qualification::v1::LEAD, "LEAD_DELETED").SerializeAsString();
  ASSERT_TRUE(orchestrator_.Handle(std::vector{answer}).at(0).ok());
  orchestrator_.TakeCommands();
  clock_.Advance(ResendPace::kProbePeriod_us);
  EXPECT_GE(Redrive(), static_cast<std::size_t>(ResendPace::kBurst)) << "it is back";
}

TEST_P(Away, AClockThatWasSetBackHoldsUpNothing) {
  orchestrator_.Begin("leads/" + ids_.NewUuid(), {}, "");
  ASSERT_THAT(orchestrator_.TakeCommands(), SizeIs(1));
  clock_.Advance(-3'600 * kSecond_us);
  EXPECT_EQ(Redrive(), 1u);
  clock_.Advance(kSecond_us);
  EXPECT_EQ(Redrive(), 0u) << "it was set anew";
  clock_.Advance(kSecond_us);
  EXPECT_EQ(Redrive(), 1u);
}

}  // namespace
}  // namespace quartet::test
