// What only a real Redis Cluster can show: slots that move and masters that die while
// messages are under way.
#include <chrono>
#include <memory>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/events/redis/bus.h"
#include "common/events/redis/entry.h"
#include "common/events/redis/servers/slots.h"
#include "tests/integration/redis/ordered_load.h"
#include "tests/support/eventually.h"
#include "tests/support/servers/redis_cluster_servers.h"

namespace quartet::test {
namespace {

using events::RedisBus;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int kPartitions = 6;
constexpr const char* kTopic = "lead.commands";

RedisBus Connect(const RedisClusterServers& servers, config::RedisAddress address = {}) {
  if (address.kind != config::RedisAddress::Kind::kCluster) address = servers.address();
  return RedisBus({.address = address, .partitions = kPartitions, .command_timeout = milliseconds(2'000)});
}

std::set<int> SlotsOf(const std::string& topic) {
  std::set<int> slots;
  for (int i = 0; i < kPartitions; ++i) slots.insert(events::SlotOf(events::StreamKey(topic, i, kPartitions)));
  return slots;
}

// One for the tests that leave it as it was.
RedisClusterServers& Shared() {
  static RedisClusterServers servers;
  return servers;
}

TEST(RedisCluster, PartitionsLieOnEveryMaster) {
  std::set<int> owners;
  for (const int slot : SlotsOf(kTopic)) owners.insert(Shared().OwnerOf(slot));
  EXPECT_EQ(owners.size(), 3U) << "or the other tests show less than they say";
}

TEST(RedisCluster, ASlotIsComputedAsRedisDoes) {
  for (const std::string key : {"quartet:{lead.commands.0}", "plain", "{}empty", "a{b}c{d}", "open{", "{x"}) {
    EXPECT_EQ(events::SlotOf(key), KeySlot(Shared().server(0), key)) << key;
  }
}

TEST(RedisCluster, AnyNodeLeadsToTheWholeCluster) {
  for (const config::Address& seed : Shared().address().hosts) {
    RedisBus bus = Connect(Shared(), {.kind = config::RedisAddress::Kind::kCluster, .hosts = {seed}});
    EXPECT_TRUE(bus.Check().ok()) << seed.port;
  }
}

TEST(RedisCluster, NoMasterAndNoReplicaMayEvict) {
  RedisBus bus = Connect(Shared());
  // A replica shows in the map once it has copied something.
  for (int i = 0; i < kPartitions; ++i) {
    const std::string key = events::StreamKey("evicting.commands", i, kPartitions);
    Shared().Command(key, {"SET", key, "something"});
  }
  EXPECT_TRUE(bus.Check().ok());
  for (int i = 0; i < RedisClusterServers::kServers; ++i) {
    Shared().server(i).Command({"CONFIG", "SET", "maxmemory-policy", "volatile-ttl"});
    std::string reason;
    EXPECT_TRUE(Eventually([&] {
      const Status checked = bus.Check();
      reason = checked.ok() ? "" : checked.error().reason;
      return !checked.ok();
    })) << "server "
        << i;
    EXPECT_EQ(reason, "BROKER_MAY_EVICT");
    Shared().server(i).Command({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  }
  EXPECT_TRUE(bus.Check().ok());
}

TEST(RedisCluster, AServerThatIsNoClusterIsRefused) {
  const RedisServer single;
  config::RedisAddress address = single.address();
  address.kind = config::RedisAddress::Kind::kCluster;
  EXPECT_THAT(Connect(Shared(), address).Check().error().message, HasSubstr("cluster support disabled"));
}

TEST(RedisCluster, SlotsThatMoveUnderLoadLoseNothingAndKeepTheOrder) {
  RedisBus publishers = Connect(Shared());
  RedisBus consumers = Connect(Shared());
  OrderedLoad load(publishers, consumers, "moved.commands");
  ASSERT_TRUE(load.Passed(500));
  // Each partition goes round all masters.
  for (int turn = 0; turn < 2 * RedisClusterServers::kMasters; ++turn) {
    for (const int slot : SlotsOf("moved.commands")) {
      Shared().MoveSlot(slot, (Shared().OwnerOf(slot) + 1) % RedisClusterServers::kMasters);
    }
    ASSERT_TRUE(load.Passed(500)) << "turn " << turn << ", failures " << load.failures();
  }
  EXPECT_TRUE(load.Drain()) << load.arrived() << " of " << load.confirmed() << " came";
  EXPECT_THAT(load.overtaken(), IsEmpty());
}

TEST(RedisCluster, ASlotThatIsOnItsWayIsServed) {
  RedisBus bus = Connect(Shared());
  OrderedLoad load(bus, bus, "slow.commands");
  ASSERT_TRUE(load.Passed(200));
  const int slot = *SlotsOf("slow.commands").begin();
  const int to = (Shared().OwnerOf(slot) + 1) % RedisClusterServers::kMasters;
  Shared().MoveKeys(slot, to);
  EXPECT_TRUE(load.Passed(1'000)) << "its keys are over there, the slot is not yet";
  Shared().FinishMove(slot, to);
  EXPECT_TRUE(load.Passed(1'000));
  EXPECT_TRUE(load.Drain());
  EXPECT_THAT(load.overtaken(), IsEmpty());
}

TEST(RedisCluster, AMasterThatDiesUnderLoadIsReplacedAndTheOrderStays) {
  RedisClusterServers servers(milliseconds(1'000));
  RedisBus publishers = Connect(servers);
  RedisBus consumers = Connect(servers);
  OrderedLoad load(publishers, consumers, kTopic);
  ASSERT_TRUE(load.Passed(500));
  servers.server(0).Kill();
  ASSERT_TRUE(load.Passed(2'000)) << "failures " << load.failures();
  EXPECT_GT(load.failures(), 0);
  EXPECT_THAT(load.overtaken(), IsEmpty());
  // It comes back as the replica of its successor.
  servers.server(0).Restart();
  EXPECT_TRUE(servers.Settle());
  EXPECT_TRUE(load.Passed(500));
  EXPECT_THAT(load.overtaken(), IsEmpty());
}

}  // namespace
}  // namespace quartet::test
