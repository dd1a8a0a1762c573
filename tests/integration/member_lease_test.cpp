#include "common/events/membership/member_lease.h"

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/events/outbox/outbox.h"
#include "common/storage/database.h"
#include "tests/support/database_backend.h"

namespace quartet::test {
namespace {

using events::MemberLease;
using ::testing::ElementsAre;

// A database that can be out of reach for one of those that share it.
class Reach final : public storage::Database {
 public:
  explicit Reach(storage::Database& database) : database_(database) {}
  void Cut(bool cut) { cut_ = cut; }

  void Enqueue(storage::WriteOperation operation) override {
    if (cut_) return operation.done(Unavailable("DATABASE_UNAVAILABLE", "cut off", std::chrono::milliseconds(1)));
    database_.Enqueue(std::move(operation));
  }
  Status Read(const std::function<Status(storage::Transaction&)>& run) override {
    if (cut_) return Unavailable("DATABASE_UNAVAILABLE", "cut off", std::chrono::milliseconds(1));
    return database_.Read(run);
  }
  void Close() override {}
  storage::DatabaseCounters Counters() const override { return database_.Counters(); }

 private:
  storage::Database& database_;
  bool cut_ = false;
};

class MemberLeaseTest : public EveryDatabase {
 protected:
  MemberLeaseTest() { EXPECT_TRUE(events::MigrateEvents(*database_, clock_).ok()); }

  std::unique_ptr<MemberLease> Join(const std::string& place = "") {
    auto lease = std::make_unique<MemberLease>(*database_, ids_, events::LeaseOptions{.place = place, .misses_max = 3});
    EXPECT_TRUE(lease->Join().ok());
    return lease;
  }
  // What a replica sees after it has renewed.
  static std::vector<std::int64_t> Renew(MemberLease& lease) {
    EXPECT_TRUE(lease.Renew().ok());
    return lease.Now()->live;
  }
  // Takes its thread of life without a word.
  void Kill(std::unique_ptr<MemberLease>& lease) { graves_.push_back(std::move(lease)); }

