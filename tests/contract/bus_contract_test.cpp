#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "common/events/bus.h"
#include "tests/contract/bus_backend.h"

namespace quartet::test {
namespace {

using events::Delivery;
using events::Message;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kTopic = "lead.commands";
constexpr milliseconds kNoWait{0};
constexpr milliseconds kHour{3'600'000};

QUARTET_INSTANTIATE_BUS_CONTRACT(BusContract);

TEST_P(BusContract, AMessageArrivesWhole) {
  Message message = MakeMessage("1");
  message.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  message.data = std::string("\0\r\n$*\xff{}", 8);
  ASSERT_TRUE(bus().Publish(std::vector{message}).ok());

  const auto subscription = bus().Subscribe(kTopic, "lead", "0");
  const auto received = Receive(*subscription, 1);
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_EQ(received[0].message, message);
  EXPECT_EQ(received[0].delivery_count, 1);
}

TEST_P(BusContract, WhoSendsAMessageAgainIsToldToItsReader) {
  std::vector<Message> messages;
  for (const auto carriage : {events::Carriage::kStored, events::Carriage::kResent, events::Carriage::kJoined}) {
    messages.push_back(MakeMessage(std::to_string(messages.size())));
    messages.back().carriage = carriage;
  }
  ASSERT_TRUE(bus().Publish(messages).ok());
  const auto subscription = bus().Subscribe(kTopic, "lead", "0");
  const auto received = Receive(*subscription, 3);
  ASSERT_THAT(received, SizeIs(3));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(received[i].message, messages[i]);
}

TEST_P(BusContract, ABacklogOfLargeMessagesComesInBoundedPieces) {
  constexpr std::size_t kMany = 40;
  std::vector<Message> messages;
  for (std::size_t i = 0; i < kMany; ++i) {
    messages.push_back(MakeMessage(std::to_string(100 + i)));
    messages.back().data = std::string(limits::kMessageBatchBytesMax / 4, 'x');
  }
  ASSERT_TRUE(bus().Publish(messages).ok());
  const auto subscription = bus().Subscribe(kTopic, "lead", "0");
  std::size_t came = 0;
  std::size_t reads = 0;
  std::size_t largest = 0;
  while (came < kMany && reads < 2 * kMany) {
    const auto received = subscription->Receive(512, kNoWait);
    ASSERT_TRUE(received.ok());
    if (++reads > 1) largest = std::max(largest, received->size());
    came += received->size();
  }
  EXPECT_EQ(came, kMany);
  EXPECT_LE(largest, 5U) << "but for the first read, which could not know";
}

TEST_P(BusContract, EmptyAttributesStayEmpty) {
  const Message message{.topic = kTopic};
  ASSERT_TRUE(bus().Publish(std::vector{message}).ok());
  const auto subscription = bus().Subscribe(kTopic, "lead", "0");
  const auto received = Receive(*subscription, 1);
  ASSERT_THAT(received, SizeIs(1));
  EXPECT_EQ(received[0].message, message);
}

TEST_P(BusContract, MessagesOfOneSubjectKeepTheirOrder) {
  std::vector<Message> messages;
  for (int i = 100; i < 150; ++i) messages.push_back(MakeMessage(std::to_string(i)));
  ASSERT_TRUE(bus().Publish(messages).ok());
  const auto subscription = bus().Subscribe(kTopic, "lead", "0");
  const auto received = Receive(*subscription, 50);
  ASSERT_THAT(received, SizeIs(50));
  for (std::size_t i = 0; i < received.size(); ++i) EXPECT_EQ(received[i].message.id, messages[i].id);
}

TEST_P(BusContract, EveryGroupGetsEveryMessage) {
  const auto early = bus().Subscribe(kTopic, "early", "0");
  EXPECT_TRUE(early->Receive(1, kNoWait).ok());
  Publish({"1", "2", "3"});
  const auto late = bus().Subscribe(kTopic, "late", "0");
  EXPECT_THAT(SortedIds(Receive(*early, 3)), ElementsAre("1", "2", "3"));
  EXPECT_THAT(SortedIds(Receive(*late, 3)), ElementsAre("1", "2", "3"));
}

TEST_P(BusContract, ConsumersOfOneGroupShareItsMessages) {
  const auto one = bus().Subscribe(kTopic, "lead", "0");
  const auto other = bus().Subscribe(kTopic, "lead", "1");
  Publish({"1", "2", "3", "4"});
  const auto first = one->Receive(1, kNoWait);
  ASSERT_TRUE(first.ok());
  ASSERT_THAT(*first, testing::Not(IsEmpty()));
  auto all = Receive(*other, 4 - first->size());
  all.insert(all.end(), first->begin(), first->end());
  EXPECT_THAT(SortedIds(all), ElementsAre("1", "2", "3", "4"));
}

TEST_P(BusContract, TopicsAreSeparate) {
  Publish({"1"});
  const auto other = bus().Subscribe("account.commands", "account", "0");
  EXPECT_THAT(other->Receive(10, kNoWait).value(), IsEmpty());
}

TEST_P(BusContract, AReceiveTakesNoMoreThanItMay) {
  std::vector<std::string> ids;
  for (int i = 100; i < 200; ++i) ids.push_back(std::to_string(i));
  Publish(ids);
  const auto subscription = bus().Subscribe(kTopic, "lead", "0");
  EXPECT_LE(subscription->Receive(8, kNoWait).value().size(), 8U);
  EXPECT_LE(subscription->Receive(1, kNoWait).value().size(), std::size_t{kBusPartitions});
}

TEST_P(BusContract, WhatAConsumerHeldComesFirstToItsSuccessor) {
  Publish({"1", "2"});
  const auto crashed = bus().Subscribe(kTopic, "lead", "0");
  ASSERT_THAT(Receive(*crashed, 2), SizeIs(2));

  const auto other_slot = bus().Subscribe(kTopic, "lead", "1");
  EXPECT_THAT(other_slot->Receive(10, kNoWait).value(), IsEmpty());

  Publish({"3"});
  const auto successor = bus().Subscribe(kTopic, "lead", "0");
  const auto again = successor->Receive(10, kNoWait);
  ASSERT_TRUE(again.ok());
  EXPECT_THAT(SortedIds(*again), ElementsAre("1", "2"));
  for (const Delivery& delivery : *again) EXPECT_EQ(delivery.delivery_count, 2);
  EXPECT_THAT(SortedIds(Receive(*successor, 1)), ElementsAre("3"));
}

TEST_P(BusContract, AnAcknowledgedMessageDoesNotComeAgain) {
  Publish({"1", "2"});
  const auto subscription = bus().Subscribe(kTopic, "lead", "0");
  const auto received = Receive(*subscription, 2);
  ASSERT_TRUE(subscription->Acknowledge(received).ok());
  const auto successor = bus().Subscribe(kTopic, "lead", "0");
  EXPECT_THAT(successor->Receive(10, kNoWait).value(), IsEmpty());
  EXPECT_THAT(successor->Reclaim(10, kNoWait).value(), IsEmpty());
  EXPECT_TRUE(subscription->Acknowledge(received).ok()) << "twice does no harm";
}

TEST_P(BusContract, AnIdleMessageIsReclaimedByAnotherConsumer) {
  Publish({"1", "2", "3"});
  const auto crashed = bus().Subscribe(kTopic, "lead", "0");
  auto received = Receive(*crashed, 3);
  ASSERT_TRUE(crashed->Acknowledge(std::span(received).first(1)).ok());

  const auto other = bus().Subscribe(kTopic, "lead", "1");
  EXPECT_THAT(other->Reclaim(10, kHour).value(), IsEmpty()) << "not idle for so long";
  backend_->Pass(milliseconds(20));
  std::vector<Delivery> reclaimed;
  while (reclaimed.size() < 2) {
    const auto some = other->Reclaim(10, milliseconds(10));
    ASSERT_TRUE(some.ok());
    ASSERT_THAT(*some, testing::Not(IsEmpty()));
    reclaimed.insert(reclaimed.end(), some->begin(), some->end());
  }
  EXPECT_EQ(SortedIds(reclaimed), SortedIds({received[1], received[2]}));
  for (const Delivery& delivery : reclaimed) EXPECT_EQ(delivery.delivery_count, 2);

  ASSERT_TRUE(other->Acknowledge(reclaimed).ok());
  EXPECT_THAT(crashed->Reclaim(10, kNoWait).value(), IsEmpty());
}

TEST_P(BusContract, ReclaimGetsToTheEndOfALongList) {
  std::vector<std::string> ids;
  for (int i = 1000; i < 1500; ++i) ids.push_back(std::to_string(i));
  Publish(ids);
  const auto crashed = bus().Subscribe(kTopic, "lead", "0");
  ASSERT_THAT(Receive(*crashed, 500), SizeIs(500));

  const auto other = bus().Subscribe(kTopic, "lead", "1");
  std::vector<Delivery> all;
  while (true) {
    const auto some = other->Reclaim(20, kNoWait);
    ASSERT_TRUE(some.ok());
    if (some->empty()) break;
    ASSERT_TRUE(other->Acknowledge(*some).ok());
    all.insert(all.end(), some->begin(), some->end());
  }
  EXPECT_EQ(SortedIds(all), ids);
}

TEST_P(BusContract, HoldingKeepsAMessageFromBeingReclaimed) {
  Publish({"1"});
  const auto holder = bus().Subscribe(kTopic, "lead", "0");
  const auto received = Receive(*holder, 1);
  backend_->Pass(milliseconds(1'000));
  ASSERT_TRUE(holder->Hold(received).ok());
  const auto other = bus().Subscribe(kTopic, "lead", "1");
  EXPECT_THAT(other->Reclaim(10, milliseconds(900)).value(), IsEmpty());
  const auto reclaimed = other->Reclaim(10, kNoWait);
  ASSERT_TRUE(reclaimed.ok());
  ASSERT_THAT(*reclaimed, SizeIs(1));
  EXPECT_EQ(reclaimed->front().delivery_count, 2) << "holding counts as no delivery";
}

TEST_P(BusContract, TrimmingForgetsOnlyWhatEveryGroupHasAcknowledged) {
  const auto fast = bus().Subscribe(kTopic, "fast", "0");
  const auto slow = bus().Subscribe(kTopic, "slow", "0");
  std::vector<Message> messages;
  for (const char* id : {"1", "2", "3", "4"}) messages.push_back(MakeMessage(id));
  ASSERT_TRUE(bus().Publish(messages).ok());
  ASSERT_TRUE(fast->Acknowledge(Receive(*fast, 4)).ok());

  const auto of_slow = slow->Receive(2, kNoWait);
  ASSERT_TRUE(of_slow.ok());
  const std::size_t seen = of_slow->size();
  ASSERT_TRUE(bus().Trim(kTopic, kNoWait).ok());
  EXPECT_THAT(IdsLeft(), ElementsAre("1", "2", "3", "4"));

  ASSERT_TRUE(slow->Acknowledge(std::span(*of_slow).last(seen - 1)).ok());
  ASSERT_TRUE(bus().Trim(kTopic, kNoWait).ok());
  EXPECT_THAT(IdsLeft(), ElementsAre("1", "2", "3", "4")) << "the first is still pending";

  ASSERT_TRUE(slow->Acknowledge(std::span(*of_slow).first(1)).ok());
  ASSERT_TRUE(bus().Trim(kTopic, kNoWait).ok());
  EXPECT_THAT(IdsLeft(), SizeIs(4 - seen));

  ASSERT_TRUE(slow->Acknowledge(Receive(*slow, 4 - seen)).ok());
  ASSERT_TRUE(bus().Trim(kTopic, kNoWait).ok());
  EXPECT_THAT(IdsLeft(), IsEmpty());
}

TEST_P(BusContract, TrimmingATopicWithoutGroupsGoesByAge) {
  Publish({"1", "2"});
  backend_->Pass(milliseconds(10));
  ASSERT_TRUE(bus().Trim("nothing.here", kNoWait).ok());
  ASSERT_TRUE(bus().Trim(kTopic, kNoWait).ok());
  Publish({"3"});
  ASSERT_TRUE(bus().Trim(kTopic, kHour).ok());
  EXPECT_THAT(IdsLeft(), ElementsAre("3"));
}

TEST_P(BusContract, ABuriedMessageIsOnTheDeadLetterStreamAndStillPending) {
  Publish({"1"});
  const auto subscription = bus().Subscribe(kTopic, "lead", "0");
  const auto received = Receive(*subscription, 1);
  ASSERT_TRUE(subscription->Bury(received.at(0), Internal("cannot be read")).ok());
  EXPECT_EQ(backend_->CountDeadLetters(kTopic), 1);
  EXPECT_THAT(subscription->Reclaim(10, kNoWait).value(), SizeIs(1));
}

TEST_P(BusContract, AConsumerSurvivesTheLossOfAllData) {
  const auto subscription = bus().Subscribe(kTopic, "lead", "0");
  Publish({"1", "2"});
  const auto held = Receive(*subscription, 2);
  backend_->Wipe();
  Publish({"3", "4"});
  EXPECT_THAT(SortedIds(Receive(*subscription, 2)), ElementsAre("3", "4"));
  EXPECT_TRUE(subscription->Acknowledge(held).ok());
  EXPECT_TRUE(subscription->Hold(held).ok());
  EXPECT_TRUE(bus().Trim(kTopic, kHour).ok());
}

TEST_P(BusContract, ReclaimSurvivesTheLossOfAllData) {
  const auto subscription = bus().Subscribe(kTopic, "lead", "0");
  Publish({"1"});
  ASSERT_THAT(Receive(*subscription, 1), SizeIs(1));
  backend_->Wipe();
  // The first call may say so.
  const bool told = !subscription->Reclaim(10, kNoWait).ok();
  EXPECT_TRUE(subscription->Reclaim(10, kNoWait).ok()) << told;
}

TEST_P(BusContract, AMarkerIsThereOnceItIsSet) {
  EXPECT_EQ(bus().ReadMarker("lead.events").value().value, std::nullopt);
  EXPECT_FALSE(bus().AdvanceMarker("lead.events", 1).value());
  EXPECT_FALSE(bus().SetMarker("lead.events", "token", 1).value()) << "not begun";
  ASSERT_TRUE(bus().BeginMarker("lead.events", "token").ok());
  EXPECT_EQ(bus().ReadMarker("lead.events").value().value, std::nullopt);
  EXPECT_TRUE(bus().SetMarker("lead.events", "token", 17).value());
  EXPECT_EQ(bus().ReadMarker("lead.events").value().value, 17);
  EXPECT_TRUE(bus().AdvanceMarker("lead.events", 18).value());
  EXPECT_EQ(bus().ReadMarker("lead.events").value().value, 18);
  EXPECT_EQ(bus().ReadMarker("account.events").value().value, std::nullopt);
}

TEST_P(BusContract, RepliesArePublishedAndTheMessagesDoNotComeAgain) {
  Publish({"1", "2"});
  const auto subscription = bus().Subscribe(kTopic, "lead", "0");
  const auto received = Receive(*subscription, 2);
  ASSERT_TRUE(subscription->Settle(received, std::vector{MakeMessage("reply", "leads/1")}).ok());
  EXPECT_THAT(SortedIds(Receive(*subscription, 1)), ElementsAre("reply"));
  const auto successor = bus().Subscribe(kTopic, "lead", "0");
  EXPECT_THAT(SortedIds(successor->Receive(10, kNoWait).value()), ElementsAre("reply"));
}

TEST_P(BusContract, WhatIsSettledWithTheNextReceiveIsSettledBeforeIt) {
  Publish({"1"});
  const auto subscription = bus().Subscribe(kTopic, "lead", "0");
  const auto received = Receive(*subscription, 1);
  const auto next = subscription->SettleAndReceive(received, std::vector{MakeMessage("reply", "leads/1")}, 10, kHour);
  ASSERT_TRUE(next.ok()) << ToString(next.error());
  EXPECT_THAT(SortedIds(*next), ElementsAre("reply"));
  EXPECT_THAT(subscription->SettleAndReceive(*next, {}, 10, kNoWait).value(), IsEmpty());
  const auto successor = bus().Subscribe(kTopic, "lead", "0");
  EXPECT_THAT(successor->Receive(10, kNoWait).value(), IsEmpty());
}

TEST_P(BusContract, AnInterruptDoesNotKeepRepliesBack) {
  Publish({"1"});
  const auto subscription = bus().Subscribe(kTopic, "lead", "0");
  const auto received = Receive(*subscription, 1);
  subscription->Interrupt();
  ASSERT_TRUE(subscription->SettleAndReceive(received, std::vector{MakeMessage("reply", "leads/1")}, 10, kHour).ok());
  const auto successor = bus().Subscribe(kTopic, "lead", "0");
  EXPECT_THAT(SortedIds(Receive(*successor, 1)), ElementsAre("reply"));
}

TEST_P(BusContract, AMarkerIsNotSetOverALossOfData) {
  ASSERT_TRUE(bus().BeginMarker("lead.events", "token").ok());
  backend_->Wipe();
  EXPECT_FALSE(bus().SetMarker("lead.events", "token", 17).value());
  EXPECT_EQ(bus().ReadMarker("lead.events").value().value, std::nullopt);
}

TEST_P(BusContract, AnInterruptedReceiveReturnsAndLosesNothing) {
  const auto subscription = bus().Subscribe(kTopic, "lead", "0");
  std::atomic<bool> returned = false;
  std::thread reader([&] {
    EXPECT_THAT(subscription->Receive(10, kHour).value(), IsEmpty());
    returned = true;
  });
  // However the two meet, the reader comes back.
  subscription->Interrupt();
  reader.join();
  EXPECT_TRUE(returned);
  Publish({"1"});
  EXPECT_THAT(SortedIds(Receive(*subscription, 1)), ElementsAre("1"));
}

TEST_P(BusContract, AWaitingReceiveIsWokenByAMessage) {
  const auto subscription = bus().Subscribe(kTopic, "lead", "0");
  std::thread reader([&] { EXPECT_THAT(subscription->Receive(10, kHour).value(), SizeIs(1)); });
  Publish({"1"});
  reader.join();
}

TEST_P(BusContract, ManyPublishAtOnceAndNothingIsLost) {
  std::vector<std::thread> publishers;
  publishers.reserve(4);
  for (int publisher = 0; publisher < 4; ++publisher) {
    publishers.emplace_back([&, publisher] {
      for (int round = 0; round < 25; ++round) {
        std::vector<Message> messages;
        for (int i = 0; i < 20; ++i) {
          const std::string id = std::to_string(publisher) + "-" + std::to_string(round) + "-" + std::to_string(i);
          messages.push_back(MakeMessage(id, "leads/" + id));
        }
        EXPECT_TRUE(bus().Publish(messages).ok());
      }
    });
  }
  const auto one = bus().Subscribe(kTopic, "lead", "0");
  auto all = Receive(*one, 2'000);
  for (std::thread& publisher : publishers) publisher.join();
  std::set<std::string> ids;
  for (const Delivery& delivery : all) ids.insert(delivery.message.id);
  EXPECT_EQ(all.size(), 2'000U);
  EXPECT_EQ(ids.size(), 2'000U);
}

}  // namespace
}  // namespace quartet::test
