// What is deleted after the retention, and what never is.
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "common/resource/resource_name.h"
#include "services/qualification/pending/pruner.h"
#include "tests/simulation/orchestrator_node.h"
#include "tests/support/database_backend.h"
#include "tests/support/qualification_messages.h"

namespace quartet::test {
namespace {

using qualification::Pruner;
using qualification::v1::Decision;
using qualification::v1::Participant;
using qualification::v1::Qualification;
using qualification::v1::Reply;

constexpr std::int64_t kSecond_us = 1'000'000;
constexpr std::int64_t kDay_us = 86'400 * kSecond_us;
constexpr std::int64_t kRetention_us = 10 * kDay_us;
constexpr std::int64_t kGrace_us = 600 * kSecond_us;
constexpr int kChunk = 3;

// Ids of a process, which remembers the last one only as long as it lives.
class ProcessIds final : public IdSource {
 public:
  explicit ProcessIds(const Clock& clock) : clock_(clock) { Restart(); }
  void Restart() { source_.emplace(clock_, ++seed_); }
  std::string NewUuid() override { return source_->NewUuid(); }

 private:
  const Clock& clock_;
  std::uint64_t seed_ = 0;
  std::optional<UuidV7Source> source_;
};

class Pruning : public EveryDatabase {
 protected:
  // As a service begins it: not if its clock is behind.
  std::string Begin(const std::string& lead, const std::string& request) {
    EXPECT_TRUE(pruner_.CheckClock().ok());
    return orchestrator_.Begin(lead, {}, request);
  }
  std::string BeginNew() { return Begin("leads/" + ids_.NewUuid(), ids_.NewUuid()); }

  void Hear(const std::vector<Reply>& replies) {
    std::vector<events::Delivery> deliveries;
    for (const Reply& reply : replies) deliveries.emplace_back().message.data = reply.SerializeAsString();
    for (const Status& status : orchestrator_.Handle(deliveries)) EXPECT_TRUE(status.ok());
  }
  qualification::Row RowOf(const std::string& id) {
    for (qualification::Row& row : orchestrator_.Rows()) {
      if (row.id == id) return std::move(row);
    }
    ADD_FAILURE() << "no row " << id;
    return {};
  }
  bool Has(const std::string& id) {
    for (const qualification::Row& row : orchestrator_.Rows()) {
      if (row.id == id) return true;
    }
    return false;
  }
  void Commit(const std::string& id) {
    qualification::Row row = RowOf(id);
    if (row.qualification().kind() == Qualification::QUALIFY) {
      Hear({LockedReply(row, TestLead(1))});
      // Read again, for it may have gone on in another attempt.
      row = RowOf(id);
    }
    std::vector<Reply> prepared;
    for (const Participant participant :
         {qualification::v1::ACCOUNT, qualification::v1::CONTACT, qualification::v1::OPPORTUNITY})
      prepared.push_back(PreparedReply(row, participant));
    if (row.qualification().kind() == Qualification::REVERT)
      prepared.push_back(PreparedReply(row, qualification::v1::LEAD));
    Hear(prepared);
  }
  void Acknowledge(const std::string& id) {
    std::vector<Reply> replies;
    const auto row = RowOf(id);
    for (const int participant : row.stored.participants()) {
      Reply& reply = replies.emplace_back();
      reply.set_participant(static_cast<Participant>(participant));
      reply.mutable_acknowledged()->add_qualifications(resource::NameOf("qualifications", id));
    }
    Hear(replies);
    EXPECT_TRUE(orchestrator_.coordinator().FlushPending().ok());
  }
  void Finish(const std::string& id) {
    Commit(id);
    Acknowledge(id);
    EXPECT_EQ(RowOf(id).redrive_time_us, 0);
  }
  int Prune() {
    EXPECT_TRUE(pruner_.RaiseWatermark().ok());
    int deleted = 0;
    while (true) {
      const auto some = pruner_.DeleteSome();
      EXPECT_TRUE(some.ok());
      EXPECT_LE(some.value(), kChunk);
      if (some.value() == 0) return deleted;
      deleted += some.value();
    }
  }
  Decision::Outcome Ask(const std::string& id) {
    auto response = orchestrator_.decisions().Read(std::vector{id});
    EXPECT_TRUE(response.ok());
    return response.value().decisions(0).outcome();
  }
  std::int64_t Requests() {
    std::int64_t count = 0;
    EXPECT_TRUE(orchestrator_.database()
                    .Read([&](storage::Transaction& transaction) {
                      return transaction.Query("SELECT COUNT(*) FROM request", std::initializer_list<storage::Param>{},
                                               [&](const storage::Row& row) { count = row.Int(0); });
                    })
                    .ok());
    return count;
  }

