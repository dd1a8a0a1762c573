// A service is away while callers go on.
#include <chrono>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/lead_making.h"
#include "tests/support/eventually.h"
#include "tests/support/suite/clients.h"
#include "tests/support/suite/process.h"

namespace quartet::test {
namespace {

using nlohmann::json;
using qualification::v1::Qualification;
using qualification::v1::QualificationService;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr int kOfSuite = 12;
constexpr int kOfCaller = 8;
constexpr std::chrono::milliseconds kShort{300};

class BacklogTest : public ::testing::Test {
 protected:
  // Begins it, and gives up waiting.
  void Begin(std::size_t lead) {
    const std::string begun = "SELECT COUNT(*) FROM request WHERE id = '" + requests_.at(lead) + "'";
    EXPECT_TRUE(Eventually([&] {
      const auto answer = Qualify(clients_, leads_.at(lead), requests_.at(lead), kShort);
      EXPECT_FALSE(answer.ok());
      if (!answer.ok()) {
        EXPECT_EQ(answer.error().code, Code::kDeadlineExceeded) << ToString(answer.error());
      }
      return suite_.QueryNumber("qualification", begun) == 1;
    }));
  }
  json Stuck() {
    const auto result = suite_.Quartet({"qualification", "list", "--stuck", "-o", "json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return json::parse(result.out, nullptr, false);
  }

  Suite suite_{{{"qualification",
                 {"--pending-max", std::to_string(kOfSuite), "--pending-per-caller-max", std::to_string(kOfCaller)}}}};
  SuiteClients clients_{suite_};
  const std::vector<std::string> leads_ = CreateLeads(clients_, 0, 20);
  const std::vector<std::string> requests_ = [] {
    std::vector<std::string> ids;
    for (int i = 0; i < 20; ++i) ids.push_back(NewRequestId());
    return ids;
  }();
};

TEST_F(BacklogTest, IsBoundedAndSeenAndWorkedOff) {
  suite_.Kill("contact");
  for (std::size_t i = 0; i < kOfCaller; ++i) Begin(i);

  // One more is refused with a word on when to try again, and leaves nothing behind.
  const auto refused = Qualify(clients_, leads_.at(kOfCaller), requests_.at(kOfCaller));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kResourceExhausted);
  EXPECT_EQ(refused.error().reason, "QUALIFICATIONS_PENDING");
  EXPECT_EQ(refused.error().metadata.at("scope"), "caller");
  EXPECT_TRUE(refused.error().retry_after.has_value());
  EXPECT_EQ(suite_.QueryNumber("qualification", "SELECT COUNT(*) FROM qualification"), kOfCaller);
  EXPECT_EQ(suite_.QueryNumber("qualification", "SELECT COUNT(*) FROM request"), kOfCaller);

  // To ask again for what has been begun is no new work; of a batch each lead is judged by itself.
  Begin(0);
  qualification::v1::BatchQualifyLeadsRequest batch;
  for (std::size_t i = kOfCaller; i < kOfCaller + 3; ++i) {
    batch.add_requests()->set_lead(leads_.at(i));
    if (i > kOfCaller) batch.mutable_requests()->rbegin()->set_request_id(requests_.at(i));
  }
  const auto results = Call(*clients_.qualifications, &QualificationService::Stub::BatchQualifyLeads, batch);
  ASSERT_TRUE(results.ok()) << ToString(results.error());
  ASSERT_EQ(results->results_size(), 3);
  for (const auto& result : results->results())
    EXPECT_EQ(rpc::FromRpcStatus(result.status()).reason, "QUALIFICATIONS_PENDING");

  ASSERT_TRUE(Eventually([&] { return Stuck().size() == kOfCaller; }, std::chrono::seconds(40)));
  for (const json& stuck : Stuck()) {
    EXPECT_THAT(stuck.at("awaiting"), SizeIs(1));
    EXPECT_EQ(stuck.at("awaiting").at(0), "CONTACT");
    EXPECT_GE(std::stoi(stuck.at("tries").get<std::string>()), 3);
  }
  EXPECT_THAT(suite_.Quartet({"qualification", "list", "--stuck"}).out, HasSubstr("CONTACT"));

  suite_.Restart("contact");
  for (std::size_t i = 0; i < kOfCaller + 1; ++i) {
    const auto answer = QualifyPatiently(clients_, leads_.at(i), requests_.at(i));
    ASSERT_TRUE(answer.ok()) << ToString(answer.error());
    EXPECT_EQ(answer->state(), Qualification::COMMITTED);
  }
  EXPECT_TRUE(Eventually([&] { return Stuck().empty(); }));
}

TEST_F(BacklogTest, OfAFormerProcessCountsForTheNextOne) {
  suite_.Kill("contact");
  for (std::size_t i = 0; i < kOfCaller; ++i) Begin(i);
  suite_.Kill("qualification");
  suite_.Restart("qualification");
  for (std::size_t i = kOfCaller; i < kOfSuite; ++i) Begin(i);
  const auto refused = Qualify(clients_, leads_.at(kOfSuite), requests_.at(kOfSuite));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, "QUALIFICATIONS_PENDING");
  EXPECT_EQ(refused.error().metadata.at("scope"), "suite");
  suite_.Restart("contact");
  const auto answer = QualifyPatiently(clients_, leads_.at(kOfSuite), requests_.at(kOfSuite));
  EXPECT_TRUE(answer.ok()) << ToString(answer.error());
}

}  // namespace
}  // namespace quartet::test
