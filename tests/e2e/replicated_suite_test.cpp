// Two replicas of every service over one PostgreSQL: callers are answered as
// promptly as by one, the work is shared, and nobody's is lost.
#include <algorithm>
#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/config/ports.h"
#include "tests/e2e/lead_making.h"
#include "tests/support/eventually.h"
#include "tests/support/suite/clients.h"
#include "tests/support/suite/process.h"
#include "tests/support/suite/records.h"

namespace quartet::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int kLeads = 100;

class ReplicasTest : public ::testing::Test {
 protected:
  // Until every replica has found the other.
  void SetUp() override {
    for (const char* service : {"lead", "contact", "account", "opportunity", "qualification"}) {
      ASSERT_TRUE(Eventually([&] { return suite_.QueryNumber(service, "SELECT count(*) FROM member") == 2; }))
          << service;
    }
  }

  Suite suite_{Suite::OnPostgres{.replicas = 2}};
  SuiteClients clients_{suite_};
};

TEST_F(ReplicasTest, TheyConvertWholeAndTheSameRequestHasOneResult) {
  const auto leads = CreateLeads(clients_, 0, kLeads);
  RunOnThreads(8, kLeads, [&](int i) {
    const std::string& lead = leads[static_cast<std::size_t>(i)];
    // The second goes to the other replica.
    const std::string request = NewRequestId();
    const auto first = Qualify(clients_, lead, request);
    const auto second = Qualify(clients_, lead, request);
    EXPECT_TRUE(first.ok()) << ToString(first.error());
    EXPECT_TRUE(second.ok()) << ToString(second.error());
    if (first.ok() && second.ok()) {
      EXPECT_EQ(first->name(), second->name());
    }
  });
  const auto records = ReadRecords(clients_);
  EXPECT_THAT(Contradictions(records), IsEmpty());
  EXPECT_THAT(records.qualifications, SizeIs(kLeads));
  EXPECT_TRUE(Eventually([&] { return suite_.CountUnsettled() == 0; }));
}

TEST_F(ReplicasTest, ARequestThatIsSentToBothAtOnceIsAnsweredByBoth) {
  const auto leads = CreateLeads(clients_, 0, kLeads);
  std::vector<std::string> requests;
  for (int i = 0; i < kLeads; ++i) requests.push_back(NewRequestId());
  std::vector<std::string> names(2 * static_cast<std::size_t>(kLeads));
  RunOnThreads(8, 2 * kLeads, [&](int i) {
    const auto number = static_cast<std::size_t>(i) / 2;
    const auto answer = Qualify(clients_, leads[number], requests[number]);
    EXPECT_TRUE(answer.ok()) << ToString(answer.error());
    if (answer.ok()) names[static_cast<std::size_t>(i)] = answer->name();
  });
  for (std::size_t i = 0; i < names.size(); i += 2) EXPECT_EQ(names[i], names[i + 1]);
}

TEST_F(ReplicasTest, OneThatIsKilledIsReplacedByTheOther) {
  const auto leads = CreateLeads(clients_, 0, kLeads);
  for (const char* service : {"lead", "contact", "account", "opportunity", "qualification"}) {
    suite_.Kill(service);
  }
  RunOnThreads(8, kLeads, [&](int i) {
    const auto answer = QualifyPatiently(clients_, leads[static_cast<std::size_t>(i)], NewRequestId());
    EXPECT_TRUE(answer.ok()) << ToString(answer.error());
  });
  const auto records = ReadRecords(clients_);
  EXPECT_THAT(Contradictions(records), IsEmpty());
  // Whoever had all of the work at hand did not have to wait for that.
  EXPECT_TRUE(Eventually([&] { return suite_.QueryNumber("lead", "SELECT count(*) FROM member") == 1; }));
  EXPECT_TRUE(Eventually([&] { return suite_.QueryNumber("qualification", "SELECT count(*) FROM outbox") == 0; }));
}

std::map<std::string, std::vector<std::string>> Partitions(int partitions) {
  std::map<std::string, std::vector<std::string>> arguments;
  for (const std::string_view service : config::kServices) {
    arguments[std::string(service)] = {"--partitions", std::to_string(partitions)};
  }
  return arguments;
}

// As deploy/README.md has it: one after the other, while callers go on. A third replica has no share in two partitions.
TEST(RaisedPartitionsTest, EveryReplicaStartsAndConversionsGoOn) {
  constexpr int kReplicas = 3;
  Suite suite(Suite::OnPostgres{.replicas = kReplicas, .arguments = Partitions(2)});
  SuiteClients clients(suite);
  const auto leads = CreateLeads(clients, 0, 2 * kLeads);
  const auto qualify = [&](int first) {
    RunOnThreads(4, kLeads, [&](int i) {
      const auto answer = QualifyPatiently(clients, leads[static_cast<std::size_t>(first + i)], NewRequestId());
      EXPECT_TRUE(answer.ok()) << ToString(answer.error());
    });
  };
  std::thread callers([&] { qualify(0); });
  suite.SetArguments(Partitions(4));
  std::vector<std::string> processes;
  for (const std::string_view service : config::kServices) {
    for (int i = 0; i < kReplicas; ++i) processes.push_back(Suite::ProcessName(service, i));
  }
  for (const std::string& process : processes) {
    suite.Kill(process);
    EXPECT_NO_THROW(suite.Restart(process)) << process;
  }
  callers.join();
  // What was in the former streams is read, and more goes through the new ones.
  qualify(kLeads);
  for (const std::string& process : processes) EXPECT_TRUE(suite.Running(process)) << process;
  const auto records = ReadRecords(clients);
  EXPECT_THAT(Contradictions(records), IsEmpty());
  EXPECT_THAT(records.qualifications, SizeIs(2 * kLeads));
  EXPECT_TRUE(Eventually([&] { return suite.CountUnsettled() == 0; }));
}

}  // namespace
}  // namespace quartet::test
