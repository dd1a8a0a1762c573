// The number of partitions is raised while messages are under way.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/events/redis/bus.h"
#include "common/events/redis/layout.h"
#include "tests/support/eventually.h"
#include "tests/support/servers/redis_server.h"

namespace quartet::test {
namespace {

using events::Delivery;
using events::Message;
using events::RedisBus;
using events::Share;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kTopic = "lead.events";
constexpr milliseconds kNoWait{0};
constexpr int kSubjects = 30;

class RedisPartitions : public ::testing::Test {
 protected:
  std::unique_ptr<RedisBus> Connect(int partitions) {
    return std::make_unique<RedisBus>(events::RedisOptions{.address = redis_.address(), .partitions = partitions});
  }
  // The next `count` messages of each subject.
  void Say(RedisBus& bus, int count) {
    std::vector<Message> messages;
    for (int i = 0; i < count; ++i, ++said_) {
      for (int subject = 0; subject < kSubjects; ++subject) {
        messages.push_back(
            {.id = std::to_string(said_), .topic = kTopic, .subject = "leads/" + std::to_string(subject)});
      }
    }
    const Status published = bus.Publish(messages);
    ASSERT_TRUE(published.ok()) << ToString(published.error());
  }
  // Notes what comes for the first time; it must be the next of its subject.
  void Hear(const std::vector<Delivery>& deliveries) {
    for (const Delivery& delivery : deliveries) {
      const int number = std::stoi(delivery.message.id);
      int& next = heard_[delivery.message.subject];
      EXPECT_LE(number, next) << delivery.message.subject << ": some came too late, or are missing";
      if (number == next) ++next;
    }
  }
  bool AllHeard() {
    return heard_.size() == kSubjects &&
           std::all_of(heard_.begin(), heard_.end(), [&](const auto& subject) { return subject.second == said_; });
  }
  // What comes without waiting, after the look whether former streams are empty.
  static std::vector<Delivery> ReceiveAll(events::Subscription& subscription) {
    std::vector<Delivery> all;
    for (int empty = 0; empty < 3;) {
      auto received = subscription.Receive(1'000, kNoWait);
      if (!received.ok() || received->empty()) ++empty;
      if (received.ok()) std::move(received->begin(), received->end(), std::back_inserter(all));
    }
    return all;
  }

  RedisServer redis_;
  int said_ = 0;                      // of each subject
  std::map<std::string, int> heard_;  // by subject, how many
};

TEST_F(RedisPartitions, WhatIsUnderWayComesBeforeWhatFollowsTheRaise) {
  const auto before = Connect(4);
  auto consumer = before->Subscribe(kTopic, "reports", "0");
  ASSERT_TRUE(consumer->Receive(1, kNoWait).ok());
  Say(*before, 10);
  // Some is acknowledged, some is held, some is not read yet.
  const auto first = consumer->Receive(100, kNoWait);
  ASSERT_TRUE(first.ok());
  Hear(*first);
  ASSERT_TRUE(consumer->Acknowledge(std::span(*first).first(first->size() / 2)).ok());

  const auto after = Connect(12);
  Say(*after, 10);
  consumer = after->Subscribe(kTopic, "reports", "0");
  EXPECT_TRUE(Eventually([&] {
    const auto received = consumer->Receive(50, milliseconds(10));
    if (received.ok()) {
      Hear(*received);
      EXPECT_TRUE(consumer->Acknowledge(*received).ok());
    }
    return AllHeard();
  }));
}

TEST_F(RedisPartitions, NobodyReadsTheNewStreamsWhileAnotherHoldsAMessageOfTheFormer) {
  const auto before = Connect(2);
  const auto holder = before->Subscribe(kTopic, "reports", "0");
  Say(*before, 1);
  const std::vector<Delivery> held = ReceiveAll(*holder);
  ASSERT_THAT(held, SizeIs(kSubjects));
  ASSERT_TRUE(holder->Acknowledge(std::span(held).first(held.size() - 1)).ok());

  const auto after = Connect(5);
  Say(*after, 1);
  // More consumers than there were partitions: the third has none of the former.
  std::vector<std::unique_ptr<events::Subscription>> consumers;
  for (int i = 0; i < 3; ++i) {
    consumers.push_back(after->Subscribe(kTopic, "reports", std::to_string(i + 1)));
    consumers.back()->Take(Share{.rank = i, .of = 3});
    EXPECT_THAT(ReceiveAll(*consumers.back()), IsEmpty()) << i;
  }
  ASSERT_TRUE(holder->Acknowledge(held).ok());
  std::size_t came = 0;
  for (const auto& consumer : consumers) came += ReceiveAll(*consumer).size();
  EXPECT_EQ(came, std::size_t{kSubjects});
}

// More consumers than there were partitions: some ranks have none of the former ones.
TEST_F(RedisPartitions, EveryRankMayReclaimFirstAfterARaise) {
  struct Raise {
    int from;
    int to;
  };
  for (const auto& [from, to] : {Raise{1, 2}, Raise{2, 4}, Raise{2, 8}, Raise{4, 6}}) {
    for (const int replicas : {1, 2, 3, 5, 9}) {
      SCOPED_TRACE(testing::Message() << "from " << from << " to " << to << ", replicas: " << replicas);
      redis_.Command({"FLUSHALL"});
      said_ = 0;
      heard_.clear();
      const auto before = Connect(from);
      ASSERT_TRUE(before->Subscribe(kTopic, "reports", "0")->Receive(1, kNoWait).ok());
      Say(*before, 1);
      const auto after = Connect(to);
      Say(*after, 1);

      std::vector<std::unique_ptr<events::Subscription>> consumers;
      for (int rank = 0; rank < replicas; ++rank) {
        consumers.push_back(after->Subscribe(kTopic, "reports", std::to_string(rank)));
        consumers.back()->Take(Share{.rank = rank, .of = replicas});
        const auto reclaimed = consumers.back()->Reclaim(100, kNoWait);
        ASSERT_TRUE(reclaimed.ok()) << rank << ": " << ToString(reclaimed.error());
        EXPECT_THAT(*reclaimed, IsEmpty()) << rank << ": nobody holds anything";
      }
      // First what lies in the former streams, by those who have them; then the rest.
      for (int round = 0; round < 2; ++round) {
        for (const auto& consumer : consumers) {
          const auto received = ReceiveAll(*consumer);
          Hear(received);
          ASSERT_TRUE(consumer->Acknowledge(received).ok());
          ASSERT_TRUE(consumer->Reclaim(100, kNoWait).ok());
        }
      }
      EXPECT_TRUE(AllHeard());
    }
  }
}

TEST_F(RedisPartitions, APublisherWithTheFormerCountIsRefusedAndToldWhatToDo) {
  const auto before = Connect(4);
  Say(*before, 1);
  const auto after = Connect(8);
  Say(*after, 1);
  const Status refused = before->Publish(std::vector<Message>{{.id = "late", .topic = kTopic, .subject = "leads/1"}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kFailedPrecondition);
  EXPECT_EQ(refused.error().reason, "BROKER_PARTITIONS");
  EXPECT_THAT(refused.error().message, HasSubstr("--partitions"));
  EXPECT_EQ(before->Check().error().reason, "BROKER_PARTITIONS");
}

TEST_F(RedisPartitions, TheyAreNotLowered) {
  Say(*Connect(8), 1);
  const auto fewer = Connect(4);
  EXPECT_EQ(fewer->Check().error().code, Code::kFailedPrecondition);
  EXPECT_THAT(fewer->Check().error().message, HasSubstr("--partitions 8"));
  EXPECT_EQ(fewer->Subscribe(kTopic, "reports", "0")->Receive(1, kNoWait).error().reason, "BROKER_PARTITIONS");
  EXPECT_FALSE(fewer->Publish(std::vector<Message>{{.id = "1", .topic = kTopic, .subject = "leads/1"}}).ok());
  EXPECT_TRUE(Connect(8)->Check().ok());
}

TEST_F(RedisPartitions, CountsThatCannotBeAreWrittenAnew) {
  redis_.Command({"SET", std::string(events::kPartitionsKey), "4 999999999"});
  EXPECT_TRUE(Connect(4)->Check().ok());
  EXPECT_EQ(redis_.Command({"GET", std::string(events::kPartitionsKey)}), "4");
}

// Its consumers are started with the new count when another group has read, and the
// broker has forgotten, all that there was.
TEST_F(RedisPartitions, AGroupThatComesLateMissesNothing) {
  const auto before = Connect(2);
  const auto late_before = before->Subscribe(kTopic, "late", "0");
  ASSERT_TRUE(late_before->Receive(1, kNoWait).ok());
  Say(*before, 2);

  const auto after = Connect(6);
  Say(*after, 2);
  const auto quick = after->Subscribe(kTopic, "quick", "0");
  for (int i = 0; i < 2; ++i) {
    const auto received = ReceiveAll(*quick);
    ASSERT_TRUE(quick->Acknowledge(received).ok());
    ASSERT_TRUE(after->Trim(kTopic, kNoWait).ok());
  }
  const auto late = after->Subscribe(kTopic, "late", "0");
  for (int i = 0; i < 2; ++i) {
    const auto received = ReceiveAll(*late);
    Hear(received);
    ASSERT_TRUE(late->Acknowledge(received).ok());
  }
  EXPECT_TRUE(AllHeard());
  ASSERT_TRUE(after->Trim(kTopic, kNoWait).ok());
  for (const std::string& key : events::StreamKeys(kTopic, 6)) EXPECT_EQ(redis_.Command({"XLEN", key}), "0");
  for (const std::string& key : events::StreamKeys(kTopic, 2)) {
    EXPECT_EQ(redis_.Command({"XLEN", key}), "1") << "the seal";
  }
}

TEST_F(RedisPartitions, TheyCanBeRaisedAgainBeforeTheFirstRaiseHasSettled) {
  const auto first = Connect(2);
  ASSERT_TRUE(first->Subscribe(kTopic, "reports", "0")->Receive(1, kNoWait).ok());
  Say(*first, 3);
  Say(*Connect(3), 3);
  const auto third = Connect(7);
  Say(*third, 3);
  const auto consumer = third->Subscribe(kTopic, "reports", "0");
  for (int i = 0; i < 3; ++i) {
    const auto received = ReceiveAll(*consumer);
    Hear(received);
    ASSERT_TRUE(consumer->Acknowledge(received).ok());
  }
  EXPECT_TRUE(AllHeard());
}

TEST_F(RedisPartitions, ARaiseSurvivesTheLossOfAllData) {
  Say(*Connect(2), 1);
  const auto after = Connect(4);
  const auto consumer = after->Subscribe(kTopic, "reports", "0");
  ASSERT_THAT(ReceiveAll(*consumer), SizeIs(kSubjects));
  redis_.Command({"FLUSHALL"});
  Say(*after, 1);
  EXPECT_TRUE(Eventually([&] {
    const auto received = consumer->Receive(100, milliseconds(10));
    return received.ok() && !received->empty();
  }));
  EXPECT_EQ(Connect(2)->Check().error().reason, "BROKER_PARTITIONS") << "whoever knew it has written it again";
}

TEST_F(RedisPartitions, TheMarkerOutlivesARaiseAndShowsALossOnEitherSide) {
  const auto before = Connect(2);
  ASSERT_TRUE(before->BeginMarker(kTopic, "token").ok());
  ASSERT_TRUE(before->SetMarker(kTopic, "token", 17).value());

  const auto after = Connect(4);
  Say(*after, 1);
  EXPECT_EQ(after->ReadMarker(kTopic).value().value, 17) << "or all events would come again";
  EXPECT_TRUE(after->AdvanceMarker(kTopic, 18).value());
  EXPECT_EQ(after->ReadMarker(kTopic).value().value, 18);

  redis_.Command({"DEL", events::StreamKeys(kTopic, 4)[2] + ":marker"});
  EXPECT_EQ(after->ReadMarker(kTopic).value().value, 17) << "all since the raise is in doubt";
  redis_.Command({"DEL", events::StreamKeys(kTopic, 2)[1] + ":marker"});
  EXPECT_EQ(after->ReadMarker(kTopic).value().value, std::nullopt);
}

}  // namespace
}  // namespace quartet::test
