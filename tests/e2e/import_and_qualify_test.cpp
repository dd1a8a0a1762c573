// A list of leads goes through the whole suite, as a user does it: two commands,
// then a look at what is there.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/config/ports.h"
#include "common/rpc/channel.h"
#include "tests/e2e/lead_list.h"
#include "tests/support/eventually.h"
#include "tests/support/suite/clients.h"
#include "tests/support/suite/process.h"
#include "tests/support/suite/records.h"

namespace quartet::test {
namespace {

using lead::v1::Lead;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Messages that could not be handled; there must be none.
int DeadLetters(const Suite& suite) {
  int count = 0;
  for (const std::string_view service : config::kServices) {
    const auto stub = operations::v1::OperationsService::NewStub(rpc::MakeChannel(suite.AddressOf(service)));
    const auto answer = Call(*stub, &operations::v1::OperationsService::Stub::ListDeadLetters, {});
    if (!answer.ok()) {
      ADD_FAILURE() << ToString(answer.error());
      continue;
    }
    for (const auto& letter : answer->dead_letters()) {
      ADD_FAILURE() << letter.topic() << ' ' << letter.type() << ": " << letter.error();
      ++count;
    }
  }
  return count;
}

class ImportAndQualifyTest : public ::testing::TestWithParam<std::string> {
 protected:
  ImportAndQualifyTest() { std::ofstream(suite_->folder() / "list.csv", std::ios::binary) << list_.csv; }

  ProgramResult Import() const { return suite_->Quartet({"lead", "import", "list.csv", "--output", "json"}); }
  ProgramResult QualifyOpenLeads() const { return suite_->Quartet({"lead", "qualify", "--filter", "state=OPEN"}); }

  void ExpectAllIsConverted(const SuiteRecords& records) const {
    EXPECT_THAT(Contradictions(records), IsEmpty());
    const auto accepted = static_cast<std::size_t>(list_.accepted);
    EXPECT_THAT(records.leads, SizeIs(accepted));
    EXPECT_THAT(records.contacts, SizeIs(accepted));
    EXPECT_THAT(records.opportunities, SizeIs(accepted));
    EXPECT_THAT(records.accounts, SizeIs(list_.companies.size()));
    for (const auto& [name, lead] : records.leads) {
      EXPECT_EQ(lead.state(), Lead::STATE_QUALIFIED) << name;
      const bool is_private = list_.private_people.contains(lead.person().family_name());
      EXPECT_EQ(lead.account().empty(), is_private) << lead.ShortDebugString();
    }
  }

  const LeadList list_ = MakeLeadList();
  static std::unique_ptr<Suite> StartSuite() {
    if (GetParam() == "OneProcess") return std::make_unique<Suite>(Suite::InOneProcess{});
    if (GetParam() == "OnPostgres") return std::make_unique<Suite>(Suite::OnPostgres{.replicas = 2});
    return std::make_unique<Suite>();
  }

  const std::unique_ptr<Suite> suite_ = StartSuite();
  SuiteClients clients_{*suite_};
};

TEST_P(ImportAndQualifyTest, AListBecomesBusinessAndASecondRunChangesNothing) {
  const auto imported = Import();
  EXPECT_EQ(imported.exit_code, 1) << "rows were rejected\n" << imported.err;
  const auto figures = nlohmann::json::parse(imported.out).at(0);
  EXPECT_EQ(figures.at("rows"), list_.rows);
  EXPECT_EQ(figures.at("created"), list_.accepted);
  EXPECT_EQ(figures.at("duplicatesSkipped"), list_.duplicates);
  EXPECT_EQ(figures.at("rejected"), list_.rejected.size());

  std::map<std::size_t, std::string> rejected;
  for (const auto& row : figures.at("rejectedRows")) rejected[row.at("line")] = row.at("reasons").dump();
  EXPECT_THAT(rejected, SizeIs(list_.rejected.size()));
  for (const auto& [line, words] : list_.rejected) {
    for (const std::string& word : words) EXPECT_THAT(rejected[line], HasSubstr(word)) << "line " << line;
  }
  EXPECT_THAT(ReadFile(suite_->folder() / "list.csv.rejects.csv"), HasSubstr("missing-at.example"));

  const auto qualified = QualifyOpenLeads();
  EXPECT_EQ(qualified.exit_code, 0) << qualified.err;
  ExpectAllIsConverted(ReadRecords(clients_));
  EXPECT_TRUE(Eventually([&] { return suite_->CountUnsettled() == 0; }))
      << suite_->CountUnsettled() << " are unsettled";
  const auto records = ReadRecords(clients_);
  EXPECT_EQ(DeadLetters(*suite_), 0);

  const auto again = Import();
  EXPECT_EQ(again.exit_code, 1) << again.err;
  const auto second_figures = nlohmann::json::parse(again.out).at(0);
  EXPECT_EQ(second_figures.at("created"), 0);
  EXPECT_EQ(second_figures.at("duplicatesSkipped"), list_.accepted + list_.duplicates);
  EXPECT_EQ(QualifyOpenLeads().exit_code, 0);
  EXPECT_THAT(Differences(records, ReadRecords(clients_)), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Suite, ImportAndQualifyTest, ::testing::Values("SixProcesses", "OneProcess", "OnPostgres"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace quartet::test
