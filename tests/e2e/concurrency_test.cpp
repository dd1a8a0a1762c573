// Callers who want the same thing at the same moment.
#include <atomic>
#include <memory>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/etag_writers.h"
#include "tests/e2e/lead_making.h"
#include "tests/support/eventually.h"
#include "tests/support/suite/clients.h"
#include "tests/support/suite/process.h"
#include "tests/support/suite/records.h"

namespace quartet::test {
namespace {

using lead::v1::Lead;
using qualification::v1::Qualification;
using qualification::v1::QualificationService;
using qualification::v1::QualifyLeadRequest;
using ::testing::AnyOf;
using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Three {
  std::string contact;
  std::string account;
  std::string opportunities;  // comma between them
  bool operator==(const Three&) const = default;
};

void PrintTo(const Three& three, std::ostream* out) {
  *out << three.contact << ' ' << three.account << ' ' << three.opportunities;
}

Three NamesIn(const Qualification& qualification) {
  Three three{
      .contact = qualification.contact().name(), .account = qualification.account().name(), .opportunities = {}};
  for (const auto& opportunity : qualification.opportunities()) {
    three.opportunities += (three.opportunities.empty() ? "" : ",") + opportunity.name();
  }
  return three;
}

// The three of an answer: what was done now, or what a refusal says was done
// before. Empty, and a failure, for any other answer.
Three NamesIn(const Result<Qualification>& answer) {
  if (answer.ok()) return NamesIn(*answer);
  const Error& error = answer.error();
  EXPECT_EQ(error.code, Code::kFailedPrecondition) << ToString(error);
  EXPECT_EQ(error.reason, "LEAD_ALREADY_QUALIFIED") << ToString(error);
  const auto value = [&error](const std::string& key) {
    const auto found = error.metadata.find(key);
    return found == error.metadata.end() ? "" : found->second;
  };
  return {.contact = value("contact"), .account = value("account"), .opportunities = value("opportunities")};
}

class ConcurrencyTest : public ::testing::TestWithParam<std::string> {
 protected:
  // Qualifies all of `leads` at once, each on a thread of its own with an id of its own.
  std::vector<Result<Qualification>> QualifyAtOnce(const std::vector<std::string>& leads) {
    std::vector<Result<Qualification>> answers(leads.size(), Error{});
    const int count = static_cast<int>(leads.size());
    RunOnThreads(count, count, [&](int i) {
      const auto place = static_cast<std::size_t>(i);
      answers[place] = Qualify(clients_, leads[place], NewRequestId());
    });
    return answers;
  }

  void ExpectWhole(const SuiteRecords& records) {
    EXPECT_THAT(Contradictions(records), IsEmpty());
    EXPECT_TRUE(Eventually([&] { return suite_->CountUnsettled() == 0; }))
        << suite_->CountUnsettled() << " are unsettled";
  }

