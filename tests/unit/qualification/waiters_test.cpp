#include "services/qualification/waiters.h"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartet::qualification {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

v1::Qualification Named(const std::string& name, v1::Qualification::State state = v1::Qualification::PREPARING) {
  v1::Qualification qualification;
  qualification.set_name(name);
  qualification.set_state(state);
  return qualification;
}

class WaitersTest : public ::testing::Test {
 protected:
  void Await(const v1::Qualification& qualification) {
    waiters_.Await(qualification,
                   {.tell = [this](const v1::Qualification& decided) { told_.push_back(decided.name()); },
                    .gone = [this] { return gone_; }},
                   start_);
  }
  std::vector<std::string> FarDue(int ms) { return waiters_.TakeFarDue(start_ + milliseconds(ms)); }
  std::vector<std::string> NearDue(int ms) { return waiters_.TakeNearDue(start_ + milliseconds(ms)); }

  const Waiters::Time start_ = std::chrono::steady_clock::now();
  Waiters waiters_{[](const std::string& name) { return name.starts_with("near"); }};
  std::vector<std::string> told_;
  bool gone_ = false;
};

TEST_F(WaitersTest, EverybodyIsToldOnceOfADecision) {
  for (const char* name : {"near/1", "near/1", "far/1"}) Await(Named(name));
  for (int i = 0; i < 2; ++i) {
    waiters_.Notify(Named("near/1", v1::Qualification::COMMITTED));
    waiters_.Notify(Named("far/1", v1::Qualification::ABORTED));
    waiters_.Notify(Named("near/2", v1::Qualification::COMMITTED));
  }
  EXPECT_THAT(told_, UnorderedElementsAre("near/1", "near/1", "far/1"));
  EXPECT_THAT(FarDue(10'000), IsEmpty());
}

TEST_F(WaitersTest, WhatIsDecidedIsToldAtOnceAndWhatIsNotWaits) {
  Await(Named("far/1", v1::Qualification::COMMITTED));
  EXPECT_THAT(told_, ElementsAre("far/1"));
  Await(Named("far/2"));
  waiters_.Notify(Named("far/2", v1::Qualification::PARKED));
  EXPECT_THAT(told_, ElementsAre("far/1"));
}

TEST_F(WaitersTest, WhatIsFarIsAskedForSoonAndThenEverMoreRarely) {
  Await(Named("far/1"));
  std::vector<int> asked;
  for (int ms = 0; ms <= 5'000; ++ms) {
    if (!FarDue(ms).empty()) asked.push_back(ms);
  }
  EXPECT_THAT(asked, ElementsAre(3, 9, 21, 45, 93, 189, 381, 765, 1533, 2533, 3533, 4533));
}

TEST_F(WaitersTest, WhatIsNearIsAskedForOncePerSecond) {
  Await(Named("near/1"));
  EXPECT_THAT(NearDue(999), IsEmpty());
  EXPECT_THAT(NearDue(1'000), ElementsAre("near/1"));
  EXPECT_THAT(NearDue(1'001), IsEmpty());
  EXPECT_THAT(NearDue(2'000), ElementsAre("near/1"));
  EXPECT_THAT(FarDue(10'000), IsEmpty());
}

TEST_F(WaitersTest, ThoseWhoHaveGoneAreForgotten) {
  Await(Named("near/1"));
  Await(Named("far/1"));
  gone_ = true;
  EXPECT_THAT(NearDue(1'000), IsEmpty());
  EXPECT_THAT(FarDue(3), IsEmpty());
  gone_ = false;
  EXPECT_THAT(NearDue(10'000), IsEmpty());
  waiters_.Notify(Named("near/1", v1::Qualification::COMMITTED));
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(WaitersTest, AThreadWaitsUntilSomethingFarIsDueOrAllEnds) {
  Waiters waiters([](const std::string&) { return false; });
  std::thread thread([&] {
    while (waiters.WaitForFarDue()) waiters.TakeFarDue(std::chrono::steady_clock::now());
  });
  waiters.Await(Named("far/1"), {.tell = [](const auto&) {}, .gone = [] { return false; }});
  waiters.EndWait();
  thread.join();
  EXPECT_FALSE(waiters.WaitForFarDue());
}

}  // namespace
}  // namespace quartet::qualification
