// Several replicas of one service over one database and one broker.
#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/events/memory_bus.h"
#include "tests/support/database_backend.h"
#include "tests/support/event_service.h"
#include "tests/support/replica.h"

namespace quartet::test {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr const char* kCommands = "lead.commands";
constexpr const char* kEvents = "lead.events";
constexpr std::int64_t kSecond = 1'000'000;

class ReplicasTest : public EveryDatabase {
 protected:
  Replica& Add() {
    replicas_.push_back(std::make_unique<Replica>(bus_, service_.database(), clock_, ids_, handled_, kCommands));
    return *replicas_.back();
  }
  // Ends it without a word, with all that it has in memory. It goes on existing,
  // as the process does that is only paused.
  std::unique_ptr<Replica> Kill(std::size_t index) {
    auto dead = std::move(replicas_[index]);
    replicas_.erase(replicas_.begin() + static_cast<std::ptrdiff_t>(index));
    return dead;
  }
  void Run() {
    for (const auto& replica : replicas_) replica->Step();
  }
  // A renewal every second, and twice as many steps.
  void RunFor(std::int64_t us) {
    for (std::int64_t passed = 0; passed < us; passed += kSecond) {
      Run();
      clock_.Advance(kSecond / 2);
      for (const auto& replica : replicas_) {
        replica->Publish();
        replica->Consume();
      }
      clock_.Advance(kSecond / 2);
    }
  }
  // Each replica says `count` things.
  std::set<std::string> SayAll(const char* topic, const std::string& prefix, int count) {
    std::set<std::string> ids;
    for (std::size_t r = 0; r < replicas_.size(); ++r) {
      for (int i = 0; i < count; ++i) {
        const std::string id = prefix + std::to_string(r) + "-" + std::to_string(i);
        replicas_[r]->Say(EventService::MakeMessage(topic, id));
        ids.insert(id);
      }
    }
    return ids;
  }
  void ExpectEachHandledOnce(const std::set<std::string>& ids) {
    const auto times = handled_.times();
    EXPECT_THAT(times, SizeIs(ids.size()));
    for (const auto& [id, count] : times) EXPECT_EQ(count, 1) << id;
  }
  std::vector<std::string> Published(const char* topic) { return IdsOf(bus_.Messages(topic)); }

