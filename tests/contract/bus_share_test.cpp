// Consumers that divide the partitions of a topic between them.
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/events/bus.h"
#include "tests/contract/bus_backend.h"

namespace quartet::test {
namespace {

using events::Delivery;
using events::Share;
using std::chrono::milliseconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kTopic = "lead.commands";
constexpr milliseconds kNoWait{0};
constexpr milliseconds kHour{3'600'000};

class BusShare : public BusContract {
 protected:
  static std::vector<std::string> MakeIds(int count) {
    std::vector<std::string> ids;
    for (int i = 0; i < count; ++i) ids.push_back(std::to_string(1'000 + i));
    return ids;
  }

  // Those that lie in the partitions of `share`.
  std::vector<std::string> Within(Share share, const std::vector<std::string>& ids) {
    std::vector<std::string> within;
    for (const std::string& id : ids) {
      if (share.Has(bus().PartitionOf(kTopic, "leads/" + id))) within.push_back(id);
    }
    return within;
  }

  std::unique_ptr<events::Subscription> SubscribeTo(Share share, const std::string& consumer) {
    auto subscription = bus().Subscribe(kTopic, "lead", consumer);
    subscription->Take(share);
    return subscription;
  }

  // All that is there.
  std::vector<Delivery> ReceiveAll(events::Subscription& subscription) {
    std::vector<Delivery> all;
    while (true) {
      auto received = subscription.Receive(100, kNoWait);
      EXPECT_TRUE(received.ok()) << ToString(received.error());
      if (!received.ok() || received->empty()) return all;
      std::move(received->begin(), received->end(), std::back_inserter(all));
    }
  }
};

QUARTET_INSTANTIATE_BUS_CONTRACT(BusShare);

TEST_P(BusShare, EachReadsItsOwnPartitionsAndTogetherAll) {
  const Share first{.rank = 0, .of = 3};
  const Share second{.rank = 1, .of = 3};
  const Share third{.rank = 2, .of = 3};
  const auto ids = MakeIds(60);
  Publish(ids);
  for (const Share& share : {first, second, third}) {
    const auto subscription = SubscribeTo(share, std::to_string(share.rank));
    const auto received = SortedIds(ReceiveAll(*subscription));
    EXPECT_THAT(received, testing::Not(IsEmpty()));
    EXPECT_EQ(received, Within(share, ids));
  }
}

TEST_P(BusShare, WhatHasOneKeyLiesInOnePartitionWhateverItIsAbout) {
  std::vector<events::Message> messages;
  for (const std::string& id : MakeIds(20)) {
    messages.push_back(MakeMessage(id, "leads/" + id));
    messages.back().partition_key = "example.com";
  }
  ASSERT_TRUE(bus().Publish(messages).ok());
  const int partition = bus().PartitionOf(kTopic, "example.com");
  const auto subscription = SubscribeTo({.rank = partition, .of = kBusPartitions}, "0");
  EXPECT_EQ(SortedIds(ReceiveAll(*subscription)), MakeIds(20));
}

TEST_P(BusShare, OneTooManyReadsNothingAndCanBeWoken) {
  Publish(MakeIds(20));
  const auto subscription = SubscribeTo({.rank = kBusPartitions, .of = kBusPartitions + 1}, "4");
  EXPECT_THAT(ReceiveAll(*subscription), IsEmpty());
  EXPECT_THAT(subscription->Reclaim(10, kNoWait).value(), IsEmpty());
  std::thread reader([&] { EXPECT_THAT(subscription->Receive(10, kHour).value(), IsEmpty()); });
  subscription->Interrupt();
  reader.join();
}

TEST_P(BusShare, WhatIsTakenOnIsReadAndWhatIsGivenUpIsLeft) {
  const Share even{.rank = 0, .of = 2};
  const Share odd{.rank = 1, .of = 2};
  const auto subscription = SubscribeTo(even, "0");
  const auto ids = MakeIds(40);
  Publish(ids);
  EXPECT_EQ(SortedIds(ReceiveAll(*subscription)), Within(even, ids));
  subscription->Take(odd);
  EXPECT_EQ(SortedIds(ReceiveAll(*subscription)), Within(odd, ids));

  const auto later = SubscribeTo({}, "1");
  EXPECT_THAT(ReceiveAll(*later), IsEmpty()) << "all of it is in other hands";
}

TEST_P(BusShare, WhatAConsumerHoldsElsewhereItCanStillHoldAndFinish) {
  const auto before = SubscribeTo({}, "0");
  Publish(MakeIds(20));
  const auto received = Receive(*before, 20);
  ASSERT_THAT(received, SizeIs(20));
  before->Take({.rank = 0, .of = 2});
  EXPECT_TRUE(before->Hold(received).ok());
  EXPECT_TRUE(before->Acknowledge(received).ok());
  const auto heir = SubscribeTo({}, "1");
  EXPECT_THAT(heir->Reclaim(100, kNoWait).value(), IsEmpty());
}

TEST_P(BusShare, WhatItHeldOfAPartitionComesFirstWhenItReadsThatAgain) {
  const Share even{.rank = 0, .of = 2};
  const auto ids = MakeIds(20);
  Publish(ids);
  const auto subscription = SubscribeTo({}, "0");
  const auto received = Receive(*subscription, 20);
  subscription->Take({.rank = 1, .of = 2});
  EXPECT_THAT(ReceiveAll(*subscription), IsEmpty()) << "these it had already";
  subscription->Take({});
  const auto again = ReceiveAll(*subscription);
  EXPECT_EQ(SortedIds(again), Within(even, ids));
  for (const Delivery& delivery : again) EXPECT_EQ(delivery.delivery_count, 2);
}

TEST_P(BusShare, OnlyItsOwnPartitionsAreReclaimed) {
  const Share even{.rank = 0, .of = 2};
  const auto ids = MakeIds(20);
  const auto dead = SubscribeTo({}, "0");
  Publish(ids);
  ASSERT_THAT(Receive(*dead, 20), SizeIs(20));
  const auto heir = SubscribeTo(even, "1");
  std::vector<Delivery> all;
  while (true) {
    const auto some = heir->Reclaim(100, kNoWait);
    ASSERT_TRUE(some.ok());
    if (some->empty()) break;
    ASSERT_TRUE(heir->Acknowledge(*some).ok());
    all.insert(all.end(), some->begin(), some->end());
  }
  EXPECT_EQ(SortedIds(all), Within(even, ids));
}

}  // namespace
}  // namespace quartet::test
