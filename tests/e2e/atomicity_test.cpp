// Nobody who reads ever sees half of a conversion; and the check that says so
// finds it when intents are not resolved.
#include <array>
#include <functional>
#include <mutex>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/conversion_watcher.h"
#include "tests/e2e/decision_proxy.h"
#include "tests/e2e/lead_making.h"
#include "tests/support/eventually.h"
#include "tests/support/suite/clients.h"
#include "tests/support/suite/process.h"
#include "tests/support/suite/records.h"

namespace quartet::test {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

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

// The control: readers who are told of no decision see halves. One service does not hear of the commit, for its stream
// is made to end before; the others have heard. A message may be quicker than that, and then the next lead is tried.
class UnresolvedIntents : public AtomicityTest {
 protected:
  UnresolvedIntents() { decisions_.ClaimUndecided(); }

  // What a look sees of a lead just converted, of which `service` has not heard, when `heard` says that another has.
  std::vector<std::string> LookWithout(const std::string& service, ConversionWatcher::Look look,
                                       const std::function<bool(const qualification::v1::Qualification&)>& heard) {
    std::vector<std::string> seen;
    for (int number = 0; number < 20 && seen.empty(); ++number) {
      const auto leads = CreateLeads(clients_, number, 1);
      const auto converted = Qualify(clients_, leads.front(), NewRequestId());
      SetStreams(service, "18446744073709551615-18446744073709551615");
      EXPECT_TRUE(converted.ok()) << ToString(converted.error());
      EXPECT_TRUE(Eventually([&] { return heard(*converted); }));
      ConversionWatcher watcher(clients_, leads);
      watcher.Take(look);
      seen = watcher.violations();
      SetStreams(service, "0");
    }
    return seen;
  }

  bool HasLead(const qualification::v1::Qualification& converted) {
    lead::v1::GetLeadRequest request;
    request.set_name(converted.lead());
    const auto lead = Call(*clients_.leads, &lead::v1::LeadService::Stub::GetLead, request);
    return lead.ok() && lead->state() == lead::v1::Lead::STATE_QUALIFIED;
  }
  bool HasContact(const qualification::v1::Qualification& converted) {
    contact::v1::GetContactRequest request;
    request.set_name(converted.contact().name());
    return Call(*clients_.contacts, &contact::v1::ContactService::Stub::GetContact, request).ok();
  }

 private:
  // Where the service goes on to read its commands.
  void SetStreams(const std::string& service, const std::string& entry) {
    std::istringstream keys(suite_.redis().Command({"KEYS", "quartet:{" + service + ".commands.*}"}));
    for (std::string key; std::getline(keys, key);) suite_.redis().Command({"XGROUP", "SETID", key, service, entry});
  }
};

TEST_F(UnresolvedIntents, ShowLeadsWithoutTheirContacts) {
  const auto lead_has = [this](const auto& converted) { return HasLead(converted); };
  EXPECT_THAT(LookWithout("contact", &ConversionWatcher::FollowLeads, lead_has),
              Contains(AllOf(StartsWith("FollowLeads"), HasSubstr("NOT_FOUND"))));
}

TEST_F(UnresolvedIntents, ShowContactsWithoutTheirLeads) {
  const auto contact_has = [this](const auto& converted) { return HasContact(converted); };
  EXPECT_THAT(LookWithout("lead", &ConversionWatcher::FollowChildren, contact_has),
              Contains(StartsWith("FollowChildren")));
}

TEST_F(UnresolvedIntents, ShowListsThatDoNotFit) {
  const auto lead_has = [this](const auto& converted) { return HasLead(converted); };
  EXPECT_THAT(LookWithout("contact", &ConversionWatcher::CompareLists, lead_has), Contains(StartsWith("CompareLists")));
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