  static constexpr int kPartitions = 4;
  ManualClock clock_;
  events::MemoryBus bus_{clock_, kPartitions};
  EventService service_{bus_, clock_, GetParam()};
  UuidV7Source ids_{clock_, 11};
  Handled handled_;
  std::vector<std::unique_ptr<Replica>> replicas_;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(ReplicasTest);

TEST_P(ReplicasTest, TheyDivideThePartitionsAndHandleEverythingOnce) {
  for (int count = 1; count <= kPartitions + 1; ++count) {
    Add();
    RunFor(2 * kSecond);
    handled_.Forget();
    const auto said = SayAll(kCommands, std::to_string(count) + "/", 50);
    RunFor(3 * kSecond);
    ExpectEachHandledOnce(said);
    std::set<std::int64_t> busy;
    for (const auto& [key, slots] : handled_.slots()) {
      EXPECT_THAT(slots, SizeIs(1)) << key << " has one reader";
      busy.insert(slots.begin(), slots.end());
    }
    EXPECT_THAT(busy, SizeIs(std::min(count, kPartitions)));
  }
  EXPECT_EQ(service_.Count("outbox"), 0);
}

TEST_P(ReplicasTest, ANewOneTakesItsShareWithinSeconds) {
  Add();
  RunFor(2 * kSecond);
  Add();
  RunFor(kSecond);
  const auto said = SayAll(kCommands, "", 50);
  RunFor(kSecond);
  ExpectEachHandledOnce(said);
  std::set<std::int64_t> busy;
  for (const auto& [key, slots] : handled_.slots()) busy.insert(slots.begin(), slots.end());
  EXPECT_THAT(busy, UnorderedElementsAre(0, 1));
}

TEST_P(ReplicasTest, WhatADeadOneWouldHaveReadAndWhatItHeldIsHandledWithinSeconds) {
  Add();
  Add();
  RunFor(2 * kSecond);
  replicas_[0]->Refuse(true);
  auto said = SayAll(kCommands, "before/", 20);
  Run();
  // Its rows are gone, or they would be published again.
  clock_.Advance(kSecond / 10);
  Run();
  const auto dead = Kill(0);
  EXPECT_LT(handled_.times().size(), said.size()) << "it holds some";
  said.merge(SayAll(kCommands, "after/", 20));
  RunFor(6 * kSecond);
  ExpectEachHandledOnce(said);
}

TEST_P(ReplicasTest, OneThatStopsHandsOverAtOnce) {
  Add();
  Add();
  RunFor(2 * kSecond);
  ASSERT_TRUE(replicas_[0]->lease().Leave().ok());
  const auto stopped = Kill(0);
  const auto said = SayAll(kCommands, "", 50);
  Run();
  ExpectEachHandledOnce(said);
}

TEST_P(ReplicasTest, APausedOneThatWakesDoesNoHarm) {
  Add();
  Add();
  RunFor(2 * kSecond);
  auto said = SayAll(kCommands, "before/", 20);
  auto paused = Kill(0);
  RunFor(10 * kSecond);
  Add();  // it has the slot now
  RunFor(2 * kSecond);
  // It goes on where it was, before it knows: it says more, and publishes all that it has.
  paused->Say(EventService::MakeMessage(kCommands, "woken"));
  said.insert("woken");
  paused->Publish();
  paused->Consume();
  replicas_.push_back(std::move(paused));
  RunFor(5 * kSecond);
  const auto times = handled_.times();
  for (const std::string& id : said) EXPECT_TRUE(times.contains(id)) << id;
  EXPECT_EQ(service_.Count("outbox"), 0);
  std::set<std::int64_t> slots;
  for (const auto& replica : replicas_) slots.insert(replica->lease().Now()->slot);
  EXPECT_THAT(slots, UnorderedElementsAre(0, 1, 2));

  handled_.Forget();
  const auto later = SayAll(kCommands, "later/", 20);
  RunFor(3 * kSecond);
  ExpectEachHandledOnce(later);
}

TEST_P(ReplicasTest, RowsOfADeadOneArePublishedByTheLeader) {
  for (int i = 0; i < 3; ++i) Add();
  RunFor(2 * kSecond);
  replicas_[1]->Say(EventService::MakeMessage(kCommands, "orphan"));
  const auto dead = Kill(1);
  RunFor(3 * kSecond);
  EXPECT_THAT(handled_.times(), IsEmpty()) << "it may only be slow";
  RunFor(5 * kSecond);
  ExpectEachHandledOnce({"orphan"});
  EXPECT_EQ(service_.Count("outbox"), 0);
}

TEST_P(ReplicasTest, ThroughAnOutageEachPublishesItsOwnRowsAndOnlyThose) {
  for (int i = 0; i < 3; ++i) Add();
  RunFor(2 * kSecond);
  bus_.SetDown(true);
  const auto said = SayAll(kCommands, "", 20);
  for (int second = 0; second < 20; ++second) {
    for (const auto& replica : replicas_) {
      replica->Renew();
      replica->Publish();
    }
    clock_.Advance(kSecond);
  }
  bus_.SetDown(false);
  RunFor(5 * kSecond);
  ExpectEachHandledOnce(said);
  EXPECT_EQ(service_.Count("outbox"), 0);
}

TEST_P(ReplicasTest, ANewReplicasRowsAreNotTakenForThoseOfADeadOne) {
  Add();
  RunFor(2 * kSecond);
  Add();
  // The first has not looked since, and the row is old enough to be swept.
  replicas_[1]->Say(EventService::MakeMessage(kCommands, "young"));
  clock_.Advance(2 * kSecond);
  replicas_[0]->Publish();
  RunFor(3 * kSecond);
  ExpectEachHandledOnce({"young"});
}

TEST_P(ReplicasTest, EventsAreRepublishedOnceAfterALossAndNotWithoutOne) {
  for (int i = 0; i < 3; ++i) Add();
  RunFor(20 * kSecond);
  const auto said = SayAll(kEvents, "", 10);
  RunFor(40 * kSecond);
  EXPECT_THAT(Published(kEvents), SizeIs(said.size()));
  bus_.Wipe();
  RunFor(3 * kSecond);
  EXPECT_THAT(Published(kEvents), SizeIs(said.size())) << "all replicas' events, by one of them";
  RunFor(20 * kSecond);
  EXPECT_THAT(Published(kEvents), SizeIs(said.size()));
}

TEST_P(ReplicasTest, ALossIsFoundAlsoIfTheLeaderHasDied) {
  for (int i = 0; i < 3; ++i) Add();
  RunFor(20 * kSecond);
  const auto said = SayAll(kEvents, "", 10);
  RunFor(40 * kSecond);
  const auto dead = Kill(0);
  bus_.Wipe();
  RunFor(10 * kSecond);
  const auto published = Published(kEvents);
  EXPECT_EQ(std::set<std::string>(published.begin(), published.end()), said);
}

// The marker must not pass what another replica still has to publish.
TEST_P(ReplicasTest, WhatAnotherPublishesLateIsNotLostByAFailover) {
  Add();
  Add();
  RunFor(30 * kSecond);
  replicas_[1]->Say(EventService::MakeMessage(kEvents, "late"));
  for (int second = 0; second < 60; ++second) {
    replicas_[0]->Step();
    replicas_[1]->Renew();
    clock_.Advance(kSecond);
  }
  bus_.Checkpoint();
  RunFor(3 * kSecond);
  EXPECT_THAT(Published(kEvents), Contains("late"));
  bus_.Rewind();
  EXPECT_THAT(Published(kEvents), IsEmpty());
  // A failover breaks the connections.
  bus_.SetDown(true);
  RunFor(2 * kSecond);
  bus_.SetDown(false);
  RunFor(20 * kSecond);
  EXPECT_THAT(Published(kEvents), Contains("late"));
  EXPECT_EQ(service_.Count("outbox"), 0);
}

}  // namespace
}  // namespace quartet::test
