// Brokers that take seconds to start, one for all tests of a program.
#include <cstdint>
#include <string>

#include "common/events/redis/bus.h"
#include "common/events/redis/entry.h"
#include "tests/contract/bus_backend.h"
#include "tests/support/eventually.h"
#include "tests/support/servers/redis_cluster_servers.h"
#include "tests/support/servers/redis_sentinel_servers.h"

namespace quartet::test {
namespace {

class ClusterBackend final : public BusBackend {
 public:
  ClusterBackend() { Wipe(); }
  events::Bus& bus() override { return bus_; }
  void Wipe() override { servers().FlushAll(); }
  void Pass(std::chrono::milliseconds time) override {
    const std::int64_t end_ms = RedisMillis(servers().server(0)) + time.count();
    Eventually([&] { return RedisMillis(servers().server(0)) >= end_ms; });
  }
  int CountDeadLetters(const std::string& topic) override {
    int count = 0;
    for (int i = 0; i < kBusPartitions; ++i) {
      const std::string key = events::DeadStreamKey(events::StreamKey(topic, i, kBusPartitions));
      count += std::stoi(servers().Command(key, {"XLEN", key}));
    }
    return count;
  }

 private:
  static RedisClusterServers& servers() {
    static RedisClusterServers servers;
    return servers;
  }

  events::RedisBus bus_{{.address = servers().address(), .partitions = kBusPartitions}};
};

class SentinelBackend final : public BusBackend {
 public:
  SentinelBackend() { Wipe(); }
  events::Bus& bus() override { return bus_; }
  void Wipe() override { servers().master().Command({"FLUSHALL"}); }
  void Pass(std::chrono::milliseconds time) override {
    const std::int64_t end_ms = RedisMillis(servers().master()) + time.count();
    Eventually([&] { return RedisMillis(servers().master()) >= end_ms; });
  }
  int CountDeadLetters(const std::string& topic) override {
    int count = 0;
    for (int i = 0; i < kBusPartitions; ++i) {
      count += std::stoi(
          servers().master().Command({"XLEN", events::DeadStreamKey(events::StreamKey(topic, i, kBusPartitions))}));
    }
    return count;
  }

 private:
  static RedisSentinelServers& servers() {
    static RedisSentinelServers servers;
    return servers;
  }

  events::RedisBus bus_{{.address = servers().address(), .partitions = kBusPartitions}};
};

}  // namespace

std::vector<BusBackendFactory> EveryBusBackend() {
  return {{"Cluster", [] { return std::make_unique<ClusterBackend>(); }},
          {"Sentinel", [] { return std::make_unique<SentinelBackend>(); }}};
}

}  // namespace quartet::test
