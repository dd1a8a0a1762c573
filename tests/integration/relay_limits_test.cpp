// The relay with much to do: in bounded pieces, none of which holds up the others, and whatever the clock says.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/base/limits.h"
#include "common/events/memory_bus.h"
#include "common/events/outbox/sweep.h"
#include "tests/support/database_backend.h"
#include "tests/support/event_service.h"

namespace quartet::test {
namespace {

using events::Message;
using std::chrono::milliseconds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr const char* kCommands = "lead.commands";
constexpr const char* kEvents = "lead.events";
constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kHour = 3'600 * kSecond;
constexpr std::int64_t kDay = 24 * kHour;

// Notes how much is published at once.
class MeasuredBus final : public events::Bus {
 public:
  explicit MeasuredBus(events::Bus& bus) : bus_(bus) {}
  Status Publish(std::span<const Message> messages) override {
    std::size_t bytes = 0;
    for (const Message& message : messages) bytes += message.size_bytes();
    largest_ = std::max(largest_, bytes);
    return bus_.Publish(messages);
  }
  int PartitionOf(const std::string& topic, std::string_view key) const override {
    return bus_.PartitionOf(topic, key);
  }
  std::unique_ptr<events::Subscription> Subscribe(const std::string& topic, const std::string& group,
                                                  const std::string& consumer) override {
    return bus_.Subscribe(topic, group, consumer);
  }
  Status Trim(const std::string& topic, milliseconds max_age) override { return bus_.Trim(topic, max_age); }
  Result<events::Marker> ReadMarker(const std::string& topic) override { return bus_.ReadMarker(topic); }
  Result<bool> AdvanceMarker(const std::string& topic, std::int64_t value) override {
    return bus_.AdvanceMarker(topic, value);
  }
  Status BeginMarker(const std::string& topic, const std::string& token) override {
    return bus_.BeginMarker(topic, token);
  }
  Result<bool> SetMarker(const std::string& topic, const std::string& token, std::int64_t value) override {
    return bus_.SetMarker(topic, token, value);
  }
  std::size_t TakeLargest() { return std::exchange(largest_, 0); }

 private:
  events::Bus& bus_;
  std::size_t largest_ = 0;
};

class RelayLimitsTest : public EveryDatabase {
 protected:
  RelayLimitsTest() { Run(); }

