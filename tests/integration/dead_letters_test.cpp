#include "common/events/inbox/dead_letters.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/events/memory_bus.h"
#include "tests/support/database_backend.h"
#include "tests/support/event_service.h"

namespace quartet::test {
namespace {

using events::Burial;
using events::DeadLetter;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kTopic = "lead.commands";

class DeadLettersTest : public EveryDatabase {
 protected:
  void Bury(const std::string& id, std::int64_t fail_time_us) {
    const std::vector<DeadLetter> letter = {{.message = EventService::MakeMessage(kTopic, id),
                                             .group = "lead",
                                             .error = "INTERNAL: cannot be read",
                                             .delivery_count = 5,
                                             .fail_time_us = fail_time_us}};
    const auto buried = events::BuryDeadLetters(service_.database(), letter);
    ASSERT_TRUE(buried.ok()) << ToString(buried.error());
    EXPECT_THAT(*buried, ElementsAre(Burial::kKept));
  }
  std::vector<std::string> Ids(int page_size = 0) {
    const std::vector<DeadLetter> letters = letters_.List(page_size).value();
    std::vector<std::string> ids;
    ids.reserve(letters.size());
    for (const DeadLetter& letter : letters) ids.push_back(letter.message.id);
    return ids;
  }

  ManualClock clock_;
  events::MemoryBus bus_{clock_};
  EventService service_{bus_, clock_, GetParam()};
  events::DeadLetters letters_{service_.database(), bus_};
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(DeadLettersTest);

TEST_P(DeadLettersTest, TheOldestAreListedFirst) {
  Bury("2", 20);
  Bury("1", 10);
  Bury("3", 30);
  EXPECT_THAT(Ids(), ElementsAre("1", "2", "3"));
  EXPECT_THAT(Ids(2), ElementsAre("1", "2"));
  const DeadLetter letter = letters_.List(1).value().at(0);
  events::Message without_data = EventService::MakeMessage(kTopic, "1");
  without_data.data.clear();
  EXPECT_EQ(letter.message, without_data);
  EXPECT_EQ(letter.error, "INTERNAL: cannot be read");
  EXPECT_EQ(letter.fail_time_us, 10);
}

TEST_P(DeadLettersTest, APageSizeOutOfRangeIsRefused) {
  EXPECT_EQ(letters_.List(-1).error().code, Code::kInvalidArgument);
  EXPECT_EQ(letters_.List(1'001).error().violations.at(0).field, "page_size");
}

TEST_P(DeadLettersTest, AReplayedLetterIsPublishedAndForgotten) {
  Bury("1", 10);
  Bury("2", 20);
  ASSERT_TRUE(letters_.Replay(std::vector<std::string>{"1", "1"}).ok());
  EXPECT_THAT(bus_.Messages(kTopic), ElementsAre(EventService::MakeMessage(kTopic, "1")));
  EXPECT_THAT(Ids(), ElementsAre("2"));
}

TEST_P(DeadLettersTest, AReplayThatCannotBePublishedForgetsNothing) {
  Bury("1", 10);
  bus_.SetDown(true);
  EXPECT_EQ(letters_.Replay(std::vector<std::string>{"1"}).error().code, Code::kUnavailable);
  EXPECT_THAT(Ids(), ElementsAre("1"));
}

TEST_P(DeadLettersTest, ADroppedLetterIsForgotten) {
  Bury("1", 10);
  Bury("2", 20);
  ASSERT_TRUE(letters_.Drop(std::vector<std::string>{"1"}).ok());
  EXPECT_THAT(Ids(), ElementsAre("2"));
  EXPECT_THAT(bus_.Messages(kTopic), IsEmpty());
}

TEST_P(DeadLettersTest, UnknownIdsAreAllNamedAndNothingIsDone) {
  Bury("1", 10);
  const std::vector<std::string> ids = {"1", "8", "9"};
  for (const Status& status : {letters_.Replay(ids), letters_.Drop(ids)}) {
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, Code::kNotFound);
    EXPECT_EQ(status.error().reason, "DEAD_LETTER_NOT_FOUND");
    EXPECT_EQ(status.error().metadata.at("ids"), "8,9");
  }
  EXPECT_THAT(Ids(), SizeIs(1));
  EXPECT_THAT(bus_.Messages(kTopic), IsEmpty());
}

TEST_P(DeadLettersTest, NoIdsOrTooManyAreRefused) {
  EXPECT_EQ(letters_.Replay({}).error().code, Code::kInvalidArgument);
  EXPECT_EQ(letters_.Drop(std::vector<std::string>(1'001, "1")).error().code, Code::kInvalidArgument);
}

TEST_P(DeadLettersTest, AMessageThatFailsAgainReplacesItsLetter) {
  Bury("1", 10);
  Bury("1", 30);
  const auto letters = letters_.List(0).value();
  ASSERT_THAT(letters, SizeIs(1));
  EXPECT_EQ(letters[0].fail_time_us, 30);
}

TEST_P(DeadLettersTest, TheyAreBoundedInNumber) {
  std::vector<DeadLetter> letters(limits::kDeadLettersMax + 2);
  for (std::size_t i = 0; i < letters.size(); ++i)
    letters[i].message = EventService::MakeMessage(kTopic, std::to_string(i));
  // One that is there may come again.
  letters[1].message.id = "0";
  const auto buried = events::BuryDeadLetters(service_.database(), letters).value();
  EXPECT_EQ(std::ranges::count(buried, Burial::kKept), limits::kDeadLettersMax + 1);
  EXPECT_EQ(buried.back(), Burial::kNoRoom);
  EXPECT_THAT(Ids(1'000), SizeIs(limits::kDeadLettersMax));
}

TEST_P(DeadLettersTest, TheyAreBoundedInBytes) {
  DeadLetter letter;
  letter.error = std::string(10'000, 'x');
  std::size_t kept = 0;
  for (int i = 0; i < 100; ++i) {
    letter.message = EventService::MakeMessage(kTopic, std::to_string(i));
    letter.message.data = std::string(limits::kBrokerMessageBytesMax, 'x');
    const auto buried = events::BuryDeadLetters(service_.database(), std::vector{letter}).value();
    if (buried[0] == Burial::kNoRoom) break;
    ++kept;
  }
  EXPECT_EQ(kept, (limits::kDeadLettersBytesMax - 1) / limits::kBrokerMessageBytesMax);
  EXPECT_THAT(letters_.List(1).value().at(0).error, SizeIs(limits::kDeadLetterErrorBytesMax));
  // All at once, they are read and published in pieces.
  ASSERT_TRUE(letters_.Replay(Ids(1'000)).ok());
  EXPECT_THAT(bus_.Messages(kTopic), SizeIs(kept));
  EXPECT_THAT(Ids(), IsEmpty());
}

TEST_P(DeadLettersTest, OneThatCannotBeReadHidesNoOther) {
  Bury("1", 10);
  ASSERT_TRUE(service_.database()
                  .Write([](storage::Transaction& transaction) {
                    return transaction.Run("UPDATE dead_letter SET payload = $1", {storage::Blob{"\x0a\xff"}});
                  })
                  .ok());
  Bury("2", 20);
  const auto letters = letters_.List(0).value();
  ASSERT_THAT(letters, SizeIs(2));
  EXPECT_EQ(letters[0].message.id, "1");
  EXPECT_THAT(letters[0].error, testing::HasSubstr("MESSAGE_UNREADABLE"));
  EXPECT_EQ(letters_.Replay(std::vector<std::string>{"1"}).error().code, Code::kDataLoss);
  EXPECT_TRUE(letters_.Drop(std::vector<std::string>{"1"}).ok());
}

}  // namespace
}  // namespace quartet::test
