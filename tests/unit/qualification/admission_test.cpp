#include "services/qualification/pending/admission.h"

#include <atomic>
#include <string>
#include <thread>
#include <unordered_set>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

namespace quartet::test {
namespace {

using qualification::Admission;
using qualification::CallerOf;

class Admitted : public ::testing::Test {
 protected:
  // The scope of the limit that refuses; "" if none does.
  std::string Begin(const std::string& caller, const std::string& id) {
    const std::string scope = Enter(caller);
    if (scope.empty()) admission_.Began(caller, id, /*decided=*/false);
    return scope;
  }
  std::string Enter(const std::string& caller) {
    const Status entered = admission_.Enter(caller);
    if (entered.ok()) return "";
    EXPECT_EQ(entered.error().code, Code::kResourceExhausted);
    EXPECT_EQ(entered.error().reason, "QUALIFICATIONS_PENDING");
    EXPECT_TRUE(entered.error().retry_after.has_value());
    return entered.error().metadata.at("scope");
  }
  void Survey(std::int64_t pending, const std::unordered_set<std::string>& undecided) {
    admission_.BeginSurvey();
    admission_.EndSurvey(pending, &undecided);
  }

  Admission admission_{{.pending_max = 4, .pending_per_caller_max = 2, .calls_max = 5, .bytes_max = 1'000}};
};

TEST_F(Admitted, ACallerHasItsShareAndNoMore) {
  EXPECT_EQ(Begin("ann", "1"), "");
  EXPECT_EQ(Begin("ann", "2"), "");
  EXPECT_EQ(Begin("ann", "3"), "caller");
  EXPECT_EQ(Begin("bob", "4"), "");
  admission_.Decided("1");
  EXPECT_EQ(Begin("ann", "5"), "");
}

TEST_F(Admitted, TheSuiteHasALimitForAll) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Begin("caller" + std::to_string(i), std::to_string(i)), "");
  EXPECT_EQ(Begin("caller4", "4"), "suite");
  admission_.Decided("0");
  EXPECT_EQ(Begin("caller4", "4"), "");
}

TEST_F(Admitted, APlaceIsTakenFromTheMomentOfEntering) {
  EXPECT_EQ(Enter("ann"), "");
  EXPECT_EQ(Enter("ann"), "");
  EXPECT_EQ(Enter("ann"), "caller");
  admission_.Refused("ann");
  EXPECT_EQ(Enter("ann"), "");
}

TEST_F(Admitted, WhoeverJoinsTakesNoPlace) {
  EXPECT_EQ(Begin("ann", "1"), "");
  EXPECT_EQ(Begin("bob", "1"), "");
  EXPECT_EQ(Enter("bob"), "");
  admission_.Began("bob", "2", /*decided=*/true);
  EXPECT_EQ(admission_.pending(), 1);
}

TEST_F(Admitted, WhatTheDatabaseHasCounts) {
  Survey(3, {});
  EXPECT_EQ(Begin("ann", "1"), "");
  EXPECT_EQ(Begin("bob", "2"), "suite");
  Survey(0, {"1"});
  EXPECT_EQ(admission_.pending(), 0) << "the database would have had it";
  EXPECT_EQ(Begin("bob", "2"), "");
}

TEST_F(Admitted, WhatBeganDuringASurveyIsNotTakenForSeen) {
  EXPECT_EQ(Begin("ann", "1"), "");
  admission_.BeginSurvey();
  EXPECT_EQ(Begin("ann", "2"), "");
  EXPECT_EQ(Enter("bob"), "");
  admission_.EndSurvey(1, nullptr);
  EXPECT_EQ(admission_.pending(), 3) << "1 is seen, 2 and the one that enters are not";
  const std::unordered_set<std::string> none;
  admission_.BeginSurvey();
  admission_.EndSurvey(0, &none);
  admission_.Refused("bob");
  EXPECT_EQ(admission_.pending(), 0);
}

TEST_F(Admitted, ASurveyThatFailsForgetsNobody) {
  EXPECT_EQ(Begin("ann", "1"), "");
  EXPECT_EQ(Begin("ann", "2"), "");
  admission_.BeginSurvey();
  EXPECT_EQ(admission_.pending(), 2);
  EXPECT_EQ(Begin("bob", "3"), "");
  admission_.Decided("1");
  EXPECT_EQ(admission_.pending(), 2);
}

TEST_F(Admitted, WhatOthersDecidedGivesItsPlaceBackAtTheNextSurvey) {
  EXPECT_EQ(Begin("ann", "1"), "");
  EXPECT_EQ(Begin("ann", "2"), "");
  Survey(2, {"2"});
  EXPECT_EQ(Begin("ann", "3"), "");
  EXPECT_EQ(Begin("ann", "4"), "caller");
}

TEST(AdmittedFlow, NoMoreAreUnderWayThanAreDecidedSoon) {
  Admission admission(
      {.pending_max = 100, .pending_per_caller_max = 100, .flow_min = 3, .flow_seconds = 2, .calls_max = 100});
  int next = 0;
  const auto begin = [&](int count) {
    int begun = 0;
    for (int i = 0; i < count; ++i) {
      const Status entered = admission.Enter("ann");
      if (!entered.ok()) {
        EXPECT_EQ(entered.error().metadata.at("scope"), "flow");
        continue;
      }
      admission.Began("ann", std::to_string(next++), /*decided=*/false);
      ++begun;
    }
    return begun;
  };
  int told = 0;
  const auto decide = [&](int count) {
    for (int i = 0; i < count; ++i) admission.Decided(std::to_string(told++));
  };
  const auto survey = [&](double seconds) {
    admission.BeginSurvey();
    admission.EndSurvey(0, nullptr, seconds);
  };
  EXPECT_EQ(begin(20), 20) << "nothing is decided yet";
  decide(10);
  survey(2);
  EXPECT_EQ(begin(20), 0) << "5 in a second, so 10 may be under way, and are";
  decide(6);
  EXPECT_EQ(begin(20), 6);
  decide(9);
  survey(60);
  EXPECT_EQ(begin(20), 9) << "the higher of two rates";
  decide(9);
  survey(60);
  EXPECT_EQ(begin(20), 2) << "never less than so many";
  survey(1);
  survey(1);
  EXPECT_EQ(begin(20), 20) << "nothing is decided any more";
}

TEST_F(Admitted, WaitingCallsHaveALimitInNumberAndBytes) {
  auto four = admission_.TakeRoom(4, 10);
  ASSERT_TRUE(four.ok());
  EXPECT_FALSE(admission_.TakeRoom(2, 10).ok());
  auto one = admission_.TakeRoom(1, 990);
  ASSERT_TRUE(one.ok());
  *one = nullptr;
  const auto large = admission_.TakeRoom(1, 991);
  ASSERT_FALSE(large.ok());
  EXPECT_EQ(large.error().reason, "QUALIFICATIONS_PENDING");
  EXPECT_EQ(large.error().metadata.at("scope"), "calls");
  *four = nullptr;
  EXPECT_TRUE(admission_.TakeRoom(5, 1'000).ok());
}

TEST_F(Admitted, ManyThreadsTogetherNeverPassTheLimit) {
  std::atomic<int> begun = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      const std::string caller = std::to_string(t);
      for (int i = 0; i < 1'000; ++i) {
        const std::string id = caller + "/" + std::to_string(i);
        if (!admission_.Enter(caller).ok()) continue;
        EXPECT_LE(++begun, 4);
        --begun;
        admission_.Began(caller, id, /*decided=*/false);
        EXPECT_LE(admission_.pending(), 4);
        admission_.Decided(id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(admission_.pending(), 0);
}

TEST(Caller, IsTheAddressWithoutThePort) {
  EXPECT_EQ(CallerOf("ipv4:10.0.0.1:4711"), "ipv4:10.0.0.1");
  EXPECT_EQ(CallerOf("ipv6:%5B::1%5D:4711"), "ipv6:%5B::1%5D");
  EXPECT_EQ(CallerOf("unix:/run/a:b"), "unix:/run/a:b");
  EXPECT_EQ(CallerOf(""), "");
}

}  // namespace
}  // namespace quartet::test
