// Any one of the processes is killed in the middle of the work, twice; over both
// stores, and with two replicas of each service where the store allows it.
#include <atomic>
#include <functional>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/config/ports.h"
#include "tests/e2e/conversion_watcher.h"
#include "tests/e2e/etag_writers.h"
#include "tests/e2e/lead_making.h"
#include "tests/support/eventually.h"
#include "tests/support/suite/clients.h"
#include "tests/support/suite/process.h"
#include "tests/support/suite/records.h"

namespace quartet::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int kLeads = 200;
constexpr int kPeople = 100;  // each of them came to be a lead twice
constexpr int kCompanies = 20;
constexpr int kCallers = 16;

class KillTest : public ::testing::TestWithParam<std::string> {
 protected:
  explicit KillTest(std::unique_ptr<Suite> suite = std::make_unique<Suite>()) : suite_(std::move(suite)) {}

  void KillAndRestart(const std::string& victim) {
    if (victim == "redis") {
      suite_->redis().Kill();
      suite_->redis().Restart(RedisServer::Data::kLost);
    } else if (victim == "postgres") {
      suite_->postgres().Restart();
    } else {
      suite_->Kill(victim);
      suite_->Restart(victim);
    }
  }

  // Qualifies many leads, and calls `strike` when some of them are done, and again later.
  void ConvertWhile(const std::function<void(int)>& strike);

  const std::unique_ptr<Suite> suite_;
  SuiteClients clients_{*suite_};
};

class KillOnPostgresTest : public KillTest {
 protected:
  KillOnPostgresTest() : KillTest(std::make_unique<Suite>(Suite::OnPostgres{.replicas = 2})) {}
};

class FailoverTest : public KillTest {
 protected:
  FailoverTest() : KillTest(std::make_unique<Suite>(Suite::OnPostgres{.replicas = 2, .standby = true})) {}
};

void KillTest::ConvertWhile(const std::function<void(int)>& strike) {
  std::vector<std::string> leads;
  for (int i = 0; i < kLeads; ++i) {
    lead::v1::Lead lead = MakeLead(i % kPeople);
    const auto of_company = MakeLead(i % kCompanies);
    lead.set_company(of_company.company());
    lead.set_website(of_company.website());
    leads.push_back(CreateLead(clients_, lead));
  }
  WatchParty watchers(clients_, leads);
  EtagWriters writers(clients_);
  std::atomic<int> done = 0;
  std::atomic<int> strikes = 0;
  {
    const std::jthread callers([&] {
      RunOnThreads(kCallers, kLeads, [&](int i) {
        // However fast, the work is never over before the process dies.
        const int needed = i < kLeads * 9 / 20 ? 0 : i < kLeads * 3 / 4 ? 1 : 2;
        for (int seen = strikes; seen < needed; seen = strikes) strikes.wait(seen);
        const auto& lead = leads[static_cast<std::size_t>(i)];
        const auto answer = QualifyPatiently(clients_, lead, NewRequestId());
        EXPECT_TRUE(answer.ok()) << lead << ": " << ToString(answer.error());
        ++done;
      });
    });
    for (const int time : {0, 1}) {
      const int reached = time == 0 ? kLeads / 5 : kLeads / 2;
      EXPECT_TRUE(Eventually([&] { return done >= reached; }, std::chrono::seconds(60)));
      EXPECT_LT(done, kLeads);
      ++strikes;
      strikes.notify_all();
      strike(time);
    }
  }

  for (const auto& watcher : watchers.Stop()) EXPECT_THAT(watcher.violations(), IsEmpty());
  EXPECT_THAT(writers.Stop(), IsEmpty());
  EXPECT_GT(writers.acknowledged(), 0);
  const auto records = ReadRecords(clients_);
  EXPECT_THAT(Contradictions(records), IsEmpty());
  for (const std::string& lead : leads) {
    EXPECT_EQ(records.leads.at(lead).state(), lead::v1::Lead::STATE_QUALIFIED) << lead;
  }
  EXPECT_THAT(records.contacts, SizeIs(kPeople));
  EXPECT_THAT(records.accounts, SizeIs(kCompanies));
  EXPECT_THAT(records.opportunities, SizeIs(kLeads));
  EXPECT_TRUE(Eventually([&] { return suite_->CountUnsettled() == 0; }, std::chrono::seconds(60)))
      << suite_->CountUnsettled() << " are unsettled";
}

TEST_P(KillTest, AllConversionsFinishAndNobodySeesOneHalfDone) {
  ConvertWhile([&](int) { KillAndRestart(GetParam()); });
}

TEST_P(KillOnPostgresTest, AllConversionsFinishAndNobodySeesOneHalfDone) {
  ConvertWhile([&](int) { KillAndRestart(GetParam()); });
}

TEST_P(FailoverTest, ThePromotedStandbyHasAllThatWasAcknowledged) {
  ConvertWhile([&](int time) {
    if (time == 0) suite_->FailOver();
  });
}

INSTANTIATE_TEST_SUITE_P(Process, KillTest,
                         ::testing::Values("lead", "contact", "account", "opportunity", "qualification", "redis"),
                         [](const auto& tested) { return tested.param; });
INSTANTIATE_TEST_SUITE_P(Process, KillOnPostgresTest,
                         ::testing::Values("lead", "contact", "account", "opportunity", "qualification", "redis",
                                           "postgres"),
                         [](const auto& tested) { return tested.param; });
INSTANTIATE_TEST_SUITE_P(Process, FailoverTest, ::testing::Values("postgres"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace quartet::test