  const std::unique_ptr<Suite> suite_ =
      GetParam() == "Postgres" ? std::make_unique<Suite>(Suite::OnPostgres{.replicas = 2}) : std::make_unique<Suite>();
  SuiteClients clients_{*suite_};
};

TEST_P(ConcurrencyTest, FortyCallsOnOneLeadGiveOneConversionAndAllGetItsNames) {
  const std::string lead = CreateLead(clients_, MakeLead(1));
  const auto answers = QualifyAtOnce(std::vector<std::string>(40, lead));
  std::vector<Three> names;
  names.reserve(answers.size());
  for (const auto& answer : answers) names.push_back(NamesIn(answer));
  EXPECT_FALSE(names.front().contact.empty());
  EXPECT_FALSE(names.front().account.empty());
  EXPECT_FALSE(names.front().opportunities.empty());
  EXPECT_THAT(names, Each(names.front()));

  const auto records = ReadRecords(clients_);
  ExpectWhole(records);
  EXPECT_THAT(records.contacts, SizeIs(1));
  EXPECT_THAT(records.accounts, SizeIs(1));
  EXPECT_THAT(records.opportunities, SizeIs(1));
  EXPECT_TRUE(records.contacts.contains(names.front().contact));
  EXPECT_TRUE(records.accounts.contains(names.front().account));
  EXPECT_TRUE(records.opportunities.contains(names.front().opportunities));
}

TEST_P(ConcurrencyTest, FiftyPeopleOfANewCompanyAtOnceGetOneAccount) {
  std::vector<std::string> leads;
  for (int i = 0; i < 50; ++i) {
    Lead lead = MakeLead(i);
    lead.set_company("Cyan & Sons");
    lead.set_website("cyan.example");
    leads.push_back(CreateLead(clients_, lead));
  }
  for (const auto& answer : QualifyAtOnce(leads)) EXPECT_TRUE(answer.ok()) << ToString(answer.error());
  const auto records = ReadRecords(clients_);
  ExpectWhole(records);
  EXPECT_THAT(records.accounts, SizeIs(1));
  EXPECT_THAT(records.contacts, SizeIs(50));
  EXPECT_THAT(records.opportunities, SizeIs(50));
}

TEST_P(ConcurrencyTest, TwoLeadsWithOneEmailBecomeOneContactWithTwoOpportunities) {
  // The same person twice, as DUPLICATE_ACTION_CREATE leaves it behind.
  const std::string first = CreateLead(clients_, MakeLead(1));
  const std::string second = CreateLead(clients_, MakeLead(1));
  for (const auto& answer : QualifyAtOnce({first, second})) EXPECT_TRUE(answer.ok()) << ToString(answer.error());
  const auto records = ReadRecords(clients_);
  ExpectWhole(records);
  EXPECT_THAT(records.contacts, SizeIs(1));
  EXPECT_THAT(records.accounts, SizeIs(1));
  EXPECT_THAT(records.opportunities, SizeIs(2));
  EXPECT_EQ(records.leads.at(first).contact(), records.leads.at(second).contact());
}

TEST_P(ConcurrencyTest, NoWriteByEtagIsLostBesideConversions) {
  std::vector<std::string> leads;
  for (int i = 0; i < 150; ++i) {
    Lead lead = MakeLead(i);
    lead.set_company(MakeLead(i % 3).company());
    lead.set_website(MakeLead(i % 3).website());
    leads.push_back(CreateLead(clients_, lead));
  }
  EtagWriters writers(clients_, 3);
  RunOnThreads(8, static_cast<int>(leads.size()), [&](int i) {
    const auto answer = Qualify(clients_, leads[static_cast<std::size_t>(i)], NewRequestId());
    EXPECT_TRUE(answer.ok()) << ToString(answer.error());
  });
  EXPECT_THAT(writers.Stop(), IsEmpty());
  EXPECT_GT(writers.acknowledged(), 10);
  ExpectWhole(ReadRecords(clients_));
}

TEST_P(ConcurrencyTest, ManyWhoSharePeopleAndCompaniesAllGetThrough) {
  constexpr int kPeople = 40;
  constexpr int kCompanies = 5;
  std::vector<std::string> leads;
  for (int i = 0; i < 160; ++i) {
    Lead lead = MakeLead(i % kPeople);
    lead.set_company(MakeLead(i % kCompanies).company());
    lead.set_website(MakeLead(i % kCompanies).website());
    // Each brings something that the others lack, so attaching fills fields and must wait its turn.
    lead.set_title(fmt::format("Title {}", i));
    leads.push_back(CreateLead(clients_, lead));
  }
  for (const auto& answer : QualifyAtOnce(leads)) EXPECT_TRUE(answer.ok()) << ToString(answer.error());
  const auto records = ReadRecords(clients_);
  ExpectWhole(records);
  EXPECT_THAT(records.contacts, SizeIs(kPeople));
  EXPECT_THAT(records.accounts, SizeIs(kCompanies));
  EXPECT_THAT(records.opportunities, SizeIs(leads.size()));
}

TEST_P(ConcurrencyTest, ARepeatedRequestIdGivesTheSameQualificationAndOtherContentIsRefused) {
  const std::string lead = CreateLead(clients_, MakeLead(1));
  const std::string request_id = NewRequestId();
  std::vector<std::string> names(20);
  RunOnThreads(20, 20, [&](int i) {
    const auto answer = Qualify(clients_, lead, request_id);
    if (answer.ok()) {
      names[static_cast<std::size_t>(i)] = answer->name();
    } else {
      ADD_FAILURE() << ToString(answer.error());
    }
  });
  EXPECT_FALSE(names.front().empty());
  EXPECT_THAT(names, Each(names.front()));

  QualifyLeadRequest other;
  other.set_lead(lead);
  other.set_request_id(request_id);
  other.mutable_options()->set_no_opportunity(true);
  const auto refused = Call(*clients_.qualifications, &QualificationService::Stub::QualifyLead, other);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kAlreadyExists);
  EXPECT_EQ(refused.error().reason, "REQUEST_ID_REUSED");
  ExpectWhole(ReadRecords(clients_));
}

TEST_P(ConcurrencyTest, QualifyingAndDisqualifyingAtOnceLeavesOneOfTheTwo) {
  const auto leads = CreateLeads(clients_, 0, 30);
  RunOnThreads(16, 60, [&](int i) {
    const std::string& lead = leads[static_cast<std::size_t>(i / 2)];
    if (i % 2 == 0) {
      const auto answer = Qualify(clients_, lead, NewRequestId());
      EXPECT_TRUE(answer.ok() || answer.error().reason == "LEAD_DISQUALIFIED") << ToString(answer.error());
      return;
    }
    lead::v1::DisqualifyLeadRequest request;
    request.set_name(lead);
    request.set_reason(Lead::REASON_LOST);
    const auto answer = Call(*clients_.leads, &lead::v1::LeadService::Stub::DisqualifyLead, request);
    EXPECT_TRUE(answer.ok() || answer.error().reason == "LEAD_CLOSED" ||
                answer.error().reason == "LEAD_BEING_QUALIFIED")
        << ToString(answer.error());
  });
  const auto records = ReadRecords(clients_);
  ExpectWhole(records);
  for (const auto& [name, lead] : records.leads) EXPECT_NE(lead.state(), Lead::STATE_OPEN) << name;
}

TEST_P(ConcurrencyTest, QualifyingAndRevertingOverAndOverLeavesNothingHalfDone) {
  constexpr int kLeads = 24;
  std::vector<std::string> leads;
  for (int i = 0; i < kLeads; ++i) {
    Lead lead = MakeLead(i);
    lead.set_company(MakeLead(i % 12).company());
    lead.set_website(MakeLead(i % 12).website());
    leads.push_back(CreateLead(clients_, lead));
  }
  std::atomic<int> reverted = 0;
  RunOnThreads(12, 10 * kLeads, [&](int i) {
    const std::string& lead = leads[static_cast<std::size_t>(i % kLeads)];
    const auto qualified = QualifyPatiently(clients_, lead, NewRequestId());
    if (!qualified.ok()) {
      // Or somebody else's revert is under way.
      EXPECT_THAT(qualified.error().reason, AnyOf("LEAD_ALREADY_QUALIFIED", "LEAD_BEING_QUALIFIED"))
          << ToString(qualified.error());
      return;
    }
    qualification::v1::RevertQualificationRequest request;
    request.set_name(qualified->name());
    request.set_request_id(NewRequestId());
    const auto answer = Call(*clients_.qualifications, &QualificationService::Stub::RevertQualification, request);
    if (answer.ok()) {
      ++reverted;
    } else {
      // Somebody else's lead has attached to what this one had opened, and filled it or not.
      EXPECT_THAT(answer.error().reason, AnyOf("RECORD_CHANGED", "RECORD_IN_USE")) << ToString(answer.error());
    }
  });
  EXPECT_GT(reverted, kLeads);
  ExpectWhole(ReadRecords(clients_));

  QualifyAtOnce(leads);
  const auto records = ReadRecords(clients_);
  ExpectWhole(records);
  EXPECT_THAT(records.contacts, SizeIs(kLeads));
  EXPECT_THAT(records.opportunities, SizeIs(kLeads));
  EXPECT_THAT(records.accounts, SizeIs(12));
}

INSTANTIATE_TEST_SUITE_P(Store, ConcurrencyTest, ::testing::Values("Sqlite", "Postgres"),
                         [](const auto& tested) { return tested.param; });

}  // namespace
}  // namespace quartet::test
