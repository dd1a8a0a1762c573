#include "tests/contract/bus_backend.h"

#include <algorithm>

namespace quartet::test {
namespace {

constexpr const char* kTopic = "lead.commands";

}  // namespace

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
