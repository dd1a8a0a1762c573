#include "common/events/inbox/consumer.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/events/inbox/dead_letters.h"
#include "common/events/memory_bus.h"
#include "tests/support/database_backend.h"
#include "tests/support/event_service.h"

namespace quartet::test {
namespace {

using events::Consumer;
using events::Delivery;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kTopic = "lead.commands";
constexpr std::int64_t kMillisecond = 1'000;
constexpr std::int64_t kSecond = 1'000'000;

class ConsumerTest : public EveryDatabase {
 protected:
  // Each reads all partitions.
  std::unique_ptr<Consumer> MakeConsumer(std::size_t slot = 0) {
    return std::make_unique<Consumer>(
        bus_, service_.database(), alone_in_slot_.at(slot), kTopic, "lead",
        [this](std::span<const Delivery> deliveries) { return Handle(deliveries); }, events::ConsumerOptions{}, clock_);
  }
  // OK, unless `answers_` says otherwise.
  std::vector<Status> Handle(std::span<const Delivery> deliveries) {
    std::vector<Status> statuses;
    for (const Delivery& delivery : deliveries) {
      handled_.push_back(delivery.message.id);
      const auto answer = answers_.find(delivery.message.id);
      statuses.push_back(answer == answers_.end() ? Status() : answer->second);
    }
    if (throws_) throw std::runtime_error("broken handler");
    if (forgets_) statuses.pop_back();
    return statuses;
  }
  void Publish(const std::vector<std::string>& ids) {
    std::vector<events::Message> messages;
    messages.reserve(ids.size());
    for (const std::string& id : ids) messages.push_back(EventService::MakeMessage(kTopic, id));
    ASSERT_TRUE(bus_.Publish(messages).ok());
  }
  // Steps now and every 100 ms of `us`.
  void RunFor(Consumer& consumer, std::int64_t us) {
    for (std::int64_t passed = 0; passed <= us; passed += 100 * kMillisecond) {
      (void)consumer.Step(milliseconds(0));  // failures are counted in its stats
      clock_.Advance(100 * kMillisecond);
    }
  }
  std::vector<events::DeadLetter> Dead() { return events::DeadLetters(service_.database(), bus_).List(0).value(); }

