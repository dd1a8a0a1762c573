// The whole way from a commit in SQLite through Redis to a consumer, with the
// accidents that may befall it.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/events/inbox/consumer.h"
#include "common/events/inbox/dead_letters.h"
#include "common/events/redis/bus.h"
#include "tests/support/database_backend.h"
#include "tests/support/event_service.h"
#include "tests/support/eventually.h"
#include "tests/support/servers/redis_server.h"

namespace quartet::test {
namespace {

using events::Consumer;
using events::Delivery;
using std::chrono::milliseconds;
using ::testing::SizeIs;

constexpr const char* kCommands = "lead.commands";
constexpr const char* kEvents = "lead.events";

// Remembers what a consumer was given.
class Listener {
 public:
  Listener(events::Bus& bus, EventService& service, const Clock& clock, const char* topic)
      : consumer_(
            bus, service.database(), alone_, topic, "listener",
            [this](std::span<const Delivery> deliveries) { return Handle(deliveries); },
            {.retry_min = milliseconds(1), .retry_max = milliseconds(1), .tick = milliseconds(50)}, clock) {
    consumer_.Start();
  }
  void Refuse(const std::string& id) {
    const std::lock_guard lock(mutex_);
    refused_.insert(id);
  }
  void RefuseNothing() {
    const std::lock_guard lock(mutex_);
    refused_.clear();
  }
  std::set<std::string> Heard() {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  void Forget() {
    const std::lock_guard lock(mutex_);
    heard_.clear();
  }

 private:
  std::vector<Status> Handle(std::span<const Delivery> deliveries) {
    const std::lock_guard lock(mutex_);
    std::vector<Status> statuses;
    for (const Delivery& delivery : deliveries) {
      const bool refused = refused_.contains(delivery.message.id);
      if (!refused) heard_.insert(delivery.message.id);
      statuses.push_back(refused ? Status(Internal("poison")) : Status());
    }
    return statuses;
  }

  std::mutex mutex_;
  std::set<std::string> refused_;
  std::set<std::string> heard_;
  const events::FixedMembership alone_;
  Consumer consumer_;
};

class OutboxRedisTest : public EveryDatabase {
 protected:
  std::set<std::string> Say(const char* topic, const std::string& prefix, int count) {
    std::set<std::string> ids;
    for (int i = 0; i < count; ++i) {
      const std::string id = prefix + std::to_string(i);
      EXPECT_TRUE(service_.Say(topic, id).ok());
      ids.insert(id);
    }
    return ids;
  }

