#include "common/config/redis_address.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartet::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Kind = RedisAddress::Kind;

RedisAddress Good(std::string_view text) {
  auto parsed = ParseRedisAddress(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed.ok() ? std::move(parsed).value() : RedisAddress();
}

TEST(RedisAddress, OneServerNeedsNoScheme) {
  for (const char* text :
       {"redis.example.com:6379", "redis://redis.example.com:6379", "redis://redis.example.com:6379/"}) {
    const RedisAddress address = Good(text);
    EXPECT_EQ(address.kind, Kind::kServer);
    EXPECT_THAT(address.hosts, ElementsAre(Address{.host = "redis.example.com", .port = 6379}));
    EXPECT_FALSE(address.tls);
    EXPECT_EQ(address.ToString(), "redis.example.com:6379");
  }
}

TEST(RedisAddress, AClusterIsNamedByAnyOfItsNodes) {
  const RedisAddress address = Good("cluster://a:1,[::1]:2,10.0.0.3:3");
  EXPECT_EQ(address.kind, Kind::kCluster);
  EXPECT_THAT(address.hosts, ElementsAre(Address{.host = "a", .port = 1}, Address{.host = "::1", .port = 2},
                                         Address{.host = "10.0.0.3", .port = 3}));
  EXPECT_EQ(address.ToString(), "cluster://a:1,[::1]:2,10.0.0.3:3");
}

TEST(RedisAddress, SentinelsNameTheirMaster) {
  const RedisAddress address = Good("sentinel://a:26379,b:26379/main");
  EXPECT_EQ(address.kind, Kind::kSentinel);
  EXPECT_EQ(address.master_name, "main");
  EXPECT_EQ(address.ToString(), "sentinel://a:26379,b:26379/main");
}

TEST(RedisAddress, AnSBehindTheSchemeAsksForTls) {
  EXPECT_TRUE(Good("rediss://a:1").tls);
  EXPECT_TRUE(Good("sentinels://a:1/m").tls);
  EXPECT_TRUE(Good("clusters://a:1").tls);
  EXPECT_EQ(Good("rediss://a:1").ToString(), "rediss://a:1");
}

TEST(RedisAddress, CredentialsAreReadAndNeverShown) {
  const RedisAddress address = Good("cluster://ann:p%40ss%3a,w@rd@a:1,b:2");
  EXPECT_EQ(address.user, "ann");
  EXPECT_EQ(address.password, "p@ss:,w@rd");
  EXPECT_EQ(address.ToString(), "cluster://a:1,b:2");
  EXPECT_EQ(Good("redis://:secret@a:1").password, "secret");
  EXPECT_EQ(Good("redis://ann@a:1").user, "ann");
}

TEST(RedisAddress, ASocketIsNamedByItsPath) {
  const RedisAddress address = Good("unix:///run/redis/a b.sock");
  EXPECT_EQ(address.kind, Kind::kServer);
  EXPECT_THAT(address.hosts, ElementsAre(Address{.host = "/run/redis/a b.sock", .port = 0}));
  EXPECT_TRUE(IsSocket(address.hosts.front()));
  EXPECT_FALSE(address.tls);
  EXPECT_EQ(address.ToString(), "unix:///run/redis/a b.sock");
  EXPECT_EQ(Good("unix://:secret@/run/redis.sock").password, "secret");
  EXPECT_EQ(Good("unix://:secret@/run/redis.sock").ToString(), "unix:///run/redis.sock");
}

TEST(RedisAddress, ASocketsPathMustFitIntoAnAddress) {
  EXPECT_EQ(Good("unix:///" + std::string(106, 'a')).hosts.front().host.size(), 107U);
  EXPECT_FALSE(ParseRedisAddress("unix:///" + std::string(107, 'a')).ok());
}

TEST(RedisAddress, WhatIsWrongIsSaidWithoutTheSecret) {
  for (const char* text :
       {"", "a", "a:0", "a:70000", "http://a:1", "redist://a:1", "redis://a:1,b:2", "cluster://", "cluster://a:1,",
        "sentinel://a:1", "sentinel://a:1/", "redis://ann:secret@a", "redis://ann:secret%4@a:1",
        "redis://:secret%zz@a:1", "cluster://:secret@a:1,b", "unix://run/redis.sock", "unix://",
        "unixs:///run/redis.sock", "unix://ann:secret@redis.sock"}) {
    const auto parsed = ParseRedisAddress(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, Code::kInvalidArgument);
    EXPECT_THAT(ToString(parsed.error()), Not(HasSubstr("secret"))) << text;
  }
}

}  // namespace
}  // namespace quartet::config
