#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "common/events/envelope.h"
#include "common/events/redis/entry.h"

namespace quartet::events {
namespace {

std::string Format(std::int64_t time_us) {
  const std::array<char, 27> text = FormatTime(time_us);
  return std::string(text.data(), text.size());
}

TEST(RedisEntry, ASubjectNeverChangesItsPartition) {
  // Fixed: another hash would part the messages of one subject during an update.
  EXPECT_EQ(PartitionOf("", 4), 1);
  EXPECT_EQ(PartitionOf("a", 4), 0);
  EXPECT_EQ(PartitionOf("leads/0190a2b4-7d11-7c3e-8f00-000000000001", 1), 0);
}

TEST(RedisEntry, TimesGoToTextAndBack) {
  EXPECT_EQ(Format(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(Format(1'700'000'000'123'456), "2023-11-14T22:13:20.123456Z");
  EXPECT_EQ(Format(-1), "1969-12-31T23:59:59.999999Z");
  for (const std::int64_t time_us : {std::int64_t{1'709'164'800'000'001}, std::int64_t{-86'400'000'001}}) {
    EXPECT_EQ(ParseTime(Format(time_us)), time_us);
  }
}

TEST(RedisEntry, WhatIsNoTimeReadsAsZero) {
  for (const std::string_view text : {"", "yesterday", "2023-13-14T22:13:20.123456Z", "2023-02-30T22:13:20.123456Z",
                                      "2023-11-14T22:13:20.12345xZ", "2023-11-14T22:13:20.123456+"}) {
    EXPECT_EQ(ParseTime(text), 0) << text;
  }
}

TEST(RedisEntry, EntryIdsCompareAsNumbers) {
  EXPECT_LT(EntryId::Parse("999-5"), EntryId::Parse("1000-0"));
  EXPECT_LT(EntryId::Parse("5-9"), EntryId::Parse("5-10"));
  EXPECT_EQ(EntryId::Parse("5-9").Next().ToString(), "5-10");
  EXPECT_EQ(EntryId::Parse("5-18446744073709551615").Next().ToString(), "6-0");
  const EntryId highest = EntryId::Parse("18446744073709551615-18446744073709551615");
  EXPECT_EQ(highest.Next(), highest);
  EXPECT_EQ(EntryId::Parse("nonsense"), EntryId());
  EXPECT_EQ(EntryId::Parse("5"), EntryId());
}

TEST(Envelope, MessagesGoToBytesAndBack) {
  const Message message{.id = "id",
                        .topic = "lead.events",
                        .type = "quartet.lead.v1.created",
                        .source = "/lead",
                        .subject = "leads/1",
                        .time_us = 17,
                        .traceparent = "trace",
                        .data = std::string("\0\xff", 2)};
  EXPECT_EQ(ParseMessage(SerializeMessage(message)).value(), message);
  const Message other{.id = "other"};
  const std::array<const Message*, 2> both = {&message, &other};
  EXPECT_EQ(ParseMessages(SerializeMessages(both)).value(), (std::vector<Message>{message, other}));
}

TEST(Envelope, WhatCannotBeReadIsAnError) {
  EXPECT_EQ(ParseMessage("\x0a\xff").error().reason, "MESSAGE_UNREADABLE");
  EXPECT_EQ(ParseMessages("\x0a\xff").error().reason, "MESSAGE_UNREADABLE");
}

TEST(Envelope, TheLowestUuidOfAMillisecondIsBelowAllOfIt) {
  EXPECT_EQ(LowestUuidV7(0x0123456789abLL * 1'000 + 999), "01234567-89ab-7000-8000-000000000000");
  EXPECT_LT(LowestUuidV7(1'700'000'000'000'000), LowestUuidV7(1'700'000'000'001'000));
  EXPECT_EQ(LowestUuidV7(-5), "00000000-0000-7000-8000-000000000000");
}

}  // namespace
}  // namespace quartet::events
