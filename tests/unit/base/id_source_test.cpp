#include "common/base/id_source.h"

#include <algorithm>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/clock.h"

namespace quartet {
namespace {

TEST(UuidV7, HasTheVersionAndVariantOfRfc9562) {
  const ManualClock clock;
  UuidV7Source ids(clock, 1);
  for (int i = 0; i < 1'000; ++i) {
    const std::string id = ids.NewUuid();
    ASSERT_TRUE(IsUuid(id)) << id;
    ASSERT_EQ(id[14], '7') << id;
    ASSERT_NE(std::string("89ab").find(id[19]), std::string::npos) << id;
  }
}

TEST(UuidV7, TellsWhenItWasMade) {
  const ManualClock clock(1'700'000'000'123'456);
  EXPECT_EQ(TimeOfUuidV7(UuidV7Source(clock, 1).NewUuid()), 1'700'000'000'123'000);
  EXPECT_EQ(TimeOfUuidV7(UuidV5("a name")), std::nullopt);
  EXPECT_EQ(TimeOfUuidV7("no uuid"), std::nullopt);
}

TEST(UuidV7, BeginsWithTheMillisecondOfTheClock) {
  const ManualClock clock(0x0123'4567'89ab * std::int64_t{1'000});
  UuidV7Source ids(clock, 1);
  EXPECT_THAT(ids.NewUuid(), testing::StartsWith("01234567-89ab-7"));
}

TEST(UuidV7, GrowsEvenWithinOneMillisecondAndWhenTheClockGoesBack) {
  ManualClock clock;
  UuidV7Source ids(clock, 42);
  std::string last = ids.NewUuid();
  // More than one millisecond's sequence numbers.
  for (int i = 0; i < 600'000; ++i) {
    if (i == 400'000) clock.Set(-5'000'000);
    if (i == 500'000) clock.Advance(60'000'000);
    std::string next = ids.NewUuid();
    ASSERT_LT(last, next) << "after " << i;
    last = std::move(next);
  }
}

TEST(UuidV7, OneSeedGivesOneSequence) {
  const ManualClock clock;
  UuidV7Source first(clock, 7);
  UuidV7Source second(clock, 7);
  UuidV7Source other(clock, 8);
  const std::string id = first.NewUuid();
  EXPECT_EQ(second.NewUuid(), id);
  EXPECT_NE(other.NewUuid(), id);
}

TEST(UuidV7, ThreadsNeverGetOneIdTwice) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kIdsEach = 20'000;
  const SystemClock clock;
  UuidV7Source ids(clock);
  std::vector<std::vector<std::string>> made(kThreads);
  std::vector<std::thread> threads;
  for (std::vector<std::string>& mine : made) {
    threads.emplace_back([&ids, &mine] {
      for (std::size_t i = 0; i < kIdsEach; ++i) mine.push_back(ids.NewUuid());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::string> all;
  for (const std::vector<std::string>& mine : made) {
    EXPECT_TRUE(std::ranges::is_sorted(mine));
    all.insert(mine.begin(), mine.end());
  }
  EXPECT_EQ(all.size(), kThreads * kIdsEach);
}

// Stored ids depend on these values: they may never change.
TEST(UuidV5, OneNameGivesOneIdForEver) {
  EXPECT_EQ(UuidV5(""), "81490f88-2815-56c7-870e-f5b1c77d7ef3");
  EXPECT_EQ(UuidV5("leads/request"), "f6c8a043-3658-55a0-9c5e-9e48bda45da8");
  EXPECT_NE(UuidV5("a"), UuidV5("b"));
  EXPECT_TRUE(IsUuid(UuidV5("a")));
  EXPECT_EQ(UuidV5("a")[14], '5');
}

TEST(UuidOfRequest, OneRequestGivesOneIdForEver) {
  EXPECT_EQ(UuidOfRequest("leads", "request"), UuidV5("leads/request"));
  constexpr std::string_view kRandom = "0193526f-9a3c-4abc-8f01-23456789abcd";
  EXPECT_EQ(UuidOfRequest("leads", kRandom), UuidV5("leads/" + std::string(kRandom)));
  constexpr std::string_view kTimed = "0193526f-9a3c-7abc-8f01-23456789abcd";
  EXPECT_EQ(UuidOfRequest("leads", kTimed), "0193526f-9a3c-7abc-8dda-1dc54c81c0c7");
  EXPECT_NE(UuidOfRequest("leads", kTimed), UuidOfRequest("contacts", kTimed));
}

TEST(UuidOfRequest, IdsOfTimedRequestsAreUuidsAndSortAsTheRequestsDo) {
  const SystemClock clock;
  UuidV7Source requests(clock);
  std::vector<std::string> ids;
  for (int i = 0; i < 1'000; ++i) ids.push_back(UuidOfRequest("leads", requests.NewUuid()));
  const auto in_order = [](const std::string& a, const std::string& b) { return a.substr(0, 18) < b.substr(0, 18); };
  EXPECT_TRUE(std::ranges::is_sorted(ids, in_order));
  EXPECT_TRUE(std::ranges::all_of(ids, IsUuid));
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), ids.size());
}

TEST(IsUuid, OnlyTheLowerCaseTextualForm) {
  EXPECT_TRUE(IsUuid("01234567-89ab-7cde-8f01-23456789abcd"));
  for (const char* text : {"", "01234567-89AB-7cde-8f01-23456789abcd", "01234567-89ab-7cde-8f01-23456789abc",
                           "01234567-89ab-7cde-8f01-23456789abcde", "0123456789ab-7cde-8f01-23456789abcd-",
                           "{1234567-89ab-7cde-8f01-23456789abc}", "g1234567-89ab-7cde-8f01-23456789abcd"}) {
    EXPECT_FALSE(IsUuid(text)) << text;
  }
}

TEST(FirstUuidV7At, StandsBetweenWhatWasMadeBeforeAndAfter) {
  ManualClock clock;
  UuidV7Source ids(clock, 1);
  const std::string before = ids.NewUuid();
  clock.Advance(1'000);
  const std::string after = ids.NewUuid();
  const std::string bound = FirstUuidV7At(clock.NowMicros());
  EXPECT_LT(before, bound);
  EXPECT_LT(bound, after);
  EXPECT_LT(FirstUuidV7At(clock.NowMicros() - 1), after);
  EXPECT_LT(before, FirstUuidV7At(clock.NowMicros() - 999));
  EXPECT_LT(FirstUuidV7At(0), before);
}

}  // namespace
}  // namespace quartet
