// Nobody who reads ever sees half of a conversion; and the check that says so
// finds it when intents are not resolved.
#include <array>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/conversion_watcher.h"
#include "tests/e2e/decision_proxy.h"
#include "tests/e2e/lead_making.h"
#include "tests/support/suite_clients.h"
#include "tests/support/suite_process.h"
#include "tests/support/suite_records.h"

namespace quartet::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Matcher;
using ::testing::StartsWith;
using ::testing::Value;

constexpr int kLeads = 300;
constexpr int kCallers = 8;

class AtomicityTest : public ::testing::Test {
 protected:
  AtomicityTest() { decisions_.PassOnTo(suite_.AddressOf("qualification")); }

  std::map<std::string, std::vector<std::string>> AskTheProxy() const {
    std::map<std::string, std::vector<std::string>> arguments;
    for (const char* service : {"lead", "contact", "account", "opportunity"}) {
      arguments[service] = {"--qualification", decisions_.address()};
    }
    return arguments;
  }

  void QualifyAll(const std::vector<std::string>& leads) {
    RunOnThreads(kCallers, static_cast<int>(leads.size()), [&](int i) {
      const auto answer = Qualify(clients_, leads[static_cast<std::size_t>(i)], NewRequestId());
      EXPECT_TRUE(answer.ok()) << ToString(answer.error());
    });
  }

  // Expects both looks to find these leads converted. How many intents the first
  // one met on the way; it leaves few to the second.
  int ReadAllOf(const std::vector<std::string>& converted, ConversionWatcher::Look first,
                ConversionWatcher::Look second) {
    const int known = decisions_.committed();
    int met = 0;
    ConversionWatcher watcher(clients_, converted);
    for (const ConversionWatcher::Look look : {first, second}) {
      watcher.Take(look);
      if (look == first) met = decisions_.committed() - known;
      // The list may hold more: those whose answer nobody got.
      EXPECT_GE(watcher.qualified(), converted.size());
    }
    watcher.Take(&ConversionWatcher::FollowChildren);
    EXPECT_THAT(watcher.violations(), IsEmpty());
    EXPECT_EQ(watcher.interrupted(), 0);
    return met;
  }

  DecisionProxy decisions_;
  Suite suite_{AskTheProxy()};
  SuiteClients clients_{suite_};
};

// As many rounds as it takes until the readers have looked while conversions ran, and have met some just decided.
TEST_F(AtomicityTest, ReadersNeverSeeHalfOfAConversion) {
  std::array<int, 3> looks_in_the_middle{};
  const auto seen_enough = [&] {
    return looks_in_the_middle[0] >= 3 && looks_in_the_middle[2] >= 3 && decisions_.committed() > 0;
  };
  for (int round = 0; round < 20 && !seen_enough(); ++round) {
    const auto leads = CreateLeads(clients_, round * kLeads, kLeads);
    WatchParty party(clients_, leads);
    QualifyAll(leads);
    const auto& watchers = party.Stop();
    for (std::size_t i = 0; i < watchers.size(); ++i) {
      EXPECT_THAT(watchers[i].violations(), IsEmpty());
      EXPECT_EQ(watchers[i].interrupted(), 0);
      looks_in_the_middle[i] += watchers[i].looks_in_the_middle();
    }
    EXPECT_EQ(watchers[0].qualified(), leads.size());
    EXPECT_EQ(watchers[2].qualified(), leads.size());
  }
  EXPECT_TRUE(seen_enough()) << "the readers came too late to see anything";
}

// Which half shows, and to whom, is a matter of moments: so as many rounds as it
// takes until each reader has seen one.
TEST_F(AtomicityTest, TheSameReadersDoSeeHalvesIfIntentsAreNotResolved) {
  decisions_.ClaimUndecided();
  const std::vector<Matcher<std::string>> halves = {AllOf(StartsWith("FollowLeads"), HasSubstr("NOT_FOUND")),
                                                    StartsWith("FollowChildren"), StartsWith("CompareLists")};
  std::vector<bool> seen(halves.size(), false);
  for (int round = 0; round < 20 && seen != std::vector<bool>(halves.size(), true); ++round) {
    const auto leads = CreateLeads(clients_, round * kLeads, kLeads);
    WatchParty party(clients_, leads);
    QualifyAll(leads);
    const auto& watchers = party.Stop();
    for (std::size_t i = 0; i < halves.size(); ++i) {
      if (Value(watchers[i].violations(), Contains(halves[i]))) seen[i] = true;
    }
  }
  EXPECT_THAT(seen, Each(true)) << "in the order FollowLeads, FollowChildren, CompareLists";
}

// The broker dies at the moment of the commit, so that no message can tell of it.
TEST_F(AtomicityTest, WhatIsCommittedIsThereEvenIfNoMessageTellsOfIt) {
  const ConversionWatcher::Look by_name = &ConversionWatcher::FollowLeads;
  const ConversionWatcher::Look in_lists = &ConversionWatcher::CompareLists;
  int met_by_name = 0;
  int met_in_lists = 0;
  for (int round = 0; round < 20 && (met_by_name == 0 || met_in_lists == 0); ++round) {
    const auto leads = CreateLeads(clients_, round * kLeads, kLeads);
    std::mutex mutex;
    std::vector<std::string> committed;
    RunOnThreads(kCallers, kLeads, [&](int i) {
      const auto& lead = leads[static_cast<std::size_t>(i)];
      if (!suite_.redis().running() || !Qualify(clients_, lead, NewRequestId(), std::chrono::seconds(1)).ok()) return;
      std::lock_guard lock(mutex);
      committed.push_back(lead);
      if (committed.size() != 50) return;
      suite_.redis().Kill();
      if (round % 2 == 0) {
        met_by_name += ReadAllOf(committed, by_name, in_lists);
      } else {
        met_in_lists += ReadAllOf(committed, in_lists, by_name);
      }
    });
    suite_.redis().Restart(RedisServer::Data::kLost);
  }
  EXPECT_GT(met_by_name, 0) << "every message was faster than the broker's death";
  EXPECT_GT(met_in_lists, 0) << "every message was faster than the broker's death";
}

}  // namespace
}  // namespace quartet::test
