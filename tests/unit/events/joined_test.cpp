// Messages that are joined on their way, and told apart again.
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/limits.h"
#include "common/events/joined_parts.h"
#include "common/events/outbox/joiner.h"

#include "quartet/events/v1/envelope.pb.h"

namespace quartet::events {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::string Part(const std::string& id) {
  v1::EnvelopeBatch batch;
  batch.add_messages()->set_id(id);
  return batch.SerializeAsString();
}

// Of two fields, one of them no text.
std::string Envelope(const std::string& id, std::int64_t time_us) {
  v1::Envelope envelope;
  envelope.set_id(id);
  envelope.set_time_us(time_us);
  return envelope.SerializeAsString();
}

TEST(SplitJoined, GivesThePartsThatWereJoined) {
  EXPECT_THAT(SplitJoined(Part("a") + Part("b") + Part("")), ElementsAre(Part("a"), Part("b"), Part("")));
  EXPECT_THAT(SplitJoined(Envelope("a", 1) + Envelope("b", 300)), ElementsAre(Envelope("a", 1), Envelope("b", 300)));
  EXPECT_THAT(SplitJoined(Part("alone")), ElementsAre(Part("alone")));
}

TEST(SplitJoined, TextThatIsNoTextHarmsNoOther) {
  const std::string bad = "\x0a\x03\x0a\x01\xff";
  EXPECT_THAT(SplitJoined(Part("a") + bad + Part("b")), ElementsAre(Part("a"), bad, Part("b")));
}

TEST(SplitJoined, WhatIsNoSerialisedMessageIsOnePart) {
  for (const std::string& data :
       {std::string(), std::string("\x0a\xff"), Part("a") + "\x0a\x7f", std::string("\x07")}) {
    EXPECT_THAT(SplitJoined(data), ElementsAre(data));
  }
}

Message Joinable(std::string data) {
  return {.topic = "lead.commands", .type = "t", .data = std::move(data), .carriage = Carriage::kJoined};
}

TEST(Joiner, AMessageIsNoLargerThanItsLimitUnlessAPartIs) {
  Joiner joiner(std::chrono::milliseconds(20));
  const std::string half(limits::kJoinedMessageBytesMax / 2, 'x');
  for (int i = 0; i < 4; ++i) joiner.Add(Joinable(half), 0, 0);
  joiner.Add(Joinable("y"), 0, 0);
  joiner.Add(Joinable(half + half + "z"), 0, 0);
  const auto taken = joiner.Take(0, /*all=*/true);
  ASSERT_THAT(taken, SizeIs(4));
  EXPECT_EQ(taken[0].data, half + half);
  EXPECT_EQ(taken[1].data, half + half);
  EXPECT_EQ(taken[2].data, "y");
  EXPECT_THAT(taken[3].data, SizeIs(limits::kJoinedMessageBytesMax + 1));
}

TEST(Joiner, WhatNobodyTakesIsBoundedInNumberAndBytes) {
  Joiner joiner(std::chrono::milliseconds(20));
  const std::string full(limits::kJoinedMessageBytesMax, 'x');
  for (std::size_t i = 0; i < 2 * limits::kJoinedMessagesKeptMax; ++i) joiner.Add(Joinable(full), 0, 0);
  EXPECT_EQ(joiner.dropped(), static_cast<std::int64_t>(limits::kJoinedMessagesKeptMax - 1));
  EXPECT_THAT(joiner.Take(0, /*all=*/true), SizeIs(limits::kJoinedMessagesKeptMax + 1));

  const std::string large(limits::kBrokerMessageBytesMax - 100, 'x');
  for (int i = 0; i < 10; ++i) joiner.Add(Joinable(large), 0, 0);
  std::size_t bytes = 0;
  for (const Message& message : joiner.Take(0, /*all=*/true)) bytes += message.size_bytes();
  EXPECT_LE(bytes, limits::kMessageBatchBytesMax + 2 * limits::kBrokerMessageBytesMax);
}

}  // namespace
}  // namespace quartet::events
