#include "tests/contract/bus_backend.h"

#include <algorithm>
#include <cstdint>

#include "common/base/clock.h"
#include "common/events/memory_bus.h"
#include "common/events/redis_bus.h"
#include "common/events/redis_entry.h"
#include "tests/support/eventually.h"
#include "tests/support/redis_server.h"

namespace quartet::test {
namespace {

constexpr const char* kTopic = "lead.commands";

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
    const std::int64_t end_ms = NowMillis() + time.count();
    Eventually([&] { return NowMillis() >= end_ms; });
  }
  int CountDeadLetters(const std::string& topic) override {
    int count = 0;
    for (int i = 0; i < kBusPartitions; ++i) {
      count += std::stoi(server_.Command({"XLEN", events::DeadStreamKey(events::StreamKey(topic, i))}));
    }
    return count;
  }

 private:
  std::int64_t NowMillis() {
    // Seconds and microseconds, one per line.
    const std::string time = server_.Command({"TIME"});
    return std::stoll(time) * 1'000 + std::stoll(time.substr(time.find('\n') + 1)) / 1'000;
  }

  RedisServer server_;
  events::RedisBus bus_{{.port = server_.port(), .partitions = kBusPartitions}};
};

}  // namespace

std::vector<BusBackendFactory> EveryBusBackend() {
  return {{"Memory", [] { return std::make_unique<MemoryBackend>(); }},
          {"Redis", [] { return std::make_unique<RedisBackend>(); }}};
}

events::Message BusContract::MakeMessage(const std::string& id, const std::string& subject) {
  return {.id = id,
          .topic = kTopic,
          .type = "quartet.test.v1.Said",
          .source = "/test",
          .subject = subject,
          .time_us = 1'700'000'000'123'456,
          .data = "data of " + id};
}

void BusContract::Publish(const std::vector<std::string>& ids) {
  std::vector<events::Message> messages;
  messages.reserve(ids.size());
  for (const std::string& id : ids) messages.push_back(MakeMessage(id, "leads/" + id));
  const Status published = bus().Publish(messages);
  ASSERT_TRUE(published.ok()) << ToString(published.error());
}

std::vector<events::Delivery> BusContract::Receive(events::Subscription& subscription, std::size_t count) {
  constexpr std::chrono::seconds kLimit{20};
  const auto end = std::chrono::steady_clock::now() + kLimit;
  std::vector<events::Delivery> all;
  while (all.size() < count && std::chrono::steady_clock::now() < end) {
    auto received = subscription.Receive(100, std::chrono::milliseconds(50));
    if (received.ok()) std::move(received->begin(), received->end(), std::back_inserter(all));
  }
  return all;
}

std::vector<std::string> BusContract::IdsLeft() {
  const auto subscription = bus().Subscribe(kTopic, "late-" + std::to_string(++groups_), "0");
  std::vector<events::Delivery> all;
  while (true) {
    auto received = subscription->Receive(100, std::chrono::milliseconds(0));
    EXPECT_TRUE(received.ok()) << ToString(received.error());
    if (!received.ok() || received->empty()) break;
    std::move(received->begin(), received->end(), std::back_inserter(all));
  }
  // Acknowledged, so that this group holds nothing up.
  EXPECT_TRUE(subscription->Acknowledge(all).ok());
  return SortedIds(all);
}

std::vector<std::string> BusContract::SortedIds(const std::vector<events::Delivery>& deliveries) {
  std::vector<std::string> ids;
  ids.reserve(deliveries.size());
  for (const events::Delivery& delivery : deliveries) ids.push_back(delivery.message.id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace quartet::test
