// Several replicas of one service over one database and a real Redis: what they
// cost, and how quickly work moves.
#include <charconv>
#include <chrono>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/events/redis/bus.h"
#include "tests/support/database_backend.h"
#include "tests/support/event_service.h"
#include "tests/support/eventually.h"
#include "tests/support/replica.h"
#include "tests/support/servers/redis_server.h"

namespace quartet::test {
namespace {

using std::chrono::milliseconds;
using ::testing::SizeIs;

constexpr const char* kCommands = "lead.commands";
constexpr int kPartitions = 4;

class ReplicasRedisTest : public EveryDatabase {
 protected:
  Replica& Add() {
    replicas_.push_back(std::make_unique<Replica>(
        bus_, service_.database(), clock_, ids_, handled_, kCommands,
        events::LeaseOptions{.interval = milliseconds(100)}, events::RelayOptions{.tick = milliseconds(100)},
        events::ConsumerOptions{
            .receive_timeout = milliseconds(100), .tick = milliseconds(100), .takeover_idle = milliseconds(200)}));
    return *replicas_.back();
  }
  std::set<std::string> Say(Replica& replica, const std::string& prefix, int count) {
    std::set<std::string> ids;
    std::vector<events::Message> messages;
    for (int i = 0; i < count; ++i) {
      messages.push_back(EventService::MakeMessage(kCommands, prefix + std::to_string(i)));
      ids.insert(messages.back().id);
    }
    replica.Say(messages);
    return ids;
  }
  bool AllHandled(const std::set<std::string>& ids) {
    const auto times = handled_.times();
    return std::all_of(ids.begin(), ids.end(), [&](const std::string& id) { return times.contains(id); });
  }
  // How many commands about streams Redis has served.
  std::int64_t StreamCommands() {
    const std::string stats = redis_.Command({"INFO", "commandstats"});
    std::int64_t sum = 0;
    constexpr std::string_view kStart = "cmdstat_x";
    constexpr std::string_view kCalls = "calls=";
    for (std::size_t at = stats.find(kStart); at != std::string::npos; at = stats.find(kStart, at + 1)) {
      const std::size_t calls = stats.find(kCalls, at) + kCalls.size();
      std::int64_t count = 0;
      std::from_chars(stats.data() + calls, stats.data() + stats.size(), count);
      sum += count;
    }
    return sum;
  }

  SystemClock clock_;
  RedisServer redis_;
  events::RedisBus bus_{{.address = redis_.address(), .partitions = kPartitions}};
  EventService service_{bus_, clock_, GetParam()};
  UuidV7Source ids_{clock_, 11};
  Handled handled_;
  std::vector<std::unique_ptr<Replica>> replicas_;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(ReplicasRedisTest);

TEST_P(ReplicasRedisTest, TheWorkPerMessageDoesNotGrowWithReplicas) {
  constexpr int kMessages = 2'000;
  struct Cost {
    double commands = 0;
    double statements = 0;
  };
  std::vector<Cost> costs;
  for (const int count : {1, 2, 4}) {
    while (replicas_.size() < static_cast<std::size_t>(count)) Add();
    // Connections, groups, a view of each other.
    for (int round = 0; round < 2; ++round) {
      for (const auto& replica : replicas_) replica->Step();
    }
    handled_.Forget();
    const std::int64_t commands = StreamCommands();
    const std::uint64_t statements = service_.database().Counters().statements;
    for (int i = 0; i < count; ++i) {
      Say(*replicas_[static_cast<std::size_t>(i)], fmt::format("{}/{}/", count, i), kMessages / count);
    }
    EXPECT_TRUE(Eventually([&] {
      std::int64_t held = 0;
      for (const auto& replica : replicas_) {
        replica->Publish();
        held += replica->relay().stats().batches_held;
      }
      return held == 0;
    })) << "published and deleted";
    for (const auto& replica : replicas_) replica->Consume();
    ASSERT_THAT(handled_.times(), SizeIs(kMessages));
    costs.push_back(
        {.commands = static_cast<double>(StreamCommands() - commands) / kMessages,
         .statements = static_cast<double>(service_.database().Counters().statements - statements) / kMessages});
    RecordProperty("commands_per_message_" + std::to_string(count), std::to_string(costs.back().commands));
    RecordProperty("statements_per_message_" + std::to_string(count), std::to_string(costs.back().statements));
  }
  for (const Cost& cost : costs) {
    // One XADD for each; reads and acknowledgements by the hundred.
    EXPECT_LT(cost.commands, 1.2);
    // Each row is written and deleted.
    EXPECT_LT(cost.statements, 2.2);
    EXPECT_LE(cost.commands, costs.front().commands * 1.05);
    EXPECT_LE(cost.statements, costs.front().statements * 1.05);
  }
}

TEST_P(ReplicasRedisTest, WorkMovesToANewReplicaAndFromOneThatStops) {
  Add().Start();
  auto said = Say(*replicas_[0], "alone/", 50);
  EXPECT_TRUE(Eventually([&] { return AllHandled(said); }));
  Add().Start();
  EXPECT_TRUE(Eventually([&] { return replicas_[0]->lease().Now()->live.size() == 2; }));
  EXPECT_TRUE(Eventually([&] {
    handled_.Forget();
    const auto more = Say(*replicas_[0], "more/", 50);
    EXPECT_TRUE(Eventually([&] { return AllHandled(more); }));
    std::set<std::int64_t> busy;
    for (const auto& [key, slots] : handled_.slots()) busy.insert(slots.begin(), slots.end());
    return busy.size() == 2;
  }));
  replicas_[0]->Stop();
  said = Say(*replicas_[1], "left/", 50);
  EXPECT_TRUE(Eventually([&] { return AllHandled(said); }));
}

TEST_P(ReplicasRedisTest, NothingIsLostWhenReplicasDieInTheMiddle) {
  Add().Start();
  Add().Start();
  Replica& dying = Add();
  dying.Refuse(true);  // what it reads stays in its hands
  dying.Start();
  EXPECT_TRUE(Eventually([&] { return replicas_[0]->lease().Now()->live.size() == 3; }));
  auto said = Say(*replicas_[0], "before/", 100);
  said.merge(Say(dying, "its own/", 20));
  EXPECT_TRUE(Eventually([&] { return dying.consumer().stats().retries > 0; }));
  dying.Die();
  EXPECT_TRUE(Eventually([&] { return AllHandled(said); }));
  EXPECT_TRUE(Eventually([&] { return service_.Count("outbox") == 0; }));
}

}  // namespace
}  // namespace quartet::test
