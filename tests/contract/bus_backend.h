#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "common/events/bus.h"

namespace quartet::test {

// A broker of one kind, with what operations and time can do to it.
class BusBackend {
 public:
  virtual ~BusBackend() = default;
  virtual events::Bus& bus() = 0;
  // Loses everything that the broker holds.
  virtual void Wipe() = 0;
  // Lets time pass, so that what lies in the broker grows older.
  virtual void Pass(std::chrono::milliseconds time) = 0;
  // How many entries are on the dead-letter streams of `topic`.
  virtual int CountDeadLetters(const std::string& topic) = 0;
};

struct BusBackendFactory {
  std::string name;
  std::function<std::unique_ptr<BusBackend>()> make;
};

// What GoogleTest calls it.
inline void PrintTo(const BusBackendFactory& factory, std::ostream* stream) {
  *stream << factory.name;
}

// Streams per topic, in every backend.
inline constexpr int kBusPartitions = 4;

std::vector<BusBackendFactory> EveryBusBackend();

// A test that runs once for each kind of broker.
class BusContract : public ::testing::TestWithParam<BusBackendFactory> {
 protected:
  BusContract() : backend_(GetParam().make()) {}

  events::Bus& bus() { return backend_->bus(); }
  static events::Message MakeMessage(const std::string& id, const std::string& subject = "leads/1");
  // Publishes messages with these ids, each of a subject of its own.
  void Publish(const std::vector<std::string>& ids);
  // Receives until `count` messages have come, or nothing does; errors of the
  // broker are passed over, as a consumer does.
  std::vector<events::Delivery> Receive(events::Subscription& subscription, std::size_t count);
  // All that a group which comes now gets to see, sorted.
  std::vector<std::string> IdsLeft();
  static std::vector<std::string> SortedIds(const std::vector<events::Delivery>& deliveries);

  std::unique_ptr<BusBackend> backend_;
  int groups_ = 0;
};

#define QUARTET_INSTANTIATE_BUS_CONTRACT(Suite)                                                   \
  INSTANTIATE_TEST_SUITE_P(Every, Suite, ::testing::ValuesIn(::quartet::test::EveryBusBackend()), \
                           [](const auto& test) { return test.param.name; })

}  // namespace quartet::test
