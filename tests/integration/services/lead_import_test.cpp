// Imports through the lead service as it runs, over both stores.
#include <array>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "common/base/limits.h"
#include "common/rpc/error_mapping.h"
#include "services/lead/service.h"
#include "tests/support/eventually.h"
#include "tests/support/hosted_suite.h"
#include "tests/support/lead_rows.h"

#include "quartet/lead/v1/events.pb.h"
#include "quartet/lead/v1/service.grpc.pb.h"

namespace quartet::test {
namespace {

using lead::v1::ImportLeadsRequest;
using lead::v1::ImportLeadsResponse;
using lead::v1::ImportLeadsResult;
using lead::v1::Lead;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr std::array<app::NamedBind, 1> kServices = {{{"lead", lead::Bind}}};

class LeadImportTest : public EveryDatabase {
 protected:
  struct Answer {
    grpc::Status status;
    ImportLeadsResponse response;
    std::vector<ImportLeadsResult::Outcome> outcomes() const {
      std::vector<ImportLeadsResult::Outcome> all;
      for (const auto& result : response.results()) all.push_back(result.outcome());
      return all;
    }
  };

  Answer Import(const std::vector<Lead>& rows, lead::v1::DuplicateAction action = lead::v1::DUPLICATE_ACTION_UPDATE,
                bool validate_only = false) {
    Answer answer;
    grpc::ClientContext context;
    const auto writer = stub_->ImportLeads(&context, &answer.response);
    ImportLeadsRequest request;
    request.mutable_options()->set_duplicate_action(action);
    request.mutable_options()->set_validate_only(validate_only);
    for (const Lead& row : rows) {
      *request.add_leads() = row;
      if (request.leads_size() < 700) continue;
      if (!writer->Write(request)) break;
      request.Clear();
    }
    writer->Write(request);
    writer->WritesDone();
    answer.status = writer->Finish();
    return answer;
  }

