// What becomes of messages that cannot be handled, by who would send them again.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"
#include "common/base/limits.h"
#include "common/events/inbox/consumer.h"
#include "common/events/inbox/dead_letters.h"
#include "common/events/memory_bus.h"
#include "common/telemetry/counters.h"
#include "tests/support/database_backend.h"
#include "tests/support/event_service.h"

#include "quartet/events/v1/envelope.pb.h"

namespace quartet::test {
namespace {

using events::Carriage;
using events::Consumer;
using events::Delivery;
using events::Message;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kTopic = "lead.commands";
constexpr std::int64_t kSecond = 1'000'000;

// One word of a message that says several.
std::string Word(const std::string& word) {
  events::v1::EnvelopeBatch batch;
  batch.add_messages()->set_id(word);
  return batch.SerializeAsString();
}
// It has the form of a word, but is no text.
const char* const kBadWord = "\x0a\x03\x0a\x01\xff";

class GivenUpTest : public EveryDatabase {
 protected:
  std::unique_ptr<Consumer> MakeConsumer(events::ConsumerOptions options = {}) {
    options.counters = &counters_;
    return std::make_unique<Consumer>(
        bus_, service_.database(), alone_, kTopic, "lead",
        [this](std::span<const Delivery> deliveries) { return Handle(deliveries); }, options, clock_);
  }
  // Hears the words of each message; the status of the last that has one in `answers_`.
  std::vector<Status> Handle(std::span<const Delivery> deliveries) {
    largest_call_ = std::max(largest_call_, deliveries.size());
    std::size_t bytes = 0;
    std::vector<Status> statuses;
    for (const Delivery& delivery : deliveries) {
      bytes += delivery.message.size_bytes();
      Status& status = statuses.emplace_back();
      events::v1::EnvelopeBatch batch;
      if (!batch.ParseFromString(delivery.message.data)) {
        status = events::UnreadableMessage("no words");
        continue;
      }
      for (const auto& word : batch.messages()) {
        ++heard_[word.id()];
        if (word.id() == throws_at_) throw std::runtime_error("broken handler");
        const auto answer = answers_.find(word.id());
        if (answer != answers_.end()) status = answer->second;
      }
    }
    largest_call_bytes_ = std::max(largest_call_bytes_, bytes);
    return statuses;
  }
  void Publish(Carriage carriage, const std::vector<std::string>& datas) {
    std::vector<Message> messages;
    for (const std::string& data : datas) {
      messages.push_back(EventService::MakeMessage(kTopic, std::to_string(++published_)));
      messages.back().data = data;
      messages.back().carriage = carriage;
    }
    ASSERT_TRUE(bus_.Publish(messages).ok());
  }
  void RunFor(Consumer& consumer, std::int64_t us) {
    for (std::int64_t passed = 0; passed <= us; passed += kSecond / 10) {
      ASSERT_TRUE(consumer.Step(milliseconds(0)).ok());
      clock_.Advance(kSecond / 10);
    }
  }
  events::DeadLetters Letters() { return {service_.database(), bus_}; }
  std::vector<events::DeadLetter> Dead(int page_size = 1'000) { return Letters().List(page_size).value(); }
  std::int64_t Counted(const std::string& name) {
    const auto values = counters_.Values();
    const auto found = values.find(name);
    return found == values.end() ? 0 : found->second;
  }

  ManualClock clock_;
  telemetry::Counters counters_;
  events::MemoryBus bus_{clock_, 1};
  EventService service_{bus_, clock_, GetParam()};
  const events::FixedMembership alone_;
  std::map<std::string, Status> answers_;  // by word
  std::string throws_at_;
  std::map<std::string, int> heard_;
  std::size_t largest_call_ = 0;
  std::size_t largest_call_bytes_ = 0;
  int published_ = 0;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(GivenUpTest);

TEST_P(GivenUpTest, WhatComesAgainIsCountedAndNoDeadLetter) {
  const auto consumer = MakeConsumer();
  answers_["bad"] = Internal("a bug");
  Publish(Carriage::kResent, {Word("bad"), Word("good")});
  RunFor(*consumer, 20 * kSecond);
  EXPECT_EQ(heard_["bad"], 5);
  EXPECT_THAT(Dead(), IsEmpty());
  EXPECT_THAT(bus_.DeadLetters(kTopic), IsEmpty());
  EXPECT_THAT(bus_.Messages(kTopic), IsEmpty()) << "acknowledged";
  EXPECT_EQ(consumer->stats().given_up, 1);
  EXPECT_EQ(Counted(R"(messages_given_up_total{topic="lead.commands",reason="INTERNAL"})"), 1);
}

TEST_P(GivenUpTest, OneDeadLetterStandsForAllThatNobodyCanRead) {
  const auto consumer = MakeConsumer();
  constexpr int kMany = 2'000;
  Publish(Carriage::kResent, std::vector<std::string>(kMany, "\x0a\xff"));
  Publish(Carriage::kResent, {Word("good")});
  RunFor(*consumer, 40 * kSecond);
  EXPECT_EQ(heard_["good"], 1);
  EXPECT_THAT(bus_.Messages(kTopic), IsEmpty());
  const auto dead = Dead();
  ASSERT_THAT(dead, SizeIs(1));
  EXPECT_THAT(dead[0].error, HasSubstr("MESSAGE_UNREADABLE"));
  EXPECT_THAT(bus_.DeadLetters(kTopic), SizeIs(1));
  // Those that found no room between two tries were let go at once.
  EXPECT_EQ(consumer->stats().dead + consumer->stats().given_up + consumer->stats().let_go, kMany);
  EXPECT_EQ(consumer->stats().dead, 1);

  ASSERT_TRUE(Letters().Drop(std::vector<std::string>{dead[0].message.id}).ok());
  Publish(Carriage::kResent, {"\x0a\xff"});
  RunFor(*consumer, 20 * kSecond);
  EXPECT_THAT(Dead(), SizeIs(1)) << "it is still there, and so is seen again";
}

TEST_P(GivenUpTest, WhatNobodySendsAgainIsADeadLetterEach) {
  const auto consumer = MakeConsumer();
  answers_["bad"] = Internal("a bug");
  Publish(Carriage::kStored, {Word("bad"), Word("bad"), "\x0a\xff", Word("good")});
  RunFor(*consumer, 20 * kSecond);
  EXPECT_THAT(Dead(), SizeIs(3));
  EXPECT_EQ(consumer->stats().given_up, 0);
}

TEST_P(GivenUpTest, AJoinedMessageLosesOnlyItsBadParts) {
  const auto consumer = MakeConsumer();
  answers_["bad"] = Internal("a bug");
  Publish(Carriage::kJoined, {Word("a") + Word("bad") + Word("b"), Word("c")});
  RunFor(*consumer, 20 * kSecond);
  // With the others, and then each alone; of them only the bad one comes again.
  EXPECT_EQ(heard_["a"], 2);
  EXPECT_EQ(heard_["b"], 2);
  EXPECT_EQ(heard_["c"], 1);
  EXPECT_GE(heard_["bad"], 5);
  EXPECT_THAT(Dead(), IsEmpty());
  EXPECT_THAT(bus_.Messages(kTopic), IsEmpty());
  EXPECT_EQ(consumer->stats().given_up, 1);
}

TEST_P(GivenUpTest, AnUnreadablePartIsTakenOutOfAJoinedMessage) {
  const auto consumer = MakeConsumer();
  Publish(Carriage::kJoined, {Word("a") + kBadWord + Word("b")});
  RunFor(*consumer, 20 * kSecond);
  EXPECT_EQ(heard_["a"], 1);
  EXPECT_EQ(heard_["b"], 1);
  ASSERT_THAT(Dead(), SizeIs(1));
  ASSERT_TRUE(Letters().Replay(std::vector<std::string>{Dead()[0].message.id}).ok());
  ASSERT_THAT(bus_.Messages(kTopic), SizeIs(1));
  EXPECT_EQ(bus_.Messages(kTopic)[0].data, kBadWord) << "the others are not buried with it";
}

TEST_P(GivenUpTest, APartThatOnlyWaitsOutlivesTheBadOne) {
  const auto consumer = MakeConsumer();
  answers_["waits"] = Aborted("RECORD_IN_QUALIFICATION", "not now");
  answers_["bad"] = Internal("a bug");
  Publish(Carriage::kJoined, {Word("waits") + Word("bad")});
  RunFor(*consumer, 60 * kSecond);
  EXPECT_EQ(consumer->stats().given_up, 1);
  EXPECT_THAT(bus_.Messages(kTopic), SizeIs(1));
  const int before = heard_["bad"];
  answers_.clear();
  RunFor(*consumer, 10 * kSecond);
  EXPECT_EQ(heard_["bad"], before);
  EXPECT_EQ(consumer->stats().acknowledged, 1);
  EXPECT_THAT(bus_.Messages(kTopic), IsEmpty());
}

TEST_P(GivenUpTest, AMessageAtWhichTheHandlerThrowsHarmsNoNeighbour) {
  const auto consumer = MakeConsumer();
  throws_at_ = "bad";
  Publish(Carriage::kStored, {Word("a"), Word("bad"), Word("b")});
  RunFor(*consumer, 20 * kSecond);
  EXPECT_EQ(consumer->stats().acknowledged, 2);
  ASSERT_THAT(Dead(), SizeIs(1));
  EXPECT_THAT(Dead()[0].error, HasSubstr("broken handler"));
}

TEST_P(GivenUpTest, DeadLettersAreBoundedAndTheRestWaitsWithTheBroker) {
  const auto consumer = MakeConsumer();
  answers_["bad"] = Internal("a bug");
  constexpr int kMore = 3;
  Publish(Carriage::kStored, std::vector<std::string>(limits::kDeadLettersMax + kMore, Word("bad")));
  RunFor(*consumer, 60 * kSecond);
  EXPECT_THAT(Dead(), SizeIs(limits::kDeadLettersMax));
  EXPECT_EQ(consumer->stats().dead, limits::kDeadLettersMax);
  EXPECT_EQ(consumer->stats().acknowledged + consumer->stats().given_up, 0);
  EXPECT_GT(Counted(R"(dead_letters_refused_total{topic="lead.commands"})"), 0);
  const int before = heard_["bad"];
  ASSERT_TRUE(Letters().Drop(std::vector<std::string>{Dead()[0].message.id, Dead()[1].message.id}).ok());
  RunFor(*consumer, 20 * kSecond);
  EXPECT_GT(heard_["bad"], before) << "they are tried on";
  EXPECT_EQ(consumer->stats().dead, limits::kDeadLettersMax + 2);
  EXPECT_THAT(Dead(), SizeIs(limits::kDeadLettersMax));
  answers_.clear();
  RunFor(*consumer, 20 * kSecond);
  EXPECT_EQ(consumer->stats().acknowledged, 1) << "none was lost";
}

TEST_P(GivenUpTest, WhatComesAgainIsLetGoWhenTooManyWait) {
  const auto consumer = MakeConsumer({.retries_held_max = 10});
  answers_["later"] = Unavailable("AWAY", "not now");
  Publish(Carriage::kResent, std::vector<std::string>(100, Word("later")));
  Publish(Carriage::kStored, std::vector<std::string>(5, Word("later")));
  RunFor(*consumer, 30 * kSecond);
  EXPECT_EQ(consumer->stats().let_go, 90);
  EXPECT_EQ(Counted(R"(messages_let_go_total{topic="lead.commands"})"), 90);
  answers_.clear();
  RunFor(*consumer, 20 * kSecond);
  EXPECT_EQ(consumer->stats().acknowledged, 15) << "nothing that was stored";
}

TEST_P(GivenUpTest, ABacklogIsHandledInCallsOfBoundedSize) {
  const auto consumer = MakeConsumer({.batch_max = 7});
  Publish(Carriage::kStored, std::vector<std::string>(100, Word("small")));
  RunFor(*consumer, 3 * kSecond);
  EXPECT_LE(largest_call_, 7U);
  const std::string large(limits::kMessageBatchBytesMax / 2 - 1'000, 'x');
  Publish(Carriage::kStored, std::vector<std::string>(9, Word(large)));
  RunFor(*consumer, 3 * kSecond);
  EXPECT_EQ(consumer->stats().acknowledged, 109);
  EXPECT_LE(largest_call_bytes_, limits::kMessageBatchBytesMax);
}

TEST_P(GivenUpTest, AClockThatIsSetBackDelaysNoRetry) {
  const auto consumer = MakeConsumer();
  answers_["later"] = Unavailable("AWAY", "not now");
  Publish(Carriage::kStored, {Word("later")});
  RunFor(*consumer, 5 * kSecond);
  clock_.Set(-3'600 * kSecond);
  const int before = heard_["later"];
  RunFor(*consumer, 12 * kSecond);
  EXPECT_GE(heard_["later"], before + 2);
  answers_.clear();
  RunFor(*consumer, 6 * kSecond);
  EXPECT_EQ(consumer->stats().acknowledged, 1);
}

}  // namespace
}  // namespace quartet::test
