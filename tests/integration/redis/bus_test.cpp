// What only a real Redis can show: outages, refusals, and how things lie in it.
#include "common/events/redis/bus.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/eventually.h"
#include "tests/support/servers/redis_server.h"

namespace quartet::test {
namespace {

using events::Delivery;
using events::Message;
using events::RedisBus;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kTopic = "lead.commands";
constexpr const char* kKey = "quartet:{lead.commands.0/1}";
constexpr milliseconds kNoWait{0};

std::vector<Message> OneMessage(const std::string& id = "1", const std::string& data = "data") {
  return {{.id = id,
           .topic = kTopic,
           .type = "quartet.test.v1.Said",
           .source = "/test",
           .subject = "leads/1",
           .time_us = 1'700'000'000'000'000,
           .data = data}};
}

std::unique_ptr<RedisBus> Connect(const RedisServer& server) {
  return std::make_unique<RedisBus>(events::RedisOptions{.address = server.address(), .partitions = 1});
}

// Receives one message, however often the broker fails before.
std::vector<Delivery> ReceiveOne(events::Subscription& subscription) {
  std::vector<Delivery> deliveries;
  Eventually([&] {
    auto received = subscription.Receive(10, milliseconds(20));
    if (received.ok()) deliveries = std::move(*received);
    return !deliveries.empty();
  });
  return deliveries;
}

TEST(RedisBus, AnEntryIsReadableInRedis) {
  const RedisServer server;
  ASSERT_TRUE(Connect(server)->Publish(OneMessage()).ok());
  const std::string entry = server.Command({"XRANGE", kKey, "-", "+"});
  EXPECT_THAT(entry, HasSubstr("specversion\n1.0\nid\n1\ntype\nquartet.test.v1.Said\nsource\n/test\nsubject\nleads/1\n"
                               "time\n2023-11-14T22:13:20.000000Z\ndata\ndata\n"));
}

TEST(RedisBus, ARedisThatEvictsIsRefused) {
  const RedisServer server(false, {"--maxmemory-policy", "allkeys-lru"});
  const auto bus = Connect(server);
  const Status checked = bus->Check();
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code, Code::kFailedPrecondition);
  EXPECT_EQ(checked.error().reason, "BROKER_MAY_EVICT");
  EXPECT_THAT(checked.error().message, HasSubstr("allkeys-lru"));
  EXPECT_EQ(bus->Publish(OneMessage()).error().reason, "BROKER_MAY_EVICT");
  EXPECT_EQ(bus->Subscribe(kTopic, "lead", "0")->Receive(1, kNoWait).error().reason, "BROKER_MAY_EVICT");