  // Every lead as it is stored, by name.
  std::map<std::string, std::string> Stored() {
    std::map<std::string, std::string> all;
    lead::v1::ListLeadsRequest request;
    request.set_page_size(1'000);
    do {
      grpc::ClientContext context;
      lead::v1::ListLeadsResponse page;
      const grpc::Status status = stub_->ListLeads(&context, request, &page);
      EXPECT_TRUE(status.ok()) << status.error_message();
      for (const Lead& lead : page.leads()) all[lead.name()] = lead.DebugString();
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return all;
  }
  std::vector<Lead> Leads() {
    grpc::ClientContext context;
    lead::v1::ListLeadsResponse page;
    EXPECT_TRUE(stub_->ListLeads(&context, lead::v1::ListLeadsRequest(), &page).ok());
    return {page.leads().begin(), page.leads().end()};
  }

  static Lead Row(const std::string& email, const std::string& company = "Acme") {
    Lead row;
    row.set_company(company);
    row.add_emails()->set_address(email);
    return row;
  }

  HostedSuite suite_{GetParam(), kServices};
  std::unique_ptr<lead::v1::LeadService::Stub> stub_ = lead::v1::LeadService::NewStub(suite_.ChannelTo("lead"));
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(LeadImportTest);

TEST_P(LeadImportTest, ImportingAFileTwiceChangesNothing) {
  for (unsigned seed = 1; seed <= 8; ++seed) {
    // Many rows of few people in the first files, few of many in the last: more than one batch of them.
    LeadRows made(seed, 4 + static_cast<int>(seed * seed * 4));
    std::vector<Lead> rows;
    for (int i = 0; i < 400; ++i) rows.push_back(made.Next());

    const Answer first = Import(rows);
    ASSERT_TRUE(first.status.ok()) << first.status.error_message();
    const auto stored = Stored();
    const Answer second = Import(rows);
    ASSERT_TRUE(second.status.ok()) << second.status.error_message();

    EXPECT_EQ(Stored(), stored) << "seed " << seed;
    for (int i = 0; i < second.response.results_size(); ++i) {
      const auto& result = second.response.results(i);
      const bool was_rejected = first.response.results(i).outcome() == ImportLeadsResult::OUTCOME_REJECTED;
      ASSERT_EQ(result.outcome(),
                was_rejected ? ImportLeadsResult::OUTCOME_REJECTED : ImportLeadsResult::OUTCOME_SKIPPED)
          << "seed " << seed << " row " << i << ": " << result.ShortDebugString();
      ASSERT_EQ(result.lead(), first.response.results(i).lead()) << "seed " << seed << " row " << i;
    }
  }
}

TEST_P(LeadImportTest, TheSameRowAgainAndAgainIsOneLeadWithOneAddress) {
  Lead row = Row("jane@example.com");
  row.mutable_address()->add_address_lines("Hauptstr. 1");
  row.mutable_estimated_value()->set_units(5);
  row.mutable_estimated_value()->set_nanos(500'000'000);
  row.mutable_estimated_value()->set_currency_code("EUR");
  for (int i = 0; i < 25; ++i) EXPECT_TRUE(Import({row}).status.ok());

  ASSERT_THAT(Leads(), SizeIs(1));
  EXPECT_EQ(Leads()[0].address().address_lines_size(), 1);
  EXPECT_EQ(Leads()[0].etag(), "1");
  row.mutable_estimated_value()->set_units(7);
  row.mutable_estimated_value()->clear_nanos();
  EXPECT_THAT(Import({row}).outcomes(), ElementsAre(ImportLeadsResult::OUTCOME_UPDATED));
  EXPECT_EQ(Leads()[0].estimated_value().units(), 7);
  EXPECT_EQ(Leads()[0].estimated_value().nanos(), 0);
}

TEST_P(LeadImportTest, RowsOfOneLeadAreOneChangeInTheirOrder) {
  Lead first = Row("jane@example.com");
  first.set_topic("pumps");
  Lead second = Row("jane@example.com");
  second.set_topic("valves");
  second.add_tags("hot");
  EXPECT_THAT(Import({first, second}).outcomes(),
              ElementsAre(ImportLeadsResult::OUTCOME_CREATED, ImportLeadsResult::OUTCOME_UPDATED));
  ASSERT_THAT(Leads(), SizeIs(1));
  EXPECT_EQ(Leads()[0].topic(), "valves");
  EXPECT_EQ(Leads()[0].etag(), "2");
  const auto events = suite_.bus().Messages("lead.events").size();

  EXPECT_THAT(Import({first, second}).outcomes(), Each(ImportLeadsResult::OUTCOME_SKIPPED));
  EXPECT_EQ(Leads()[0].etag(), "2") << "though the topic went to and fro";
  EXPECT_THAT(Import({Row("other@example.com")}).outcomes(), ElementsAre(ImportLeadsResult::OUTCOME_CREATED));
  ASSERT_TRUE(Eventually([&] { return suite_.bus().Messages("lead.events").size() > events; }));
  for (const auto& message : suite_.bus().Messages("lead.events")) {
    lead::v1::LeadEvent event;
    ASSERT_TRUE(event.ParseFromString(message.data));
    EXPECT_LE(event.version(), 2);
  }
}

TEST_P(LeadImportTest, ARowThatCannotBeWrittenHarmsNoOtherOfItsLead) {
  Lead many = Row("jane@example.com");
  for (int i = 0; i < 60; ++i) many.add_tags("a" + std::to_string(i));
  Lead more = Row("jane@example.com");
  for (int i = 0; i < 60; ++i) more.add_tags("b" + std::to_string(i));
  Lead good = Row("jane@example.com");
  good.set_topic("valves");

  const Answer answer = Import({many, more, good});
  EXPECT_THAT(answer.outcomes(), ElementsAre(ImportLeadsResult::OUTCOME_CREATED, ImportLeadsResult::OUTCOME_REJECTED,
                                             ImportLeadsResult::OUTCOME_UPDATED));
  EXPECT_EQ(rpc::FromRpcStatus(answer.response.results(1).status()).violations.at(0).field, "tags");
  EXPECT_EQ(Leads()[0].topic(), "valves");
  EXPECT_EQ(Leads()[0].tags_size(), 60);
}

TEST_P(LeadImportTest, AnAddressThatLeadsToAnotherLeadIsLeftOutAndNamed) {
  ASSERT_TRUE(Import({Row("a@example.com"), Row("b@example.com")}).status.ok());
  Lead both = Row("A@example.com");
  both.add_emails()->set_address("B@Example.com");
  both.add_emails()->set_address("c@example.com");

  const Answer answer = Import({both});
  EXPECT_THAT(answer.outcomes(), ElementsAre(ImportLeadsResult::OUTCOME_UPDATED));
  EXPECT_THAT(answer.response.results(0).left_out(), ElementsAre("b@example.com"));
  ASSERT_THAT(Leads(), SizeIs(2));
  EXPECT_EQ(Leads()[0].emails_size() + Leads()[1].emails_size(), 3);
  // What the row has given the lead finds it, in the same import too.
  EXPECT_THAT(Import({both, Row("c@example.com")}).outcomes(), Each(ImportLeadsResult::OUTCOME_SKIPPED));
  EXPECT_THAT(Leads(), SizeIs(2));
}

TEST_P(LeadImportTest, RowsOfManyBatchesFindEachOther) {
  std::vector<Lead> rows;
  for (int i = 0; i < 600; ++i) rows.push_back(Row("p" + std::to_string(i % 500) + "@example.com"));
  for (const bool validate_only : {true, false}) {
    const Answer answer = Import(rows, lead::v1::DUPLICATE_ACTION_SKIP, validate_only);
    const auto outcomes = answer.outcomes();
    EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), ImportLeadsResult::OUTCOME_CREATED), 500);
    EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), ImportLeadsResult::OUTCOME_SKIPPED), 100);
  }
  EXPECT_THAT(Stored(), SizeIs(500));
}

TEST_P(LeadImportTest, OneRowMoreThanTheLimitAndNothingIsTaken) {
  const Lead bad;  // costs nothing to reject
  std::vector<Lead> rows(limits::kImportRowsMax, bad);
  const Answer full = Import(rows);
  ASSERT_TRUE(full.status.ok()) << full.status.error_message();
  EXPECT_EQ(full.response.results_size(), static_cast<int>(limits::kImportRowsMax));
  rows.back() = Row("jane@example.com");
  rows.push_back(bad);
  const Answer over = Import(rows);
  EXPECT_EQ(over.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(Stored(), IsEmpty());
}

TEST_P(LeadImportTest, WhatIsWrongWithTenThousandRowsFitsIntoTheAnswer) {
  Lead bad = Row("nobody");
  for (int i = 0; i < 20; ++i) bad.add_phones()->set_number("no number " + std::string(400, 'x'));
  for (int i = 0; i < 5; ++i) bad.add_tags("");
  const Answer answer = Import(std::vector<Lead>(7'000, bad));
  ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_FALSE(rpc::FromRpcStatus(answer.response.results(6'999).status()).violations.empty());
  EXPECT_LT(answer.response.ByteSizeLong() * limits::kImportRowsMax / 7'000, limits::kMessageBytesMax);
}

}  // namespace
}  // namespace quartet::test
