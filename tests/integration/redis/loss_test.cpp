// A cluster loses what one of its masters had: no subscriber may miss a domain event.
#include <algorithm>
#include <chrono>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/events/redis/bus.h"
#include "common/events/redis/entry.h"
#include "common/events/redis/servers/slots.h"
#include "tests/support/database_backend.h"
#include "tests/support/event_service.h"
#include "tests/support/eventually.h"
#include "tests/support/servers/redis_cluster_servers.h"

namespace quartet::test {
namespace {

using std::chrono::milliseconds;

constexpr int kPartitions = 6;
constexpr const char* kEvents = "lead.events";
constexpr milliseconds kTick{50};

class RedisLoss : public EveryDatabase {
 protected:
  std::set<std::string> Say(int count) {
    std::set<std::string> ids;
    for (int i = 0; i < count; ++i) {
      const std::string id = "event" + std::to_string(i);
      EXPECT_TRUE(service_.Say(kEvents, id).ok());
      ids.insert(id);
    }
    return ids;
  }
  // What lies in the partitions that the first master had at the start.
  int CountOnFirst() {
    int count = 0;
    for (int i = 0; i < kPartitions; ++i) {
      const std::string key = events::StreamKey(kEvents, i, kPartitions);
      if (events::SlotOf(key) < events::kSlots / RedisClusterServers::kMasters) {
        count += std::stoi(servers_.Command(key, {"XLEN", key}));
      }
    }
    return count;
  }
  // Lets the relay work, and time pass for it, until `condition` holds; whether it did.
  template <typename Condition>
  bool RunUntil(Condition condition) {
    return Eventually([&] {
      clock_.Advance(kTick.count() * 1'000);
      service_.relay().Step();
      return condition();
    });
  }
  // What the servers have written for their replicas, and the replicas have of it.
  static std::string Offset(const RedisServer& server) {
    const std::string info = server.Command({"INFO", "replication"});
    const auto begin = info.find("master_repl_offset:");
    return info.substr(begin, info.find('\r', begin) - begin);
  }
  // Whether a group that comes now gets to see all of these.
  bool Heard(const std::set<std::string>& said) {
    std::set<std::string> heard;
    const auto subscription = bus_.Subscribe(kEvents, "late", "0");
    return RunUntil([&] {
      const auto received = subscription->Receive(100, milliseconds(20));
      if (received.ok()) {
        for (const events::Delivery& delivery : *received) heard.insert(delivery.message.id);
      }
      return std::includes(heard.begin(), heard.end(), said.begin(), said.end());
    });
  }

  ManualClock clock_;
  RedisClusterServers servers_;
  events::RedisBus bus_{{.address = servers_.address(), .partitions = kPartitions}};
  // Quick, so that the tests are.
  EventService service_{bus_,
                        clock_,
                        GetParam(),
                        {.service = "lead",
                         .tick = kTick,
                         .backoff_max = milliseconds(100),
                         .loss_window = milliseconds(500),
                         .publish_window = milliseconds(500)}};
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(RedisLoss);

// The replica gets nothing after the last marker and then takes over, while its master
// lives and sends everybody there: no connection breaks, and the marker is as it was.
TEST_P(RedisLoss, APromotedReplicaThatLacksTheLastMomentsCostsNoEvent) {
  ASSERT_TRUE(RunUntil([&] { return bus_.ReadMarker(kEvents).value().value.has_value(); }));
  for (int i = 0; i < 3; ++i) RunUntil([] { return true; });
  RedisServer& replica = servers_.server(RedisClusterServers::kMasters);
  ASSERT_TRUE(Eventually([&] { return Offset(replica) == Offset(servers_.server(0)); }));
  replica.Command({"CONFIG", "SET", "masterauth", "wrong"});
  servers_.server(0).Command({"CLIENT", "KILL", "TYPE", "replica"});
  ASSERT_TRUE(Eventually([&] {
    return replica.Command({"INFO", "replication"}).find("master_link_status:down") != std::string::npos;
  }));
  const auto said = Say(40);
  // No time passes, so the marker is not written.
  ASSERT_TRUE(Eventually([&] {
    service_.relay().Step();
    return service_.relay().stats().messages_published == 40;
  }));
  ASSERT_GT(CountOnFirst(), 0);

  replica.Command({"CLUSTER", "FAILOVER", "TAKEOVER"});
  ASSERT_TRUE(Eventually([&] { return servers_.OwnerOf(0) == RedisClusterServers::kMasters; }));
  ASSERT_TRUE(Eventually([&] { return CountOnFirst() == 0; }));
  EXPECT_TRUE(Heard(said));
}

// The markers of the other masters stand, and the events are long past the loss window.
TEST_P(RedisLoss, AMasterThatComesBackEmptyCostsNoEvent) {
  const auto said = Say(40);
  const std::int64_t said_us = clock_.NowMicros();
  ASSERT_TRUE(RunUntil([&] { return bus_.ReadMarker(kEvents).value().value.value_or(0) > said_us; }));
  ASSERT_GT(CountOnFirst(), 0);

  servers_.server(0).Restart(RedisServer::Data::kLost);
  ASSERT_TRUE(servers_.Settle());
  EXPECT_TRUE(Heard(said));
  EXPECT_TRUE(RunUntil([&] {
    const auto marker = bus_.ReadMarker(kEvents);
    return marker.ok() && marker->value.has_value();
  }));
}

}  // namespace
}  // namespace quartet::test