  void Run() {
    bool busy = true;
    while (busy) {
      busy = service_->relay().Step();
      service_->Settle();
    }
  }
  void RunFor(std::int64_t us) {
    for (std::int64_t passed = 0; passed < us; passed += kSecond / 2) {
      clock_.Advance(kSecond / 2);
      Run();
    }
  }
  void Reopen(events::RelayOptions options) {
    service_ = std::make_unique<EventService>(measured_, clock_, GetParam(), std::move(options));
    Run();
  }
  Status SayAll(std::vector<Message> messages) {
    return service_->outbox().Write([&](storage::Transaction&, std::vector<Message>& out) {
      out = messages;
      return Status();
    });
  }
  static std::vector<Message> Events(int count, std::size_t bytes) {
    std::vector<Message> messages;
    for (int i = 0; i < count; ++i) {
      messages.push_back(EventService::MakeMessage(kEvents, std::to_string(1'000 + i)));
      messages.back().data = std::string(bytes, 'x');
    }
    return messages;
  }
  std::vector<std::string> Published(const char* topic) { return IdsOf(bus_.Messages(topic)); }
  std::int64_t Number(const std::string& sql) {
    std::int64_t number = 0;
    EXPECT_TRUE(service_->database()
                    .Read([&](storage::Transaction& transaction) {
                      return transaction.Query(sql, {}, [&](const storage::Row& row) { number = row.Int(0); });
                    })
                    .ok());
    return number;
  }

  ManualClock clock_;
  events::MemoryBus bus_{clock_, 1};
  MeasuredBus measured_{bus_};
  std::unique_ptr<EventService> service_ =
      std::make_unique<EventService>(measured_, clock_, GetParam(), events::RelayOptions{.service = "lead"});
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(RelayLimitsTest);

// 100,000 of them, of which a twentieth is made each second.
TEST_P(RelayLimitsTest, EventsArePrunedAtTheRateAtWhichTheyAreMade) {
  constexpr int kPerSecond = 5'000;
  Reopen({.service = "lead", .event_retention = milliseconds(5'000)});
  UuidV7Source ids(clock_, 11);
  for (int second = 0; second < 20; ++second) {
    ASSERT_TRUE(service_->database()
                    .Write([&](storage::Transaction& transaction) -> Status {
                      for (int i = 0; i < kPerSecond; ++i) {
                        const std::string id = ids.NewUuid();
                        QUARTET_RETURN_IF_ERROR(
                            transaction.Run("INSERT INTO event (id, created_at, payload) VALUES ($1, $2, $3)",
                                            {std::string_view(id), clock_.NowMicros(), storage::Blob{"x"}}));
                      }
                      return {};
                    })
                    .ok());
    RunFor(kSecond);
    EXPECT_LE(service_->Count("event"), 7 * kPerSecond) << "after " << second << " s";
  }
  RunFor(7 * kSecond);
  EXPECT_EQ(service_->Count("event"), 0);
}

TEST_P(RelayLimitsTest, WhatAnOperationSaysIsWrittenInPieces) {
  ASSERT_TRUE(SayAll(Events(2 * limits::kMessageBatchMax + 1, 10)).ok());
  EXPECT_EQ(service_->Count("event"), 3);
  EXPECT_EQ(service_->Count("outbox"), 3);
  constexpr int kLarge = 5;
  ASSERT_TRUE(SayAll(Events(kLarge, limits::kMessageBatchBytesMax / 2 - 1'000)).ok());
  EXPECT_EQ(service_->Count("event"), 3 + 3);
  RunFor(2 * kSecond);
  EXPECT_THAT(Published(kEvents), SizeIs(2 * limits::kMessageBatchMax + 1 + kLarge));
  EXPECT_EQ(service_->Count("outbox"), 0);
  EXPECT_LE(measured_.TakeLargest(), limits::kMessageBatchBytesMax);
}

TEST_P(RelayLimitsTest, AMessageThatIsTooLargeIsRefusedWithItsSizeAndNothingIsWritten) {
  std::vector<Message> one = Events(1, 0);
  one[0].time_us = 1;
  const std::size_t rest = one[0].size_bytes();
  one[0].data = std::string(limits::kBrokerMessageBytesMax - rest + 1, 'x');
  const Status refused = service_->outbox().Write([&](storage::Transaction& transaction, std::vector<Message>& out) {
    out = one;
    return transaction.Run("INSERT INTO fact (id) VALUES ('1')");
  });
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalidArgument);
  EXPECT_EQ(refused.error().reason, "MESSAGE_TOO_LARGE");
  EXPECT_EQ(refused.error().metadata.at("size_bytes"), std::to_string(limits::kBrokerMessageBytesMax + 1));
  EXPECT_EQ(service_->Count("fact"), 0);
  one[0].data.pop_back();
  EXPECT_TRUE(SayAll(one).ok());
}

TEST_P(RelayLimitsTest, LargeEventsArePublishedAgainInPieces) {
  constexpr int kEventsSaid = 9;
  for (int i = 0; i < kEventsSaid; ++i) ASSERT_TRUE(SayAll(Events(1, limits::kMessageBatchBytesMax / 4)).ok());
  RunFor(30 * kSecond);
  measured_.TakeLargest();
  bus_.Wipe();
  RunFor(5 * kSecond);
  EXPECT_THAT(Published(kEvents), SizeIs(kEventsSaid));
  EXPECT_LE(measured_.TakeLargest(), limits::kMessageBatchBytesMax);
}

TEST_P(RelayLimitsTest, ABacklogOfLargeRowsIsSweptInPieces) {
  constexpr int kEventsSaid = 9;
  for (int i = 0; i < kEventsSaid; ++i) ASSERT_TRUE(SayAll(Events(1, limits::kMessageBatchBytesMax / 4)).ok());
  service_->Restart();
  clock_.Advance(2 * kSecond);
  const auto page =
      events::ReadOutbox(service_->database(), 0, "", {.end = "f", .future = "g"}, [](const auto&) { return false; });
  ASSERT_TRUE(page.ok());
  EXPECT_TRUE(page->has_more);
  EXPECT_LT(page->batches.size(), std::size_t{kEventsSaid});
  RunFor(5 * kSecond);
  // Some twice: after a start the last moments are published again.
  EXPECT_GE(Published(kEvents).size(), std::size_t{kEventsSaid});
  EXPECT_LE(measured_.TakeLargest(), limits::kMessageBatchBytesMax);
  RunFor(20 * kSecond);
  EXPECT_EQ(service_->Count("outbox"), 0);
}

TEST_P(RelayLimitsTest, ARowThatCannotBeReadHoldsUpNothing) {
  ASSERT_TRUE(service_->database()
                  .Write([&](storage::Transaction& transaction) {
                    return transaction.Run("INSERT INTO outbox (slot, id, created_at, payload) VALUES (0, $1, $2, $3)",
                                           {std::string_view("00000000-0000-7000-8000-000000000000"),
                                            clock_.NowMicros(), storage::Blob{"\x0a\xff"}});
                  })
                  .ok());
  ASSERT_TRUE(service_->Say(kEvents, "1").ok());
  RunFor(60 * kSecond);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM outbox WHERE slot = -1"), 1) << "there to be looked at";
  EXPECT_GT(bus_.ReadMarker(kEvents).value().value, clock_.NowMicros() - 30 * kSecond);
  clock_.Advance(8 * kDay);
  RunFor(2 * kSecond);
  EXPECT_EQ(service_->Count("event"), 0);
}

TEST_P(RelayLimitsTest, RowsOfACrashAreFoundThoughTheClockWasSetBack) {
  ASSERT_TRUE(service_->Say(kCommands, "1").ok());
  service_->Restart();
  clock_.Set(-kHour);
  RunFor(3 * kSecond);
  EXPECT_THAT(Published(kCommands), ElementsAre("1"));
  EXPECT_EQ(service_->Count("outbox"), 0);
}

TEST_P(RelayLimitsTest, WhatLingersGoesOutThoughTheClockWasSetBack) {
  ASSERT_TRUE(service_->Say(kEvents, "1").ok());
  std::vector<Message> joined = {EventService::MakeMessage(kCommands, "")};
  joined[0].carriage = events::Carriage::kJoined;
  ASSERT_TRUE(SayAll(joined).ok());
  clock_.Set(-kHour);
  RunFor(kSecond);
  EXPECT_THAT(Published(kEvents), ElementsAre("1"));
  EXPECT_THAT(Published(kCommands), SizeIs(1));
  // From the future, it passes for one that was confirmed late.
  RunFor(12 * kSecond);
  EXPECT_EQ(service_->Count("outbox"), 0);
}

TEST_P(RelayLimitsTest, TheRowOfALateEventGoesThoughTheClockWasSetBack) {
  bus_.SetDown(true);
  ASSERT_TRUE(service_->Say(kEvents, "late").ok());
  RunFor(30 * kSecond);
  bus_.SetDown(false);
  RunFor(5 * kSecond);
  ASSERT_EQ(service_->Count("outbox"), 1);
  clock_.Set(-kHour);
  RunFor(15 * kSecond);
  EXPECT_EQ(service_->Count("outbox"), 0);
}

TEST_P(RelayLimitsTest, AClockThatJumpsForwardForgetsNoEvent) {
  ASSERT_TRUE(service_->Say(kEvents, "1").ok());
  RunFor(2 * kSecond);
  clock_.Set(30 * kDay);
  RunFor(2 * kSecond);
  EXPECT_EQ(service_->Count("event"), 1);
  clock_.Advance(8 * kDay);
  RunFor(2 * kSecond);
  EXPECT_EQ(service_->Count("event"), 0) << "its time has come";
}

TEST_P(RelayLimitsTest, EventsFromBeforeTheClockWasSetBackArePublishedAgain) {
  ASSERT_TRUE(service_->Say(kEvents, "1").ok());
  RunFor(60 * kSecond);
  clock_.Set(-kHour);
  RunFor(30 * kSecond);
  bus_.Wipe();
  RunFor(3 * kSecond);
  EXPECT_THAT(Published(kEvents), Contains("1"));
  RunFor(30 * kSecond);
  EXPECT_TRUE(bus_.ReadMarker(kEvents).value().value.has_value());
}

}  // namespace
}  // namespace quartet::test
