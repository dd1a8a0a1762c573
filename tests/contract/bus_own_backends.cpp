// Brokers that a test has for itself.
#include <cstdint>

#include "common/base/clock.h"
#include "common/events/memory_bus.h"
#include "common/events/redis/bus.h"
#include "common/events/redis/entry.h"
#include "tests/contract/bus_backend.h"
#include "tests/support/eventually.h"
#include "tests/support/servers/redis_server.h"

namespace quartet::test {
namespace {

class MemoryBackend final : public BusBackend {
 public:
  events::Bus& bus() override { return bus_; }
  void Wipe() override { bus_.Wipe(); }
  void Pass(std::chrono::milliseconds time) override { clock_.Advance(time.count() * 1'000); }
  int CountDeadLetters(const std::string& topic) override { return static_cast<int>(bus_.DeadLetters(topic).size()); }

 private:
  ManualClock clock_;
  events::MemoryBus bus_{clock_, kBusPartitions};
};

class RedisBackend final : public BusBackend {
 public:
  events::Bus& bus() override { return bus_; }
  void Wipe() override { server_.Command({"FLUSHALL"}); }
  // Redis has a clock of its own, which only waiting moves.
  void Pass(std::chrono::milliseconds time) override {
    const std::int64_t end_ms = RedisMillis(server_) + time.count();
    Eventually([&] { return RedisMillis(server_) >= end_ms; });
  }
  int CountDeadLetters(const std::string& topic) override {
    int count = 0;
    for (int i = 0; i < kBusPartitions; ++i) {
      count += std::stoi(server_.Command({"XLEN", events::DeadStreamKey(events::StreamKey(topic, i, kBusPartitions))}));
    }
    return count;
  }

 private:
  RedisServer server_;
  events::RedisBus bus_{{.address = server_.address(), .partitions = kBusPartitions}};
};

}  // namespace

std::vector<BusBackendFactory> EveryBusBackend() {
  return {{"Memory", [] { return std::make_unique<MemoryBackend>(); }},
          {"Redis", [] { return std::make_unique<RedisBackend>(); }}};
}

}  // namespace quartet::test
