#include <future>
#include <memory>
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

using qualification::v1::Decision;
using qualification::v1::Qualification;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Gives one id for ever, if it has one.
class FixedIds final : public IdSource {
 public:
  explicit FixedIds(IdSource& ids) : ids_(ids) {}
  std::string NewUuid() override { return fixed.empty() ? ids_.NewUuid() : fixed; }

  std::string fixed;

 private:
  IdSource& ids_;
};

class DecisionLog : public EveryDatabase {
 protected:
  Decision Ask(const std::string& id) {
    auto response = orchestrator_.decisions().Read(std::vector{id});
    EXPECT_TRUE(response.ok());
    return response.value().decisions(0);
  }
  std::int64_t Unknown() { return orchestrator_.Contradictions("unknown_qualification"); }
  void RaiseWatermark(std::int64_t watermark_us) {
    ASSERT_TRUE(orchestrator_.database()
                    .Write([&](storage::Transaction& transaction) {
                      return qualification::QualificationRepository().RaiseWatermark(transaction, watermark_us);
                    })
                    .ok());
  }
  std::vector<Qualification> List() {
    std::vector<Qualification> found;
    EXPECT_TRUE(orchestrator_.database()
                    .Read([&](storage::Transaction& transaction) -> Status {
                      const auto page = resource::PageRequest::Parse({.collection = "qualifications"}, {});
                      std::string token;
                      QUARTET_ASSIGN_OR_RETURN(found, qualification::QualificationRepository().List(
                                                          transaction, *page, std::nullopt, token));
                      return {};
                    })
                    .ok());
    return found;
  }
  void Hear(const qualification::v1::Reply& reply) {
    events::Delivery delivery;
    delivery.message.data = reply.SerializeAsString();
    for (const Status& status : orchestrator_.Handle(std::vector{delivery})) EXPECT_TRUE(status.ok());
  }

  ManualClock clock_;
  UuidV7Source uuids_{clock_, 1};
  FixedIds ids_{uuids_};
  const std::unique_ptr<DatabaseBackend> backend_ = GetParam().make();
  OrchestratorNode orchestrator_{*backend_, clock_, ids_};
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(DecisionLog);

TEST_P(DecisionLog, AnIdWithoutARowIsAbortedByATombstoneThatNobodySees) {
  const std::string id = uuids_.NewUuid();
  EXPECT_EQ(Ask(id).outcome(), Decision::ABORTED);
  EXPECT_EQ(Unknown(), 1);

  ASSERT_THAT(orchestrator_.Rows(), SizeIs(1));
  EXPECT_EQ(orchestrator_.Rows().at(0).state(), Qualification::ABORTED);
  EXPECT_EQ(orchestrator_.coordinator().Read(id).error().code, Code::kNotFound);
  EXPECT_EQ(orchestrator_.coordinator().Cancel(id).error().code, Code::kNotFound);
  EXPECT_EQ(orchestrator_.BeginRevert(id).error().code, Code::kNotFound);
  EXPECT_THAT(List(), IsEmpty());
  EXPECT_EQ(Ask(id).outcome(), Decision::ABORTED);
  EXPECT_EQ(Unknown(), 1) << "it was noticed already";
}

TEST_P(DecisionLog, WhatWasBelievedToBeMissingNeverBegins) {
  const std::string id = uuids_.NewUuid();
  EXPECT_EQ(Ask(id).outcome(), Decision::ABORTED);

  ids_.fixed = id;
  std::promise<Result<Qualification>> promise;
  orchestrator_.coordinator().BeginQualify(TestName("leads", 1), {}, "",
                                           [&](Result<Qualification> begun) { promise.set_value(std::move(begun)); });
  const auto begun = promise.get_future().get();

  ASSERT_FALSE(begun.ok());
  EXPECT_EQ(begun.error().reason, "QUALIFICATION_FENCED");
  EXPECT_EQ(Ask(id).outcome(), Decision::ABORTED);
  EXPECT_THAT(orchestrator_.TakeCommands(), IsEmpty());
}

TEST_P(DecisionLog, ARowThatBeganIsNotDisturbedByQuestions) {
  const std::string known = orchestrator_.Begin(TestName("leads", 1), {}, "");
  const std::string unknown = uuids_.NewUuid();
  const auto response = orchestrator_.decisions().Read(std::vector{unknown, known, unknown});
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response.value().decisions(0).outcome(), Decision::ABORTED);
  EXPECT_EQ(response.value().decisions(1).outcome(), Decision::UNDECIDED);
  EXPECT_EQ(response.value().decisions(2).outcome(), Decision::ABORTED);
  EXPECT_EQ(Unknown(), 1);
}