  ManualClock clock_;
  UuidV7Source ids_{clock_, 1};
  const std::unique_ptr<DatabaseBackend> backend_ = GetParam().make();
  std::unique_ptr<storage::Database> database_ = backend_->Open().value();
  std::vector<std::unique_ptr<MemberLease>> graves_;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(MemberLeaseTest);

TEST_P(MemberLeaseTest, TheFirstIsAloneAndLeads) {
  const auto only = Join();
  EXPECT_EQ(only->Now()->slot, 0);
  EXPECT_TRUE(only->Now()->leads());
  EXPECT_EQ(only->Now()->share(), events::Share());
  EXPECT_THAT(Renew(*only), ElementsAre(0));
}

TEST_P(MemberLeaseTest, EachTakesTheLowestFreeSlot) {
  const auto first = Join();
  auto second = Join();
  const auto third = Join();
  EXPECT_EQ(second->Now()->slot, 1);
  EXPECT_EQ(third->Now()->slot, 2);
  ASSERT_TRUE(second->Leave().ok());
  EXPECT_EQ(Join()->Now()->slot, 1);
}

TEST_P(MemberLeaseTest, AllAgreeAfterOneRenewal) {
  const auto first = Join();
  const auto second = Join();
  const auto third = Join();
  for (MemberLease* lease : {first.get(), second.get(), third.get()}) EXPECT_THAT(Renew(*lease), ElementsAre(0, 1, 2));
  EXPECT_EQ(second->Now()->share(), (events::Share{.rank = 1, .of = 3}));
  EXPECT_TRUE(first->Now()->leads());
  EXPECT_FALSE(second->Now()->leads());

  ASSERT_TRUE(first->Leave().ok());
  EXPECT_THAT(Renew(*third), ElementsAre(1, 2));
  EXPECT_EQ(third->Now()->share(), (events::Share{.rank = 1, .of = 2}));
  EXPECT_THAT(Renew(*second), ElementsAre(1, 2));
  EXPECT_TRUE(second->Now()->leads());
}

TEST_P(MemberLeaseTest, AViewThatStaysKeepsItsVersion) {
  const auto first = Join();
  const auto second = Join();
  Renew(*first);
  const auto view = first->Now();
  Renew(*first);
  Renew(*second);
  Renew(*first);
  EXPECT_EQ(first->Now()->version, view->version);
  ASSERT_TRUE(second->Leave().ok());
  Renew(*first);
  EXPECT_NE(first->Now()->version, view->version);
}

TEST_P(MemberLeaseTest, ADeadOnesSlotIsFreeAfterAFewLooks) {
  auto dead = Join();
  const auto other = Join();
  Renew(*other);
  Kill(dead);
  EXPECT_THAT(Renew(*other), ElementsAre(0, 1));
  EXPECT_THAT(Renew(*other), ElementsAre(0, 1)) << "it may only be slow";
  EXPECT_THAT(Renew(*other), ElementsAre(1));
  EXPECT_EQ(Join()->Now()->slot, 0);
}

TEST_P(MemberLeaseTest, ASlowOneIsNotDead) {
  const auto slow = Join();
  const auto quick = Join();
  for (int i = 0; i < 20; ++i) {
    Renew(*quick);
    EXPECT_THAT(Renew(*quick), ElementsAre(0, 1));
    Renew(*slow);
  }
  EXPECT_EQ(slow->Now()->slot, 0);
}

TEST_P(MemberLeaseTest, OneThatWakesFromAPauseTakesANewSlotAndBuriesNobody) {
  const auto paused = Join();
  const auto other = Join();
  for (int i = 0; i < 5; ++i) Renew(*other);
  const auto heir = Join();
  ASSERT_EQ(heir->Now()->slot, 0);
  EXPECT_EQ(paused->Now()->slot, 0) << "as it believes";

  EXPECT_THAT(Renew(*paused), ElementsAre(0, 1, 2));
  EXPECT_EQ(paused->Now()->slot, 2);
  EXPECT_THAT(Renew(*heir), ElementsAre(0, 1, 2));
  EXPECT_THAT(Renew(*other), ElementsAre(0, 1, 2));
  EXPECT_EQ(heir->Now()->slot, 0);
}

TEST_P(MemberLeaseTest, ARestartInTheSamePlaceGetsItsSlotBackAtOnce) {
  auto crashed = Join("here");
  const auto other = Join("there");
  Kill(crashed);
  const auto restarted = Join("here");
  EXPECT_EQ(restarted->Now()->slot, 0);
  EXPECT_THAT(Renew(*other), ElementsAre(0, 1));
}

TEST_P(MemberLeaseTest, TwoThatClaimOnePlaceBothLive) {
  const auto one = Join("here");
  const auto namesake = Join("here");
  for (int i = 0; i < 5; ++i) {
    Renew(*one);
    Renew(*namesake);
  }
  EXPECT_EQ(namesake->Now()->slot, 0);
  EXPECT_EQ(one->Now()->slot, 1);
  EXPECT_THAT(namesake->Now()->live, ElementsAre(0, 1));
}

TEST_P(MemberLeaseTest, WhileTheDatabaseIsOutOfReachTheViewStays) {
  Reach reach(*database_);
  MemberLease cut_off(reach, ids_, {.misses_max = 3});
  ASSERT_TRUE(cut_off.Join().ok());
  const auto other = Join();
  Renew(cut_off);
  reach.Cut(true);
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(cut_off.Renew().ok());
  EXPECT_THAT(cut_off.Now()->live, ElementsAre(0, 1));
  reach.Cut(false);
  Renew(*other);
  EXPECT_THAT(Renew(cut_off), ElementsAre(0, 1));
}

TEST_P(MemberLeaseTest, ManyWhoJoinAtOnceGetASlotEach) {
  constexpr int kMany = 8;
  std::vector<std::unique_ptr<MemberLease>> leases(kMany);
  std::vector<std::thread> threads;
  threads.reserve(kMany);
  for (auto& lease : leases) threads.emplace_back([&] { lease = Join(); });
  for (std::thread& thread : threads) thread.join();
  std::set<std::int64_t> slots;
  for (const auto& lease : leases) slots.insert(lease->Now()->slot);
  EXPECT_THAT(slots, ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST_P(MemberLeaseTest, ARunningLeaseIsRenewedAndGivenBack) {
  {
    MemberLease running(*database_, ids_, {.interval = std::chrono::milliseconds(1), .misses_max = 3});
    ASSERT_TRUE(running.Join().ok());
    running.Start();
    const auto other = Join();
    while (running.Now()->live.size() < 2) std::this_thread::yield();
    EXPECT_EQ(running.Now()->slot, 0);
  }
  EXPECT_EQ(Join()->Now()->slot, 0);
}

}  // namespace
}  // namespace quartet::test