  server.Command({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  EXPECT_TRUE(bus->Check().ok());
  EXPECT_TRUE(bus->Publish(OneMessage()).ok());
}

TEST(RedisBus, ARedisThatHidesItsSettingsIsTrusted) {
  const RedisServer server(false, {"--rename-command", "CONFIG", ""});
  EXPECT_TRUE(Connect(server)->Check().ok());
}

// Without TLS in the build because of that, with it because of the file.
TEST(RedisBus, EncryptionThatCannotBeIsRefusedBeforeTheStart) {
  const Status fit = events::CheckOptions({.address = {.tls = true, .ca_file = "nowhere/ca.pem"}});
  ASSERT_FALSE(fit.ok());
  EXPECT_EQ(fit.error().code, Code::kFailedPrecondition);
  EXPECT_THAT(fit.error().reason, testing::AnyOf("BROKER_NO_TLS", "BROKER_BAD_CERTIFICATES"));
  EXPECT_THAT(fit.error().message, testing::AnyOf(HasSubstr("hiredis 1.0"), HasSubstr("nowhere/ca.pem")));
  EXPECT_TRUE(events::CheckOptions({.address = {.tls = false}}).ok());
}

TEST(RedisBus, AnAbsentRedisIsUnavailableAndRetryingHelps) {
  RedisServer server;
  const auto bus = Connect(server);
  const auto subscription = bus->Subscribe(kTopic, "lead", "0");
  ASSERT_TRUE(bus->Publish(OneMessage()).ok());
  ASSERT_THAT(ReceiveOne(*subscription), SizeIs(1));
  server.Kill();

  const Status published = bus->Publish(OneMessage());
  ASSERT_FALSE(published.ok());
  EXPECT_EQ(published.error().code, Code::kUnavailable);
  EXPECT_EQ(published.error().reason, "BROKER_UNAVAILABLE");
  EXPECT_TRUE(published.error().retry_after.has_value());
  EXPECT_EQ(subscription->Receive(1, kNoWait).error().code, Code::kUnavailable);
  EXPECT_EQ(subscription->Acknowledge(std::vector<Delivery>(1)).error().code, Code::kUnavailable);
  EXPECT_EQ(bus->Trim(kTopic, kNoWait).error().code, Code::kUnavailable);
  EXPECT_EQ(bus->ReadMarker("lead.events").error().code, Code::kUnavailable);

  server.Restart(RedisServer::Data::kLost);
  EXPECT_TRUE(Eventually([&] { return bus->Publish(OneMessage("2")).ok(); }));
  const auto received = ReceiveOne(*subscription);
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_EQ(received[0].message.id, "2");
}

TEST(RedisBus, ARestartWithItsDataBringsBackWhatWasHeld) {
  RedisServer server(true);
  const auto bus = Connect(server);
  const auto subscription = bus->Subscribe(kTopic, "lead", "0");
  ASSERT_TRUE(bus->Publish(OneMessage()).ok());
  ASSERT_THAT(ReceiveOne(*subscription), SizeIs(1));
  server.Restart();
  const auto again = ReceiveOne(*subscription);
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].message.id, "1");
  EXPECT_EQ(again[0].delivery_count, 2);
}

TEST(RedisBus, AReaderThatWaitsSeesItsServerDie) {
  RedisServer server;
  const auto bus = Connect(server);
  const auto subscription = bus->Subscribe(kTopic, "lead", "0");
  ASSERT_TRUE(subscription->Receive(1, kNoWait).ok());
  std::thread reader([&] { EXPECT_FALSE(subscription->Receive(1, std::chrono::hours(1)).ok()); });
  EXPECT_TRUE(Eventually([&] {
    return server.Command({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos;
  }));
  server.Kill();
  reader.join();
}

TEST(RedisBus, AnInterruptReachesAReaderThatIsBlockedInRedis) {
  const RedisServer server;
  const auto bus = Connect(server);
  const auto subscription = bus->Subscribe(kTopic, "lead", "0");
  std::thread reader([&] { EXPECT_THAT(subscription->Receive(1, std::chrono::hours(1)).value(), IsEmpty()); });
  EXPECT_TRUE(Eventually([&] {
    return server.Command({"INFO", "clients"}).find("blocked_clients:1") != std::string::npos;
  }));
  subscription->Interrupt();
  reader.join();
  EXPECT_TRUE(Eventually([&] {
    return server.Command({"INFO", "clients"}).find("blocked_clients:0") != std::string::npos;
  })) << "nobody is left to whom Redis would hand messages";
}

TEST(RedisBus, ASilentRedisIsGivenUpAfterTheTimeout) {
  const RedisServer server;
  RedisBus bus({.address = server.address(), .partitions = 1, .command_timeout = milliseconds(100)});
  ASSERT_TRUE(bus.Publish(OneMessage()).ok());
  server.Command({"CLIENT", "PAUSE", "1000", "ALL"});
  const Status published = bus.Publish(OneMessage());
  ASSERT_FALSE(published.ok());
  EXPECT_THAT(published.error().message, HasSubstr("no answer within 100 ms"));
}

TEST(RedisBus, AReplicaIsUnavailableUntilItIsPrimary) {
  const RedisServer server;
  const auto bus = Connect(server);
  const auto subscription = bus->Subscribe(kTopic, "lead", "0");
  ASSERT_TRUE(bus->Publish(OneMessage()).ok());
  ASSERT_THAT(ReceiveOne(*subscription), SizeIs(1));
  server.Command({"REPLICAOF", "127.0.0.1", "1"});
  EXPECT_EQ(bus->Publish(OneMessage("2")).error().code, Code::kUnavailable);
  EXPECT_EQ(subscription->Receive(1, kNoWait).error().code, Code::kUnavailable);
  server.Command({"REPLICAOF", "NO", "ONE"});
  EXPECT_TRUE(bus->Publish(OneMessage("2")).ok());
  EXPECT_THAT(ReceiveOne(*subscription), SizeIs(1));
}

TEST(RedisBus, AFullRedisIsUnavailable) {
  const RedisServer server;
  const auto bus = Connect(server);
  ASSERT_TRUE(bus->Publish(OneMessage()).ok());
  server.Command({"CONFIG", "SET", "maxmemory", "1"});
  const Status published = bus->Publish(OneMessage());
  ASSERT_FALSE(published.ok());
  EXPECT_EQ(published.error().code, Code::kUnavailable);
  EXPECT_THAT(published.error().message, HasSubstr("OOM"));
  server.Command({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(bus->Publish(OneMessage()).ok());
}

TEST(RedisBus, AnEntryDeletedUnderAConsumerIsForgotten) {
  const RedisServer server;
  const auto bus = Connect(server);
  for (const bool by_restart : {true, false}) {
    ASSERT_TRUE(bus->Publish(OneMessage()).ok());
    auto subscription = bus->Subscribe(kTopic, "lead", "0");
    const auto received = ReceiveOne(*subscription);
    ASSERT_THAT(received, SizeIs(1));
    server.Command({"XDEL", kKey, received[0].entry_id});
    if (by_restart) {
      subscription = bus->Subscribe(kTopic, "lead", "0");
      EXPECT_THAT(subscription->Receive(10, kNoWait).value(), IsEmpty());
    } else {
      EXPECT_THAT(subscription->Reclaim(10, kNoWait).value(), IsEmpty());
    }
    EXPECT_THAT(server.Command({"XPENDING", kKey, "lead"}), testing::StartsWith("0\n"));
  }
}

TEST(RedisBus, ABatchLargerThanOneExchangeGetsThrough) {
  const RedisServer server;
  const auto bus = Connect(server);
  const std::string data(2'000'000, 'x');
  std::vector<Message> messages;
  messages.reserve(10'010);
  for (int i = 0; i < 10; ++i) messages.push_back(OneMessage(std::to_string(i), data)[0]);
  for (int i = 0; i < 10'000; ++i) messages.push_back(OneMessage(std::to_string(i))[0]);
  ASSERT_TRUE(bus->Publish(messages).ok());
  EXPECT_EQ(server.Command({"XLEN", kKey}), "10010");
}

}  // namespace
}  // namespace quartet::test