  const std::array<events::FixedMembership, 3> alone_in_slot_{
      events::FixedMembership{{.slot = 0, .live = {0}}},
      events::FixedMembership{{.slot = 1, .live = {1}}},
      events::FixedMembership{{.slot = 2, .live = {2}}},
  };
  ManualClock clock_;
  events::MemoryBus bus_{clock_, 1};
  EventService service_{bus_, clock_, GetParam()};
  std::map<std::string, Status> answers_;
  bool throws_ = false;
  bool forgets_ = false;
  std::vector<std::string> handled_;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(ConsumerTest);

TEST_P(ConsumerTest, AHandledMessageIsAcknowledgedAndTrimmed) {
  const auto consumer = MakeConsumer();
  Publish({"1", "2"});
  EXPECT_EQ(consumer->Step(milliseconds(0)).value(), 2);
  EXPECT_EQ(consumer->Step(milliseconds(0)).value(), 0);
  EXPECT_THAT(handled_, ElementsAre("1", "2"));
  EXPECT_EQ(consumer->stats().acknowledged, 2);
  RunFor(*consumer, 2 * kSecond);
  EXPECT_THAT(bus_.Messages(kTopic), IsEmpty());
}

TEST_P(ConsumerTest, WhatPassesByItselfIsTriedAgainForEverAndEverMoreSlowly) {
  const auto consumer = MakeConsumer();
  answers_["1"] = Unavailable("NO_DECISION", "the orchestrator is away");
  Publish({"1", "2"});
  RunFor(*consumer, 60 * kSecond);
  const auto tries = std::count(handled_.begin(), handled_.end(), "1");
  EXPECT_GT(tries, 10);
  EXPECT_LT(tries, 30);
  EXPECT_EQ(std::count(handled_.begin(), handled_.end(), "2"), 1) << "its neighbour has nothing to do with it";
  EXPECT_THAT(Dead(), IsEmpty());
  EXPECT_THAT(consumer->stats().last_error, HasSubstr("NO_DECISION"));

  answers_.clear();
  RunFor(*consumer, 6 * kSecond);
  EXPECT_EQ(consumer->stats().acknowledged, 2);
  EXPECT_EQ(consumer->stats().last_error, "");
}

TEST_P(ConsumerTest, AMessageThatFailsTooOftenIsGivenUpAndStaysVisible) {
  const auto consumer = MakeConsumer();
  answers_["1"] = Internal("cannot be read");
  Publish({"1", "2"});
  RunFor(*consumer, 20 * kSecond);
  EXPECT_EQ(std::count(handled_.begin(), handled_.end(), "1"), 5);
  EXPECT_EQ(consumer->stats().dead, 1);
  const auto dead = Dead();
  ASSERT_THAT(dead, SizeIs(1));
  EXPECT_EQ(dead[0].message.id, "1");
  EXPECT_EQ(dead[0].group, "lead");
  EXPECT_EQ(dead[0].delivery_count, 5);
  EXPECT_THAT(dead[0].error, HasSubstr("cannot be read"));
  EXPECT_THAT(IdsOf(bus_.DeadLetters(kTopic)), ElementsAre("1"));
  EXPECT_THAT(bus_.Messages(kTopic), IsEmpty()) << "acknowledged, so that it holds nothing up";
}

TEST_P(ConsumerTest, AMixOfFailuresCountsOnlyTheRealOnes) {
  const auto consumer = MakeConsumer();
  Publish({"1"});
  for (int round = 0; round < 4; ++round) {
    answers_["1"] = Internal("cannot be read");
    const auto before = handled_.size();
    while (handled_.size() == before) RunFor(*consumer, 0);
    answers_["1"] = Aborted("CONFLICT", "again");
    RunFor(*consumer, 30 * kSecond);
  }
  EXPECT_THAT(Dead(), IsEmpty());
  answers_["1"] = Internal("cannot be read");
  RunFor(*consumer, 10 * kSecond);
  EXPECT_THAT(Dead(), SizeIs(1));
}

TEST_P(ConsumerTest, AHandlerThatThrowsHasFailed) {
  const auto consumer = MakeConsumer();
  throws_ = true;
  Publish({"1"});
  RunFor(*consumer, 20 * kSecond);
  ASSERT_THAT(Dead(), SizeIs(1));
  EXPECT_THAT(Dead()[0].error, HasSubstr("broken handler"));
}

TEST_P(ConsumerTest, AHandlerThatForgetsAResultHasFailedForAll) {
  const auto consumer = MakeConsumer();
  forgets_ = true;
  Publish({"1", "2"});
  EXPECT_TRUE(consumer->Step(milliseconds(0)).ok());
  EXPECT_EQ(consumer->stats().acknowledged, 0);
  EXPECT_THAT(consumer->stats().last_error, HasSubstr("1 results for 2 messages"));
  forgets_ = false;
  RunFor(*consumer, kSecond);
  EXPECT_EQ(consumer->stats().acknowledged, 2);
}

TEST_P(ConsumerTest, ARestartContinuesAtOnceWithWhatWasNotFinished) {
  auto consumer = MakeConsumer();
  answers_["1"] = Unavailable("AWAY", "not now");
  Publish({"1"});
  EXPECT_TRUE(consumer->Step(milliseconds(0)).ok());
  consumer.reset();
  answers_.clear();
  consumer = MakeConsumer();
  EXPECT_EQ(consumer->Step(milliseconds(0)).value(), 1);
  EXPECT_EQ(consumer->stats().acknowledged, 1);
}

TEST_P(ConsumerTest, AnotherConsumerTakesOverWhatADeadOneHeld) {
  auto dead = MakeConsumer(0);
  answers_["1"] = Unavailable("AWAY", "not now");
  Publish({"1"});
  EXPECT_TRUE(dead->Step(milliseconds(0)).ok());
  dead.reset();
  answers_.clear();
  handled_.clear();
  const auto other = MakeConsumer(1);
  RunFor(*other, 3 * kSecond);
  EXPECT_THAT(handled_, IsEmpty()) << "the dead one may only be slow";
  RunFor(*other, 5 * kSecond);
  EXPECT_THAT(handled_, ElementsAre("1"));
}

TEST_P(ConsumerTest, AMessageThatWaitsForItsRetryIsNotTakenOver) {
  const auto patient = MakeConsumer(0);
  const auto other = MakeConsumer(1);
  answers_["1"] = Unavailable("AWAY", "not now");
  Publish({"1"});
  EXPECT_EQ(patient->Step(milliseconds(0)).value(), 1);
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(patient->Step(milliseconds(0)).ok());
    EXPECT_EQ(other->Step(milliseconds(0)).value(), 0);
    clock_.Advance(100 * kMillisecond);
  }
}

TEST_P(ConsumerTest, ItBacksOffWhileTheBrokerIsDownAndThenGoesOn) {
  const auto consumer = MakeConsumer();
  Publish({"1"});
  bus_.SetDown(true);
  RunFor(*consumer, 20 * kSecond);
  EXPECT_GE(consumer->stats().broker_failures, 8);
  EXPECT_LE(consumer->stats().broker_failures, 20);
  bus_.SetDown(false);
  RunFor(*consumer, 3 * kSecond);
  EXPECT_EQ(consumer->stats().acknowledged, 1);
}

TEST_P(ConsumerTest, ABrokerThatFailsBeforeTheAcknowledgementMakesADuplicate) {
  const auto consumer = MakeConsumer();
  Publish({"1"});
  Consumer failing(
      bus_, service_.database(), alone_in_slot_[2], kTopic, "lead",
      [&](std::span<const Delivery> deliveries) {
        bus_.SetDown(true);
        return Handle(deliveries);
      },
      {}, clock_);
  EXPECT_FALSE(failing.Step(milliseconds(0)).ok());
  bus_.SetDown(false);
  RunFor(*consumer, 10 * kSecond);
  EXPECT_THAT(handled_, ElementsAre("1", "1"));
}

TEST_P(ConsumerTest, ARunningConsumerHandlesWhatComesAndStopsAtOnce) {
  const SystemClock clock;
  events::MemoryBus bus(clock);
  std::promise<void> came;
  Consumer consumer(
      bus, service_.database(), alone_in_slot_[0], kTopic, "lead",
      [&](std::span<const Delivery> deliveries) {
        came.set_value();
        return std::vector<Status>(deliveries.size());
      },
      {.receive_timeout = std::chrono::hours(1)}, clock);
  consumer.Start();
  ASSERT_TRUE(bus.Publish(std::vector{EventService::MakeMessage(kTopic, "1")}).ok());
  came.get_future().wait();
  consumer.Stop();
  EXPECT_EQ(consumer.stats().acknowledged, 1);
}

}  // namespace
}  // namespace quartet::test