TEST_P(DecisionLog, ManyUnknownIdsAreFencedInPieces) {
  std::vector<std::string> ids;
  for (int i = 0; i < 1'201; ++i) ids.push_back(uuids_.NewUuid());
  const auto response = orchestrator_.decisions().Read(ids);
  ASSERT_TRUE(response.ok());
  for (int i = 0; i < 1'201; ++i) {
    EXPECT_EQ(response.value().decisions(i).outcome(), Decision::ABORTED);
    EXPECT_EQ(response.value().decisions(i).qualification(),
              resource::NameOf("qualifications", ids.at(static_cast<std::size_t>(i))));
  }
  EXPECT_THAT(orchestrator_.Rows(), SizeIs(1'201));
}

TEST_P(DecisionLog, WhatIsOlderThanTheWatermarkIsForgottenAndNoContradiction) {
  const std::string old = uuids_.NewUuid();
  clock_.Advance(10'000'000);
  const std::int64_t watermark_us = clock_.NowMicros() / 1'000 * 1'000;
  const std::string young = uuids_.NewUuid();
  RaiseWatermark(watermark_us);
  RaiseWatermark(watermark_us - 5'000'000);

  const auto response = orchestrator_.decisions().Read(std::vector{old, young});
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response.value().decisions(0).outcome(), Decision::FORGOTTEN);
  EXPECT_EQ(response.value().decisions(1).outcome(), Decision::ABORTED);
  EXPECT_EQ(response.value().watermark_us(), watermark_us) << "it never goes back";
  EXPECT_EQ(Unknown(), 1);
  EXPECT_THAT(orchestrator_.Rows(), SizeIs(1)) << "what is forgotten gets no tombstone";
}

TEST_P(DecisionLog, AReplyToARowThatNeverBeganFencesIt) {
  qualification::Row never = NewQualification(1);
  never.id = uuids_.NewUuid();
  Hear(PreparedReply(never, qualification::v1::ACCOUNT));
  EXPECT_EQ(Unknown(), 1);
  EXPECT_EQ(Ask(never.id).outcome(), Decision::ABORTED);
  EXPECT_EQ(Unknown(), 1);

  clock_.Advance(10'000'000);
  RaiseWatermark(clock_.NowMicros());
  qualification::Row pruned = never;
  clock_.Advance(-5'000'000);
  pruned.id = UuidV7Source(clock_, 2).NewUuid();
  Hear(AcknowledgedReply(pruned, qualification::v1::ACCOUNT));
  ASSERT_TRUE(orchestrator_.coordinator().FlushPending().ok());
  EXPECT_EQ(Unknown(), 1) << "a late word about what was deleted";
  EXPECT_THAT(orchestrator_.Rows(), SizeIs(1));
}

TEST_P(DecisionLog, AHolderThatNeverBeganIsFencedBeforeItIsTakenForGone) {
  orchestrator_.Begin(TestName("leads", 1), {}, "");
  const qualification::Row begun = orchestrator_.Rows().at(0);
  Hear(LockedReply(begun, TestLead(1)));
  clock_.Advance(1'000);
  const std::string holder = uuids_.NewUuid();
  Hear(BusyReply(begun, qualification::v1::CONTACT, resource::NameOf("qualifications", holder)));
  EXPECT_EQ(Unknown(), 1);
  EXPECT_EQ(Ask(holder).outcome(), Decision::ABORTED);
  EXPECT_EQ(Unknown(), 1);
}

TEST_P(DecisionLog, ARowThatCannotBeReadFailsNoOther) {
  const std::string broken = orchestrator_.Begin(TestName("leads", 1), {}, "");
  clock_.Advance(1'000);
  const std::string whole = orchestrator_.Begin(TestName("leads", 2), {}, "");
  ASSERT_TRUE(orchestrator_.coordinator().Cancel(whole).ok());
  ASSERT_TRUE(orchestrator_.database()
                  .Write([&](storage::Transaction& transaction) {
                    return transaction.Run("UPDATE qualification SET body = $2 WHERE id = $1",
                                           {std::string_view(broken), storage::Blob{"\xff"}});
                  })
                  .ok());
  const auto response = orchestrator_.decisions().Read(std::vector{broken, whole});
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response.value().decisions(0).outcome(), Decision::UNDECIDED);
  EXPECT_EQ(response.value().decisions(1).outcome(), Decision::ABORTED);
  EXPECT_EQ(orchestrator_.Contradictions("unreadable_qualification"), 1);
}

}  // namespace
}  // namespace quartet::test