  SystemClock clock_;
  RedisServer redis_;
  events::RedisBus bus_{{.address = redis_.address()}};
  // Quick, so that the tests are.
  EventService service_{
      bus_,
      clock_,
      GetParam(),
      {.service = "lead", .tick = milliseconds(50), .sweep_age = milliseconds(100), .backoff_max = milliseconds(100)}};
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(OutboxRedisTest);

TEST_P(OutboxRedisTest, WhatIsCommittedIsHeardAndLeavesNothingBehind) {
  Listener listener(bus_, service_, clock_, kCommands);
  service_.relay().Start();
  const auto said = Say(kCommands, "a", 100);
  EXPECT_TRUE(Eventually([&] { return listener.Heard() == said; }));
  EXPECT_TRUE(Eventually([&] { return service_.Count("outbox") == 0; }));
  EXPECT_TRUE(Eventually([&] {
    int left = 0;
    for (int i = 0; i < 4; ++i)
      left += std::stoi(redis_.Command({"XLEN", "quartet:{lead.commands." + std::to_string(i) + "/4}"}));
    return left == 0;
  })) << "acknowledged by the only group";
}

TEST_P(OutboxRedisTest, WhatIsCommittedWhileRedisIsDownIsHeardWhenItIsBack) {
  Listener listener(bus_, service_, clock_, kCommands);
  service_.relay().Start();
  auto said = Say(kCommands, "before", 5);
  EXPECT_TRUE(Eventually([&] { return listener.Heard() == said; }));
  redis_.Kill();
  said.merge(Say(kCommands, "down", 20));
  redis_.Restart(RedisServer::Data::kLost);
  EXPECT_TRUE(Eventually([&] { return listener.Heard() == said; }));
  EXPECT_TRUE(Eventually([&] { return service_.Count("outbox") == 0; }));
}

TEST_P(OutboxRedisTest, EventsAreHeardAgainAfterAFlush) {
  service_.relay().Start();
  const auto said = Say(kEvents, "event", 20);
  EXPECT_TRUE(Eventually([&] { return service_.Count("outbox") == 0; }));
  EXPECT_TRUE(Eventually([&] { return bus_.ReadMarker("lead.events").value().value.has_value(); }));
  redis_.Command({"FLUSHALL"});
  // This one has heard nothing yet: what it hears was published after the flush.
  Listener listener(bus_, service_, clock_, kEvents);
  EXPECT_TRUE(Eventually([&] { return listener.Heard() == said; }));

  listener.Forget();
  redis_.Restart(RedisServer::Data::kLost);
  EXPECT_TRUE(Eventually([&] { return listener.Heard() == said; })) << "likewise after the volume is lost";
}

TEST_P(OutboxRedisTest, APoisonMessageIsVisibleAndCanBeReplayed) {
  Listener listener(bus_, service_, clock_, kCommands);
  events::DeadLetters letters(service_.database(), bus_);
  listener.Refuse("a1");
  service_.relay().Start();
  Say(kCommands, "a", 3);
  EXPECT_TRUE(Eventually([&] { return letters.List(0).value().size() == 1; }));
  EXPECT_TRUE(Eventually([&] { return listener.Heard() == (std::set<std::string>{"a0", "a2"}); }));
  EXPECT_EQ(letters.List(0).value().at(0).message.id, "a1");

  listener.RefuseNothing();
  ASSERT_TRUE(letters.Replay(std::vector<std::string>{"a1"}).ok());
  EXPECT_TRUE(Eventually([&] { return listener.Heard().contains("a1"); }));
  EXPECT_THAT(letters.List(0).value(), SizeIs(0));
}

TEST_P(OutboxRedisTest, ARelayStopsEvenIfRedisIsAway) {
  redis_.Kill();
  service_.relay().Start();
  Say(kCommands, "a", 5);
  service_.relay().Stop();
  EXPECT_EQ(service_.Count("outbox"), 5);
}

// A process of its own, which writes to the backend's database until it is
// killed, and prints each id on `output` once it is durable.
[[noreturn]] void WriteUntilKilled(DatabaseBackend& backend, const config::RedisAddress& redis, int output) {
  const SystemClock clock;
  UuidV7Source ids(clock);
  auto database = backend.Open();
  events::RedisBus bus({.address = redis});
  if (!database.ok() || !events::MigrateEvents(**database, clock).ok()) _exit(1);
  const events::FixedMembership alone;
  events::Relay relay(bus, **database, alone, ids, clock, {.service = "lead"});
  events::Outbox outbox(**database, relay, ids, clock);
  relay.Start();
  for (int i = 100'000;; ++i) {
    const std::string id = std::to_string(i);
    const Status written = outbox.Write([&](storage::Transaction&, std::vector<events::Message>& messages) {
      messages.push_back(EventService::MakeMessage(kCommands, id));
      return Status();
    });
    if (!written.ok() || write(output, id.data(), id.size()) != static_cast<ssize_t>(id.size())) _exit(1);
  }
}

class OutboxCrash : public EveryDatabase {};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(OutboxCrash);

TEST_P(OutboxCrash, NothingDurableIsLostByKillingTheProcess) {
  RedisServer redis;
  const std::unique_ptr<DatabaseBackend> backend = GetParam().make();
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t writer = fork();
  ASSERT_GE(writer, 0);
  if (writer == 0) WriteUntilKilled(*backend, redis.address(), pipe_ends[1]);
  close(pipe_ends[1]);

  constexpr std::size_t kIdSize = 6;
  constexpr std::size_t kEnough = 150;
  std::set<std::string> durable;
  char id[kIdSize];
  while (read(pipe_ends[0], id, kIdSize) == static_cast<ssize_t>(kIdSize)) {
    durable.insert(std::string(id, kIdSize));
    // In the middle of its work: rows are published and not deleted, or not published yet.
    if (durable.size() == kEnough) kill(writer, SIGKILL);
  }
  close(pipe_ends[0]);
  waitpid(writer, nullptr, 0);
  ASSERT_GE(durable.size(), kEnough);

  const SystemClock clock;
  UuidV7Source ids(clock);
  events::RedisBus bus({.address = redis.address()});
  backend->AwaitEndOfSessions();
  auto database = backend->Open();
  ASSERT_TRUE(database.ok()) << ToString(database.error());
  const events::FixedMembership alone;
  events::Relay relay(bus, **database, alone, ids, clock, {.service = "lead", .tick = milliseconds(50)});
  relay.Start();
  std::set<std::string> heard;
  const auto subscription = bus.Subscribe(kCommands, "listener", "0");
  EXPECT_TRUE(Eventually([&] {
    const auto received = subscription->Receive(100, milliseconds(50));
    if (received.ok()) {
      for (const Delivery& delivery : *received) heard.insert(delivery.message.id);
    }
    return std::includes(heard.begin(), heard.end(), durable.begin(), durable.end());
  }));
}

}  // namespace
}  // namespace quartet::test