  ManualClock clock_;
  ProcessIds ids_{clock_};
  const std::unique_ptr<DatabaseBackend> backend_ = GetParam().make();
  OrchestratorNode orchestrator_{*backend_, clock_, ids_};
  const qualification::QualificationRepository repository_{};
  Pruner pruner_{repository_,
                 orchestrator_.database(),
                 clock_,
                 {.retention_us = kRetention_us, .grace_us = kGrace_us, .chunk = kChunk}};
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(Pruning);

TEST_P(Pruning, WhatIsOverIsDeletedAfterTheRetentionAndItsRequestBeginsAnew) {
  const std::string lead = "leads/" + ids_.NewUuid();
  const std::string request = ids_.NewUuid();
  const std::string id = Begin(lead, request);
  Finish(id);
  clock_.Advance(kRetention_us + kGrace_us);
  EXPECT_EQ(Prune(), 0);
  EXPECT_EQ(Begin(lead, request), id);
  clock_.Advance(1'000);
  EXPECT_EQ(Prune(), 1);
  EXPECT_FALSE(Has(id));
  EXPECT_EQ(Requests(), 0);
  EXPECT_EQ(Ask(id), Decision::FORGOTTEN);
  const auto read = orchestrator_.coordinator().Read(id);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::kNotFound);
  EXPECT_NE(Begin(lead, request), id);
  EXPECT_EQ(Requests(), 1);
}

TEST_P(Pruning, WhatIsNotOverKeepsItselfAndAllThatIsYounger) {
  const std::string undecided = BeginNew();
  clock_.Advance(kSecond_us);
  const std::string unacknowledged = BeginNew();
  Commit(unacknowledged);
  clock_.Advance(kSecond_us);
  const std::string over = BeginNew();
  Finish(over);
  clock_.Advance(10 * kRetention_us);
  EXPECT_EQ(Prune(), 0);
  Commit(undecided);
  Acknowledge(undecided);
  EXPECT_EQ(Prune(), 1);
  EXPECT_FALSE(Has(undecided));
  Acknowledge(unacknowledged);
  EXPECT_EQ(Prune(), 2);
}

TEST_P(Pruning, WhatSomebodyIsAboutToTakeBackIsKept) {
  const std::string reverted = BeginNew();
  Finish(reverted);
  clock_.Advance(kRetention_us);
  ASSERT_TRUE(pruner_.MayBeReverted(reverted));
  const auto revert = orchestrator_.BeginRevert(reverted);
  ASSERT_TRUE(revert.ok());
  clock_.Advance(kGrace_us + kSecond_us);
  EXPECT_FALSE(pruner_.MayBeReverted(reverted));
  EXPECT_EQ(Prune(), 0);
  Commit(revert.value());
  Acknowledge(revert.value());
  EXPECT_EQ(Prune(), 1);
  EXPECT_TRUE(Has(revert.value()));
}

TEST_P(Pruning, OneOperationDeletesAChunkAtMost) {
  for (int i = 0; i < 2 * kChunk + 1; ++i) Finish(BeginNew());
  clock_.Advance(kRetention_us + kGrace_us + kSecond_us);
  ASSERT_TRUE(pruner_.RaiseWatermark().ok());
  EXPECT_EQ(pruner_.DeleteSome().value(), kChunk);
  EXPECT_EQ(orchestrator_.Rows().size(), static_cast<std::size_t>(kChunk) + 1);
  EXPECT_EQ(Requests(), kChunk + 1);
  EXPECT_EQ(Prune(), kChunk + 1);
}

TEST_P(Pruning, NothingIsDeletedWithoutARetention) {
  Finish(BeginNew());
  clock_.Advance(1'000 * kDay_us);
  Pruner never(repository_, orchestrator_.database(), clock_, {});
  EXPECT_TRUE(never.RaiseWatermark().ok());
  EXPECT_EQ(never.DeleteSome().value(), 0);
  EXPECT_EQ(never.watermark_us(), 0);
}

TEST_P(Pruning, AClockThatIsBehindTheWatermarkBeginsNothing) {
  Finish(BeginNew());
  clock_.Advance(3 * kRetention_us);
  Prune();
  EXPECT_TRUE(pruner_.CheckClock().ok());
  clock_.Advance(-2 * kRetention_us - kDay_us);
  const Status behind = pruner_.CheckClock();
  ASSERT_FALSE(behind.ok());
  EXPECT_EQ(behind.error().code, Code::kUnavailable);
  EXPECT_EQ(behind.error().reason, "CLOCK_BEHIND");
  const std::int64_t watermark_us = pruner_.watermark_us();
  Prune();
  EXPECT_EQ(pruner_.watermark_us(), watermark_us);
}

// Whatever happens in whatever order, with two replicas that prune.
class PruningHistory : public Pruning {
 protected:
  struct Known {
    std::string lead;
    std::string request;
    std::string reverts;
    Decision::Outcome outcome = Decision::UNDECIDED;
    bool over = false;
  };

  int Below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  // One that is as `wanted`, or null.
  template <class Wanted>
  std::pair<const std::string, Known>* Any(Wanted wanted) {
    std::vector<std::pair<const std::string, Known>*> found;
    for (auto& known : known_) {
      if (wanted(known.first, known.second)) found.push_back(&known);
    }
    return found.empty() ? nullptr : found[static_cast<std::size_t>(Below(static_cast<int>(found.size())))];
  }
  bool IsDeleted(const std::string& id) { return !rows_.contains(id); }

  void Look() {
    rows_.clear();
    for (qualification::Row& row : orchestrator_.Rows()) rows_.emplace(row.id, std::move(row));
  }
  void PassTime(std::int64_t by_us) {
    clock_.Advance(by_us);
    latest_us_ = std::max(latest_us_, clock_.NowMicros());
    // Each replica looks every minute.
    for (Pruner* pruner : {&pruner_, &other_}) ASSERT_TRUE(pruner->Refresh().ok());
  }

  void Step() {
    switch (Below(12)) {
      case 0:
      case 1:
      case 2: {
        if (!pruner_.CheckClock().ok()) break;
        Known known{.lead = "leads/" + ids_.NewUuid(), .request = ids_.NewUuid()};
        const std::string id = orchestrator_.Begin(known.lead, {}, known.request);
        known_.emplace(id, std::move(known));
        break;
      }
      case 3: {  // decided
        auto* one = Any([](auto&, const Known& known) { return known.outcome == Decision::UNDECIDED; });
        if (one == nullptr) break;
        if (Below(3) > 0) {
          Commit(one->first);
          one->second.outcome = Decision::COMMITTED;
        } else {
          ASSERT_TRUE(orchestrator_.coordinator().Cancel(one->first).ok());
          one->second.outcome = Decision::ABORTED;
        }
        break;
      }
      case 4:
      case 5: {  // over
        auto* one = Any([](auto&, const Known& known) { return known.outcome != Decision::UNDECIDED && !known.over; });
        if (one == nullptr) break;
        Acknowledge(one->first);
        one->second.over = true;
        break;
      }
      case 6: {  // taken back
        auto* one = Any([&](const std::string& id, const Known& known) {
          return known.outcome == Decision::COMMITTED && known.reverts.empty() && !IsDeleted(id) &&
                 pruner_.MayBeReverted(id);
        });
        if (one == nullptr || !pruner_.CheckClock().ok()) break;
        const auto revert = orchestrator_.BeginRevert(one->first);
        ASSERT_TRUE(revert.ok()) << ToString(revert.error());
        known_.emplace(revert.value(), Known{.reverts = one->first});
        break;
      }
      case 7:
        PassTime(kSecond_us * (1 + Below(7'200)));
        break;
      case 8:
        PassTime(kDay_us * Below(8));
        break;
      case 9: {
        Pruner& pruner = Below(2) == 0 ? pruner_ : other_;
        if (Below(4) > 0) {
          ASSERT_TRUE(pruner.RaiseWatermark().ok());
        }
        for (int i = Below(4); i > 0; --i) ASSERT_TRUE(pruner.DeleteSome().ok());
        break;
      }
      case 10: {  // the same again
        auto* one = Any([](auto&, const Known& known) { return !known.request.empty(); });
        if (one == nullptr || !pruner_.CheckClock().ok()) break;
        const std::string id = orchestrator_.Begin(one->second.lead, {}, one->second.request);
        EXPECT_EQ(id != one->first, IsDeleted(one->first));
        if (id == one->first) break;
        known_.emplace(id, Known{.lead = one->second.lead, .request = one->second.request});
        one->second.request.clear();
        break;
      }
      default:
        if (Below(4) > 0) break;
        // The clock was wrong, or is; the process forgets what it was.
        PassTime(-kDay_us * Below(15));
        ids_.Restart();
        break;
    }
  }

  // All that is open comes to its end, and the retention passes.
  void FinishAll() {
    for (auto& [id, known] : known_) {
      if (known.over) continue;
      if (known.outcome == Decision::UNDECIDED) {
        Commit(id);
        known.outcome = Decision::COMMITTED;
      }
      Acknowledge(id);
      known.over = true;
    }
    PassTime(latest_us_ - clock_.NowMicros() + kRetention_us + kGrace_us + kSecond_us);
    Prune();
  }

  void Check() {
    Look();
    std::int64_t watermark_us = 0;
    ASSERT_TRUE(orchestrator_.database()
                    .Read([&](storage::Transaction& transaction) -> Status {
                      QUARTET_ASSIGN_OR_RETURN(watermark_us, repository_.Watermark(transaction));
                      return {};
                    })
                    .ok());
    EXPECT_GE(watermark_us, watermark_us_);
    watermark_us_ = watermark_us;
    std::int64_t requests = 0;
    const std::map<std::string, Decision::Outcome> outcomes = AskAll();
    for (const auto& [id, known] : known_) {
      const std::int64_t made_us = TimeOfUuidV7(id).value();
      if (!known.request.empty() && !IsDeleted(id)) ++requests;
      if (IsDeleted(id)) {
        EXPECT_TRUE(known.over) << id;
        EXPECT_LT(made_us, watermark_us);
        EXPECT_GT(latest_us_ - made_us, kRetention_us);
        EXPECT_EQ(outcomes.at(id), Decision::FORGOTTEN);
        continue;
      }
      EXPECT_EQ(outcomes.at(id), known.outcome);
      if (known.over) continue;
      EXPECT_GE(made_us, watermark_us);
      if (!known.reverts.empty()) {
        EXPECT_FALSE(IsDeleted(known.reverts)) << "it is being taken back";
      }
    }
    EXPECT_EQ(Requests(), requests);
    EXPECT_EQ(rows_.size() + Deleted(), known_.size()) << "no tombstone was needed";
  }
  std::map<std::string, Decision::Outcome> AskAll() {
    std::vector<std::string> ids;
    for (const auto& [id, known] : known_) ids.push_back(id);
    const auto response = orchestrator_.decisions().Read(ids);
    EXPECT_TRUE(response.ok());
    std::map<std::string, Decision::Outcome> outcomes;
    for (int i = 0; i < response->decisions_size(); ++i)
      outcomes[ids[static_cast<std::size_t>(i)]] = response->decisions(i).outcome();
    return outcomes;
  }
  std::size_t Deleted() {
    std::size_t count = 0;
    for (const auto& [id, known] : known_) count += IsDeleted(id) ? 1 : 0;
    return count;
  }

  std::mt19937 random_;
  Pruner other_{repository_,
                orchestrator_.database(),
                clock_,
                {.retention_us = kRetention_us, .grace_us = kGrace_us, .chunk = kChunk}};
  std::map<std::string, Known> known_;
  std::map<std::string, qualification::Row> rows_;
  std::int64_t latest_us_ = clock_.NowMicros();
  std::int64_t watermark_us_ = 0;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(PruningHistory);

TEST_P(PruningHistory, NothingIsDeletedThatSomebodyMayStillAskAbout) {
  for (unsigned seed = 1; seed <= 6 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    random_.seed(seed);
    for (int step = 0; step < 120 && !HasFailure(); ++step) {
      Step();
      Check();
    }
    // What is over at the end of the steps, though something older was open all along.
    const std::size_t before = Deleted();
    FinishAll();
    Check();
    EXPECT_GT(Deleted(), before);
  }
  EXPECT_GT(Deleted(), 10u) << "the histories are too short to say anything";
}

}  // namespace
}  // namespace quartet::test
