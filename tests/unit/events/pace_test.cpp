#include "common/events/outbox/pace.h"

#include <chrono>

#include <gtest/gtest.h>

#include "common/base/clock.h"

namespace quartet::events {
namespace {

using std::chrono::milliseconds;

TEST(Backoff, DoublesUpToItsLimitAndStartsAgainAfterASuccess) {
  Backoff backoff(milliseconds(50), milliseconds(300));
  EXPECT_EQ(backoff.Remaining(0), 0);
  for (const int pause_ms : {50, 100, 200, 300, 300}) {
    backoff.Failed(1'000'000);
    EXPECT_EQ(backoff.Remaining(1'000'000), pause_ms * 1'000);
  }
  EXPECT_EQ(backoff.Remaining(1'000'000 + 299'999), 1);
  EXPECT_EQ(backoff.Remaining(1'000'000 + 300'000), 0);
  backoff.Succeeded();
  EXPECT_EQ(backoff.Remaining(1'000'000), 0);
  backoff.Failed(1'000'000);
  EXPECT_EQ(backoff.Remaining(1'000'000), 50'000);
}

TEST(Periodic, IsDueAtOnceAndThenOncePerInterval) {
  Periodic periodic(milliseconds(1'000));
  EXPECT_TRUE(periodic.Take(5'000'000));
  EXPECT_FALSE(periodic.Take(5'000'001));
  EXPECT_FALSE(periodic.Take(5'999'999));
  EXPECT_TRUE(periodic.Take(6'000'000));
  periodic.MakeDue();
  EXPECT_TRUE(periodic.Take(6'000'001));
}

TEST(CautiousTime, AJumpForwardMakesNothingOldAndOneBackIsFollowed) {
  ManualClock clock;
  CautiousTime time;
  const std::int64_t begin_us = clock.NowMicros();
  EXPECT_EQ(time.Now(clock), begin_us);
  clock.Set(3'600'000'000);
  clock.Advance(5);
  EXPECT_EQ(time.Now(clock), begin_us + 5);
  clock.Set(-3'600'000'000);
  EXPECT_EQ(time.Now(clock), begin_us + 5);
  clock.Set(-1'000);
  clock.Advance(1);
  EXPECT_EQ(time.Now(clock), begin_us + 6 - 1'000);
}

}  // namespace
}  // namespace quartet::events
