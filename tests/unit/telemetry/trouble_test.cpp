#include "common/telemetry/trouble.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartet::telemetry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::int64_t kSecond = 1'000'000;

class TroubleTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  std::vector<std::string> lines_;
  Trouble trouble_{clock_, {{"service", "lead"}}, [this](Level level, std::string_view event, auto fields) {
                     lines_.push_back(FormatLine(level, event, fields));
                   }};
  const Error away_ = Unavailable("DATABASE_UNAVAILABLE", "away", {});
};

TEST_F(TroubleTest, OneLineWhenItBeginsAndOneWhenItIsOver) {
  for (int i = 0; i < 240; ++i) {
    trouble_.Failed("old intents wait", away_);
    clock_.Advance(kSecond / 4);
  }
  ASSERT_THAT(lines_, SizeIs(1));
  EXPECT_THAT(lines_[0], HasSubstr("WARNING old intents wait service=lead error="));
  EXPECT_THAT(lines_[0], HasSubstr("DATABASE_UNAVAILABLE"));
  for (int i = 0; i < 80; ++i) {
    trouble_.Succeeded();
    clock_.Advance(kSecond / 4);
  }
  ASSERT_THAT(lines_, SizeIs(2));
  EXPECT_EQ(lines_[1], "INFO trouble is over service=lead what=\"old intents wait\" lasted_ms=59750 times=240");
}

TEST_F(TroubleTest, EachOtherKindIsToldOnce) {
  for (int i = 0; i < 10; ++i) {
    trouble_.Failed("re-drive failed", away_);
    trouble_.Failed("re-drive failed", Unavailable("DATABASE_UNAVAILABLE", "another text", {}));
    trouble_.Failed("re-drive failed", Internal("a bug"));
  }
  EXPECT_THAT(lines_, ElementsAre(HasSubstr("DATABASE_UNAVAILABLE"), HasSubstr("a bug")));
}

TEST_F(TroubleTest, KindsWithoutEndAreNotAllTold) {
  for (int i = 0; i < 1'000; ++i) trouble_.Failed("re-drive failed", Internal("bug " + std::to_string(i)));
  EXPECT_THAT(lines_, SizeIs(16));
}

TEST_F(TroubleTest, WhatComesAndGoesIsOneTrouble) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(trouble_.Note("re-drive failed", away_));
    EXPECT_TRUE(trouble_.Note("re-drive failed", {}));
    clock_.Advance(kSecond);
  }
  EXPECT_THAT(lines_, SizeIs(1));
  clock_.Advance(10 * kSecond);
  trouble_.Succeeded();
  EXPECT_THAT(lines_, SizeIs(2));
  trouble_.Failed("re-drive failed", away_);
  EXPECT_THAT(lines_, SizeIs(3)) << "another one";
}

TEST_F(TroubleTest, AClockThatIsSetChangesNothing) {
  trouble_.Failed("re-drive failed", away_);
  clock_.Set(-3'600 * kSecond);
  clock_.Advance(11 * kSecond);
  trouble_.Succeeded();
  ASSERT_THAT(lines_, SizeIs(2));
  EXPECT_THAT(lines_[1], HasSubstr("lasted_ms=0 times=1"));
}

TEST_F(TroubleTest, WithoutTroubleNothingIsTold) {
  EXPECT_TRUE(trouble_.Note("re-drive failed", {}));
  EXPECT_THAT(lines_, IsEmpty());
}

}  // namespace
}  // namespace quartet::telemetry
