// Participations do not grow for ever, and what still comes late of one that is over
// changes nothing.
#include "common/commit/pruning.h"

#include <gmock/gmock.h>

#include "tests/integration/commit/participant_fixture.h"

namespace quartet::test {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

class PruningTest : public ParticipantTest {
 protected:
  // A qualification's id, of now.
  std::string MakeId() {
    clock_.Advance(1'000);
    return ids_.NewUuid();
  }
  static Command Rename(Command command, const std::string& id) {
    command.mutable_prepare()->set_qualification(resource::NameOf("qualifications", id));
    return command;
  }
  Command TellEnd(const std::string& id, Decision::Outcome outcome) {
    Decision decision;
    decision.set_qualification(resource::NameOf("qualifications", id));
    decision.set_outcome(outcome);
    decision.set_decide_time_us(clock_.NowMicros());
    return Tell(decision);
  }
  std::vector<std::string> Participations() {
    std::vector<std::string> ids;
    Require(contacts_.database().Read([&](storage::Transaction& transaction) {
      return transaction.Query("SELECT qualification_id FROM participation ORDER BY qualification_id", {},
                               [&](const storage::Row& row) { ids.push_back(row.String(0)); });
    }));
    return ids;
  }

  std::int64_t watermark_us_ = 0;
  bool reachable_ = true;
  commit::CachingDecisionSource source_{
      [this](const std::vector<std::string>&) -> Result<commit::CachingDecisionSource::Fetched> {
        if (!reachable_) return Unavailable("DECISIONS_UNAVAILABLE", "away");
        return commit::CachingDecisionSource::Fetched{.decisions = {}, .watermark_us = watermark_us_};
      }};
  telemetry::Counters counters_;
  telemetry::Contradictions contradictions_{counters_};
  commit::Pruning pruning_{contacts_.database(), source_, contacts_.watermark, contradictions_, clock_};
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(PruningTest);

TEST_P(PruningTest, DeletesWhatIsOverBeforeTheWatermarkAndNothingElse) {
  const std::string committed = MakeId();
  const std::string aborted = MakeId();
  contacts_.Handle({Rename(PrepareContact(1, TestLead(1)), committed), TellEnd(committed, Decision::COMMITTED)});
  contacts_.Handle({Rename(PrepareContact(2, TestLead(2)), aborted), TellEnd(aborted, Decision::ABORTED)});
  const std::string young = MakeId();
  contacts_.Handle({Rename(PrepareContact(3, TestLead(3)), young), TellEnd(young, Decision::ABORTED)});
  ASSERT_THAT(Participations(), SizeIs(3));
  Require(pruning_.Step());
  EXPECT_THAT(Participations(), SizeIs(3)) << "nothing is before a watermark of 0";

  watermark_us_ = *TimeOfUuidV7(young);
  clock_.Advance(61'000'000);
  Require(pruning_.Step());

  EXPECT_THAT(Participations(), ::testing::ElementsAre(young));
  EXPECT_THAT(counters_.Values(), IsEmpty());
}

TEST_P(PruningTest, WhatIsHeldStaysAndIsToldOf) {
  const std::string held = MakeId();
  contacts_.Handle({Rename(PrepareContact(1, TestLead(1)), held)});
  watermark_us_ = clock_.NowMicros() + 1'000;

  Require(pruning_.Step());

  EXPECT_THAT(Participations(), SizeIs(1));
  EXPECT_THAT(counters_.Values(), Contains(Pair("contradictions_total{kind=\"held_but_over\"}", 1)));
}

TEST_P(PruningTest, AMessageThatComesAfterwardsOpensNothing) {
  const std::string id = MakeId();
  const Command late = Rename(PrepareContact(1, TestLead(1)), id);
  contacts_.Handle({late, TellEnd(id, Decision::ABORTED)});
  watermark_us_ = clock_.NowMicros() + 1'000;
  Require(pruning_.Step());
  ASSERT_THAT(Participations(), IsEmpty());

  EXPECT_THAT(contacts_.Handle({late}), IsEmpty());

  EXPECT_THAT(contacts_.Intents(), IsEmpty());
  EXPECT_THAT(Participations(), IsEmpty());
}

TEST_P(PruningTest, TheWatermarkSurvivesARestart) {
  watermark_us_ = clock_.NowMicros();
  Require(pruning_.Step());
  commit::Watermark another;
  commit::Pruning after_restart(contacts_.database(), source_, another, contradictions_, clock_);

  Require(after_restart.Load());

  EXPECT_EQ(another.time_us(), watermark_us_);
}

TEST_P(PruningTest, ABacklogGoesInChunks) {
  std::vector<Command> ends;
  for (int i = 0; i < 5'500; ++i) ends.push_back(TellEnd(MakeId(), Decision::ABORTED));
  contacts_.Handle(ends);
  watermark_us_ = clock_.NowMicros() + 1'000;

  EXPECT_TRUE(Require(pruning_.Step()));
  EXPECT_THAT(Participations(), SizeIs(1'500));
  EXPECT_FALSE(Require(pruning_.Step()));
  EXPECT_THAT(Participations(), IsEmpty());
}

TEST_P(PruningTest, WithoutTheOrchestratorNothingIsDeleted) {
  const std::string id = MakeId();
  contacts_.Handle({TellEnd(id, Decision::ABORTED)});
  reachable_ = false;

  EXPECT_FALSE(pruning_.Step().ok());

  EXPECT_THAT(Participations(), SizeIs(1));
}

TEST_P(PruningTest, ForgottenIsNotAborted) {
  decisions_.SetUndecided(1);
  const std::string contact = RecordOf(contacts_.Handle({PrepareContact(1, TestLead(1))}).at(0)).name();
  Decision forgotten;
  forgotten.set_qualification(TestName("qualifications", 1));
  forgotten.set_outcome(Decision::FORGOTTEN);

  EXPECT_THAT(contacts_.Handle({Tell(forgotten)}), IsEmpty());

  EXPECT_THAT(contacts_.Intents(), SizeIs(1)) << "it may have been committed";
  EXPECT_THAT(contacts_.Contradictions(), Contains(Pair("contradictions_total{kind=\"held_but_forgotten\"}", 1)));
  EXPECT_FALSE(Require(contacts_.Peek(contact)).has_value());
}

}  // namespace
}  // namespace quartet::test
