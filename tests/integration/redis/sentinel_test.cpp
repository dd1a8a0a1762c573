// What only real Sentinels can show: who is master, and who is it after that one died.
#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/events/redis/bus.h"
#include "tests/integration/redis/ordered_load.h"
#include "tests/support/eventually.h"
#include "tests/support/servers/redis_sentinel_servers.h"

namespace quartet::test {
namespace {

using events::RedisBus;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kTopic = "lead.commands";

RedisSentinelServers& Shared() {
  static RedisSentinelServers servers;
  return servers;
}

TEST(RedisSentinel, OneSentinelThatAnswersIsEnough) {
  config::RedisAddress address = Shared().address();
  address.hosts.insert(address.hosts.begin(), {.host = "127.0.0.1", .port = FreePort()});
  EXPECT_TRUE(RedisBus({.address = address}).Check().ok());
}

TEST(RedisSentinel, AnUnknownNameIsToldWithWhoWasAsked) {
  config::RedisAddress address = Shared().address();
  address.master_name = "other";
  const Status checked = RedisBus({.address = address}).Check();
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code, Code::kUnavailable);
  EXPECT_THAT(checked.error().message, HasSubstr("knows no master 'other'"));
}

TEST(RedisSentinel, NoReplicaMayEvict) {
  RedisBus bus({.address = Shared().address()});
  EXPECT_TRUE(bus.Check().ok());
  Shared().replica().Command({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  EXPECT_EQ(bus.Check().error().reason, "BROKER_MAY_EVICT");
  Shared().replica().Command({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
}

TEST(RedisSentinel, APasswordLetsIn) {
  RedisSentinelServers& servers = Shared();
  servers.master().Command({"ACL", "SETUSER", "ann", "on", ">secret", "~*", "&*", "+@all"});
  config::RedisAddress address = servers.master().address();
  address.user = "ann";
  address.password = "secret";
  EXPECT_TRUE(RedisBus({.address = address}).Check().ok());
  address.password = "wrong-one";
  const Status refused = RedisBus({.address = address}).Check();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("WRONGPASS"));
  EXPECT_THAT(refused.error().message, testing::Not(HasSubstr("wrong-one")));
}

// Last, for it leaves others in their places.
TEST(RedisSentinel, AMasterThatDiesUnderLoadIsReplacedAndTheOrderStays) {
  RedisSentinelServers& servers = Shared();
  RedisBus publishers({.address = servers.address()});
  RedisBus consumers({.address = servers.address()});
  OrderedLoad load(publishers, consumers, kTopic);
  ASSERT_TRUE(load.Passed(500));
  RedisServer& former = servers.master();
  former.Kill();
  servers.sentinel(0).Kill();
  ASSERT_TRUE(load.Passed(2'000)) << "failures " << load.failures();
  EXPECT_GT(load.failures(), 0);
  EXPECT_NE(&servers.master(), &former);
  EXPECT_THAT(load.overtaken(), IsEmpty());
}

}  // namespace
}  // namespace quartet::test
