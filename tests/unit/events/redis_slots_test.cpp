#include <gtest/gtest.h>

#include "common/events/redis/servers/slots.h"

namespace quartet::events {
namespace {

const config::Address kAsked{.host = "10.0.0.1", .port = 6379};

TEST(RedisSlots, AKeyLiesWhereTheSpecificationSays) {
  // From the cluster specification: CRC16 of "123456789" is 0x31C3.
  EXPECT_EQ(SlotOf("123456789"), 0x31C3);
  EXPECT_EQ(SlotOf("foo{123456789}bar"), 0x31C3);
  EXPECT_EQ(SlotOf("{123456789}{other}"), 0x31C3);
  EXPECT_EQ(SlotOf(""), 0);
}

TEST(RedisSlots, ATagKeepsKeysTogether) {
  EXPECT_EQ(SlotOf("quartet:{lead.commands.3}"), SlotOf("quartet:{lead.commands.3}:dead"));
  EXPECT_NE(SlotOf("{}a"), SlotOf("{}b")) << "an empty tag is none";
}

TEST(RedisSlots, ARedirectSaysWhereAndForHowLong) {
  const auto moved = ParseRedirect("MOVED 3999 127.0.0.1:6381", kAsked);
  ASSERT_TRUE(moved.has_value());
  EXPECT_FALSE(moved->ask);
  EXPECT_EQ(moved->slot, 3999);
  EXPECT_EQ(moved->server, (config::Address{.host = "127.0.0.1", .port = 6381}));
  const auto ask = ParseRedirect("ASK 1 2001:db8::1:6381", kAsked);
  ASSERT_TRUE(ask.has_value());
  EXPECT_TRUE(ask->ask);
  EXPECT_EQ(ask->server, (config::Address{.host = "2001:db8::1", .port = 6381}));
}

TEST(RedisSlots, AServerThatIsNotNamedIsWhereTheAnswerCameFrom) {
  EXPECT_EQ(ParseRedirect("MOVED 3999 :6381", kAsked)->server, (config::Address{.host = "10.0.0.1", .port = 6381}));
  EXPECT_EQ(ParseRedirect("MOVED 3999 ?:6381", kAsked)->server, (config::Address{.host = "10.0.0.1", .port = 6381}));
}

TEST(RedisSlots, AnythingElseIsNoRedirect) {
  for (const char* text : {"", "MOVED", "MOVED 1", "MOVED x a:1", "MOVED 16384 a:1", "MOVED -1 a:1", "MOVED 1 a:b",
                           "ASKING 1 a:1", "CLUSTERDOWN The cluster is down", "ERR MOVED 1 a:1"}) {
    EXPECT_FALSE(ParseRedirect(text, kAsked).has_value()) << text;
  }
}

}  // namespace
}  // namespace quartet::events
