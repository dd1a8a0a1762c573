#include "common/events/outbox/relay.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/events/memory_bus.h"
#include "tests/support/database_backend.h"
#include "tests/support/event_service.h"

namespace quartet::test {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kCommands = "lead.commands";
constexpr const char* kEvents = "lead.events";
constexpr std::int64_t kSecond = 1'000'000;

class RelayTest : public EveryDatabase {
 protected:
  RelayTest() { Run(); }

  // Steps until there is nothing more to do at this moment.
  void Run() {
    bool busy = true;
    while (busy) {
      busy = service_.relay().Step();
      service_.Settle();
    }
  }
  void RunFor(std::int64_t us) {
    for (std::int64_t passed = 0; passed < us; passed += kSecond / 2) {
      clock_.Advance(kSecond / 2);
      Run();
    }
  }
  void Say(const char* topic, const std::string& id) { ASSERT_TRUE(service_.Say(topic, id).ok()); }
  std::vector<std::string> Published(const char* topic) { return IdsOf(bus_.Messages(topic)); }

  ManualClock clock_;
  events::MemoryBus bus_{clock_, 1};
  EventService service_{bus_, clock_, GetParam(), {.service = "lead", .batches_held_max = 4}};
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(RelayTest);

TEST_P(RelayTest, AMessageIsPublishedAfterItsCommitAndThenForgotten) {
  Say(kCommands, "1");
  EXPECT_THAT(Published(kCommands), IsEmpty());
  EXPECT_EQ(service_.Count("outbox"), 1);
  Run();
  EXPECT_THAT(Published(kCommands), ElementsAre("1"));
  EXPECT_EQ(bus_.Messages(kCommands)[0].time_us, clock_.NowMicros()) << "its time is that of the operation";

  EXPECT_EQ(service_.Count("outbox"), 1) << "deletions wait a little, to share a transaction";
  RunFor(kSecond / 2);
  EXPECT_EQ(service_.Count("outbox"), 0);
  EXPECT_EQ(service_.Count("event"), 0) << "a command is no event";
  EXPECT_EQ(service_.relay().stats().batches_held, 0);
}

TEST_P(RelayTest, AFailedOperationSaysNothing) {
  Say(kEvents, "1");
  EXPECT_FALSE(service_.Say(kEvents, "1").ok()) << "the fact is there already";
  RunFor(3 * kSecond);
  EXPECT_THAT(Published(kEvents), ElementsAre("1"));
}

TEST_P(RelayTest, AnOperationWithoutMessagesWritesNoRow) {
  EXPECT_TRUE(
      service_.outbox().Write([](storage::Transaction&, std::vector<events::Message>&) { return Status(); }).ok());
  EXPECT_EQ(service_.Count("outbox"), 0);
}

TEST_P(RelayTest, MessagesThatMayWaitAreJoinedAndNotStored) {
  const auto say = [&](const char* topic, const std::string& data) {
    ASSERT_TRUE(service_.outbox()
                    .Write([&](storage::Transaction&, std::vector<events::Message>& messages) -> Status {
                      events::Message message = EventService::MakeMessage(topic, "");
                      message.data = data;
                      message.carriage = events::Carriage::kJoined;
                      messages.push_back(std::move(message));
                      return {};
                    })
                    .ok());
  };
  say(kCommands, "one ");
  say("other.commands", "alone");
  say(kCommands, "and two");
  EXPECT_EQ(service_.Count("outbox"), 0);
  Run();
  EXPECT_THAT(bus_.Messages(kCommands), IsEmpty()) << "others may still come";

  clock_.Advance(20'000);
  Run();

  ASSERT_THAT(bus_.Messages(kCommands), SizeIs(1));
  EXPECT_EQ(bus_.Messages(kCommands)[0].data, "one and two");
  EXPECT_NE(bus_.Messages(kCommands)[0].id, "");
  EXPECT_THAT(bus_.Messages("other.commands"), SizeIs(1));
}

TEST_P(RelayTest, WhileTheBrokerIsDownMessagesWaitAndKeepTheirOrder) {
  bus_.SetDown(true);
  for (const char* id : {"1", "2", "3"}) Say(kCommands, id);
  RunFor(10 * kSecond);
  const auto stats = service_.relay().stats();
  EXPECT_GE(stats.publish_failures, 5);
  EXPECT_LE(stats.publish_failures, 12) << "it backs off";
  EXPECT_THAT(stats.last_error, testing::HasSubstr("BROKER_UNAVAILABLE"));
  bus_.SetDown(false);
  RunFor(3 * kSecond);
  EXPECT_THAT(Published(kCommands), ElementsAre("1", "2", "3"));
  EXPECT_EQ(service_.Count("outbox"), 0);
  EXPECT_EQ(service_.relay().stats().last_error, "");
}

TEST_P(RelayTest, WhatDoesNotFitInMemoryIsFoundInTheTable) {
  bus_.SetDown(true);
  for (int i = 0; i < 20; ++i) Say(kCommands, std::to_string(100 + i));
  EXPECT_EQ(service_.relay().stats().batches_held, 4);
  bus_.SetDown(false);
  RunFor(15 * kSecond);
  EXPECT_THAT(Published(kCommands), SizeIs(20));
  EXPECT_EQ(service_.Count("outbox"), 0);
}

TEST_P(RelayTest, ACrashBeforePublishingLosesNothing) {
  Say(kCommands, "1");
  service_.Restart();
  Run();
  EXPECT_THAT(Published(kCommands), IsEmpty()) << "so young a row may be on its way";
  RunFor(3 * kSecond);
  EXPECT_THAT(Published(kCommands), ElementsAre("1"));
  EXPECT_EQ(service_.Count("outbox"), 0);
}

TEST_P(RelayTest, ACrashBeforeDeletingMakesDuplicatesOnly) {
  Say(kCommands, "1");
  Run();
  service_.Restart();
  RunFor(3 * kSecond);
  EXPECT_THAT(Published(kCommands), ElementsAre("1", "1"));
  EXPECT_EQ(service_.Count("outbox"), 0);
}

TEST_P(RelayTest, EventsArePublishedAgainAfterTheBrokerLostEverything) {
  Say(kCommands, "command");
  for (int i = 0; i < 3; ++i) Say(kEvents, "event" + std::to_string(i));
  RunFor(30 * kSecond);
  ASSERT_THAT(Published(kEvents), SizeIs(3));
  bus_.Wipe();
  RunFor(2 * kSecond);
  EXPECT_THAT(Published(kEvents), ElementsAre("event0", "event1", "event2"));
  EXPECT_THAT(Published(kCommands), IsEmpty()) << "commands are sent again by whoever waits for their effect";
  RunFor(10 * kSecond);
  EXPECT_THAT(Published(kEvents), SizeIs(3)) << "once is enough";
}

TEST_P(RelayTest, EventsArePublishedAgainEvenIfTheBrokerIsWipedMeanwhile) {
  constexpr std::size_t kMany = 450;
  for (std::size_t i = 0; i < kMany; ++i) {
    Say(kEvents, std::to_string(1000 + i));
    if (i % 3 == 2) Run();
  }
  RunFor(30 * kSecond);
  bus_.Wipe();
  clock_.Advance(kSecond);
  service_.relay().Step();
  ASSERT_THAT(Published(kEvents), testing::Not(IsEmpty()));
  ASSERT_LT(Published(kEvents).size(), kMany) << "in the middle";
  bus_.Wipe();
  RunFor(5 * kSecond);
  auto ids = Published(kEvents);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  EXPECT_THAT(ids, SizeIs(kMany));
  EXPECT_TRUE(bus_.ReadMarker("lead.events").value().value.has_value());
}

TEST_P(RelayTest, AFailoverToALaggingReplicaLosesNoEvent) {
  Say(kEvents, "before");
  RunFor(60 * kSecond);
  bus_.Checkpoint();
  RunFor(2 * kSecond);
  Say(kEvents, "lost");
  RunFor(2 * kSecond);
  bus_.Rewind();
  EXPECT_THAT(Published(kEvents), ElementsAre("before"));
  RunFor(2 * kSecond);
  EXPECT_THAT(Published(kEvents), ElementsAre("before", "lost"));
}

// No connection breaks, and the marker is as it was written.
TEST_P(RelayTest, ALossOfWhatCameAfterTheLastMarkerShowsInTheHistory) {
  RunFor(60 * kSecond);
  bus_.Checkpoint();
  Say(kEvents, "lost");
  service_.relay().Step();
  ASSERT_THAT(Published(kEvents), ElementsAre("lost"));
  bus_.Rewind();
  ASSERT_THAT(Published(kEvents), IsEmpty());
  RunFor(2 * kSecond);
  EXPECT_THAT(Published(kEvents), ElementsAre("lost"));
}

TEST_P(RelayTest, ABrokenConnectionBringsTheLastMomentsAgain) {
  Say(kEvents, "long ago");
  RunFor(60 * kSecond);
  Say(kEvents, "just now");
  RunFor(kSecond);
  bus_.SetDown(true);
  RunFor(2 * kSecond);
  bus_.SetDown(false);
  RunFor(5 * kSecond);
  EXPECT_THAT(Published(kEvents), ElementsAre("long ago", "just now", "just now"));
}

// Until then the broker may lose it, and the marker must not pass it.
TEST_P(RelayTest, TheRowOfAnEventThatIsConfirmedLateStaysForTheLossWindow) {
  RunFor(30 * kSecond);
  bus_.SetDown(true);
  Say(kEvents, "late event");
  Say(kCommands, "late command");
  const std::int64_t made_us = clock_.NowMicros();
  RunFor(30 * kSecond);
  bus_.SetDown(false);
  RunFor(5 * kSecond);
  EXPECT_THAT(Published(kEvents), testing::Contains("late event"));
  EXPECT_EQ(service_.Count("outbox"), 1) << "a command is not published again";
  EXPECT_LE(bus_.ReadMarker("lead.events").value().value, made_us);
  RunFor(10 * kSecond);
  EXPECT_EQ(service_.Count("outbox"), 0);
  RunFor(2 * kSecond);
  EXPECT_GT(bus_.ReadMarker("lead.events").value().value, made_us);
}

TEST_P(RelayTest, EventsAreKeptForTheRetentionWindow) {
  Say(kEvents, "1");
  RunFor(2 * kSecond);
  clock_.Advance(3600 * kSecond * 24 * 6);
  RunFor(2 * kSecond);
  EXPECT_EQ(service_.Count("event"), 1);
  Say(kEvents, "2");
  clock_.Advance(3600 * kSecond * 24 * 2);
  RunFor(2 * kSecond);
  EXPECT_EQ(service_.Count("event"), 1);
}

TEST_P(RelayTest, AnEventThatTheBrokerHasNotTakenOutlivesTheRetentionWindow) {
  Say(kEvents, "1");
  RunFor(2 * kSecond);
  bus_.SetDown(true);
  Say(kEvents, "2");
  for (int day = 0; day < 9; ++day) {
    clock_.Advance(3600 * kSecond * 24);
    RunFor(2 * kSecond);
  }
  EXPECT_EQ(service_.Count("event"), 1) << "the first has gone";
  // Nothing of it is in memory any more.
  service_.Restart();
  bus_.SetDown(false);
  RunFor(5 * kSecond);
  EXPECT_THAT(Published(kEvents), testing::Contains("2"));
  RunFor(15 * kSecond);
  EXPECT_EQ(service_.Count("outbox"), 0);
  EXPECT_EQ(service_.Count("event"), 0);
}

TEST_P(RelayTest, EventsThatNobodyReadsLeaveTheBrokerAfterAWhile) {
  Say(kEvents, "1");
  RunFor(2 * kSecond);
  EXPECT_THAT(Published(kEvents), ElementsAre("1"));
  clock_.Advance(3600 * kSecond + kSecond);
  RunFor(2 * kSecond);
  EXPECT_THAT(Published(kEvents), IsEmpty());
}

}  // namespace
}  // namespace quartet::test
