// `quartet` as a person and as a script use it, on a suite that runs.
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/suite/process.h"

namespace quartet::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

// What a command that was to succeed has written to stdout.
std::string Out(const ProgramResult& result) {
  EXPECT_EQ(result.exit_code, 0) << result.out << result.err;
  return result.out;
}

// The same as the one JSON array that it must be.
json Json(const ProgramResult& result) {
  json document = json::parse(Out(result), nullptr, false);
  EXPECT_TRUE(document.is_array()) << result.out;
  return document;
}

class CommandLineTest : public ::testing::Test {
 protected:
  // One suite for all tests of this file: they use records of their own.
  static void SetUpTestSuite() { suite_ = std::make_unique<Suite>(); }
  static void TearDownTestSuite() { suite_.reset(); }

  static ProgramResult Quartet(std::vector<std::string> arguments) { return suite_->Quartet(std::move(arguments)); }

  // Creates a lead of this owner; its name.
  static std::string CreateLead(const std::string& owner, const std::string& person) {
    const auto created =
        Json(Quartet({"lead", "create", "--set", "family_name=" + person, "--set", "company=" + person + " Ltd",
                      "--set", "email=" + person + "@" + person + ".example", "--set", "estimated_value=1200 EUR",
                      "--set", "owner=" + owner, "-o", "json"}));
    return created.at(0).at("name");
  }

  static std::string Qualify(const std::string& lead) {
    return Json(Quartet({"lead", "qualify", lead, "-o", "json"})).at(0).at("name");
  }

  inline static std::unique_ptr<Suite> suite_;
};

TEST_F(CommandLineTest, StatusShowsThatAllSixAreWell) {
  const auto status = Json(Quartet({"status", "-o", "json"}));
  EXPECT_THAT(status, SizeIs(6));
  for (const auto& one : status) EXPECT_EQ(one.at("state"), "SERVING") << one;
}

TEST_F(CommandLineTest, CountersShowWhatAServiceHasDone) {
  const auto statements = [] {
    for (const auto& counter : Json(Quartet({"counters", "--service", "lead", "-o", "json"}))) {
      EXPECT_EQ(counter.at("service"), "lead");
      if (counter.at("name") == "database_statements_total") return counter.at("value").get<std::int64_t>();
    }
    return std::int64_t{-1};
  };
  const std::int64_t before = statements();
  CreateLead("counted", "Countess");
  EXPECT_GT(statements(), before);
  EXPECT_THAT(Out(Quartet({"counters"})), HasSubstr("database_statements_total"));
}

TEST_F(CommandLineTest, StatusLooksAtRedisAsTheServicesDo) {
  const std::string address = "redis://127.0.0.1:" + std::to_string(suite_->redis().port());
  EXPECT_EQ(Quartet({"status", "--redis", address}).exit_code, 0);

  suite_->redis().Command({"CONFIG", "SET", "maxmemory-policy", "allkeys-lru"});
  const auto evicting = Quartet({"status", "--redis", address});
  suite_->redis().Command({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  EXPECT_EQ(evicting.exit_code, 1);
  EXPECT_THAT(evicting.out, HasSubstr("NOT_SERVING"));

  const auto not_a_cluster = Quartet({"status", "--redis", "cluster" + address.substr(address.find(':'))});
  EXPECT_THAT(not_a_cluster.exit_code, Not(0));
  const auto incomplete = Quartet({"status", "--redis", "sentinel://127.0.0.1:1"});
  EXPECT_EQ(incomplete.exit_code, 2);
  EXPECT_THAT(incomplete.err, HasSubstr("the name of the master is missing"));
}

TEST_F(CommandLineTest, WhatIsCreatedIsFoundByNameAndByFilter) {
  const std::string lead = CreateLead("ellen", "Anstruther");
  EXPECT_THAT(lead, StartsWith("leads/"));
  const auto by_name = Json(Quartet({"lead", "get", lead, "-o", "json"}));
  ASSERT_THAT(by_name, SizeIs(1));
  EXPECT_EQ(by_name[0].at("person").at("familyName"), "Anstruther");
  EXPECT_EQ(by_name[0].at("state"), "STATE_OPEN");
  EXPECT_EQ(Json(Quartet({"lead", "get", lead.substr(6), "-o", "json"})), by_name);
  for (const char* filter : {"owner = \"ellen\"", "email = \"ANSTRUTHER@anstruther.example\"",
                             "company = \"anstruther ltd.\" AND state = OPEN", "owner=ellen"}) {
    EXPECT_EQ(Json(Quartet({"lead", "list", "--filter", filter, "-o", "json"})), by_name) << filter;
  }
  EXPECT_THAT(Json(Quartet({"lead", "list", "--filter", "owner=ellen AND state=QUALIFIED", "-o", "json"})), IsEmpty());
}

TEST_F(CommandLineTest, ListsComeAsTableJsonAndCsvInPages) {
  for (const char* person : {"Bea", "Cyd", "Dot"}) CreateLead("pages", person);
  const std::vector<std::string> list = {"lead", "list", "--filter", "owner=pages", "--page-size", "2"};
  const auto with = [&list](std::vector<std::string> more) {
    more.insert(more.begin(), list.begin(), list.end());
    return more;
  };
  const std::string table = Out(Quartet(list));
  EXPECT_THAT(table, AllOf(HasSubstr("COMPANY"), HasSubstr("Bea Ltd"), HasSubstr("Cyd Ltd"), HasSubstr("Dot Ltd")));
  EXPECT_THAT(Json(Quartet(with({"-o", "json"}))), SizeIs(3));
  const std::string csv = Out(Quartet(with({"-o", "csv"})));
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 4) << csv;
  const auto newest = Json(Quartet(with({"--order-by", "create_time desc", "--limit", "1", "-o", "json"})));
  ASSERT_THAT(newest, SizeIs(1));
  EXPECT_EQ(newest[0].at("company"), "Dot Ltd");
}

TEST_F(CommandLineTest, PreviewTellsWhatQualifyThenDoes) {
  const std::string lead = CreateLead("preview", "Egon");
  const auto preview = Json(Quartet({"qualification", "preview", lead, "-o", "json"}));
  EXPECT_EQ(preview.at(0).at("contact").at("outcome").at("kind"), "OPENED");
  EXPECT_EQ(preview.at(0).at("account").at("account").at("displayName"), "Egon Ltd");
  EXPECT_EQ(Json(Quartet({"lead", "get", lead, "-o", "json"})).at(0).at("state"), "STATE_OPEN");
  EXPECT_THAT(Out(Quartet({"qualification", "preview", lead})), HasSubstr("Egon Ltd"));

  const auto qualified = Json(Quartet({"lead", "qualify", lead, "-o", "json"})).at(0);
  const auto record = [](const std::string& kind, const json& outcome) {
    return Json(Quartet({kind, "get", outcome.at("name"), "-o", "json"})).at(0);
  };
  EXPECT_EQ(record("contact", qualified.at("contact")).at("lead"), lead);
  EXPECT_EQ(record("account", qualified.at("account")).at("displayName"), "Egon Ltd");
  EXPECT_EQ(record("opportunity", qualified.at("opportunities").at(0)).at("amount").at("units"), "1200");
  const auto listed = Json(Quartet({"qualification", "list", "--filter", "lead=" + lead, "-o", "json"}));
  ASSERT_THAT(listed, SizeIs(1));
  EXPECT_EQ(listed[0].at("state"), "COMMITTED");

  // The same person once more would be attached to.
  const std::string again = CreateLead("preview", "Egon");
  const auto second = Json(Quartet({"qualification", "preview", again, "-o", "json"})).at(0);
  EXPECT_EQ(second.at("contact").at("outcome").at("kind"), "ATTACHED");
  EXPECT_EQ(second.at("contact").at("outcome").at("name"), qualified.at("contact").at("name"));
}

TEST_F(CommandLineTest, QualifyingTwiceIsNoFailureAndWhatCannotBeIsSaid) {
  const std::string lead = CreateLead("twice", "Finn");
  Qualify(lead);
  const auto again = Quartet({"lead", "qualify", lead});
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, HasSubstr("already"));

  const std::string closed = CreateLead("twice", "Gus");
  Out(Quartet({"lead", "disqualify", closed, "--reason", "lost", "--note", "chose another"}));
  const auto refused = Quartet({"lead", "qualify", closed});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err, HasSubstr("LEAD_DISQUALIFIED"));
  Out(Quartet({"lead", "reactivate", closed}));
  EXPECT_EQ(Quartet({"lead", "qualify", closed}).exit_code, 0);
}

TEST_F(CommandLineTest, ThePipelineFollowsWhatBecomesOfAnOpportunity) {
  const std::string lead = CreateLead("sales", "Hana");
  Qualify(lead);
  const std::string opportunity = Json(Quartet({"lead", "get", lead, "-o", "json"})).at(0).at("opportunities").at(0);
  const auto pipeline = [] {
    std::map<std::string, std::string> counts;
    const auto document = Json(Quartet({"pipeline", "--filter", "owner=sales", "-o", "json"}));
    for (const auto& bucket : document.at(0).at("buckets")) {
      const std::string stage = bucket.value("stage", "");
      counts[stage.empty() ? bucket.at("state").get<std::string>() : stage] = bucket.value("count", "0");
    }
    return counts;
  };
  EXPECT_EQ(pipeline().at("QUALIFY"), "1");
  Out(Quartet({"opportunity", "move", opportunity, "--stage", "PROPOSE"}));
  EXPECT_EQ(pipeline().at("PROPOSE"), "1");
  EXPECT_EQ(pipeline().at("QUALIFY"), "0");
  Out(Quartet({"opportunity", "win", opportunity, "--reason", "order 4711"}));
  EXPECT_EQ(pipeline().at("STATE_WON"), "1");
  EXPECT_EQ(Quartet({"opportunity", "move", opportunity, "--stage", "DEVELOP"}).exit_code, 1);
  Out(Quartet({"opportunity", "reopen", opportunity}));
  EXPECT_EQ(pipeline().at("PROPOSE"), "1");
  EXPECT_THAT(Out(Quartet({"pipeline", "--filter", "owner=sales"})), AllOf(HasSubstr("PROPOSE"), HasSubstr("1,200")));
}

TEST_F(CommandLineTest, ARevertedQualificationLeavesTheLeadOpenAndItsRecordsGone) {
  const std::string lead = CreateLead("revert", "Ines");
  const std::string qualification = Qualify(lead);
  const auto before = Json(Quartet({"lead", "get", lead, "-o", "json"})).at(0);
  Out(Quartet({"qualification", "revert", qualification}));
  const auto after = Json(Quartet({"lead", "get", lead, "-o", "json"})).at(0);
  EXPECT_EQ(after.at("state"), "STATE_OPEN");
  EXPECT_FALSE(after.contains("contact"));
  const std::string contact = before.at("contact");
  const auto contacts = Out(Quartet({"contact", "list", "-o", "csv"}));
  EXPECT_THAT(contacts, Not(HasSubstr(contact)));
  const auto canceled = Quartet({"qualification", "cancel", qualification});
  EXPECT_EQ(canceled.exit_code, 1);
  EXPECT_THAT(canceled.err, HasSubstr("QUALIFICATION_DECIDED"));
  EXPECT_NE(Qualify(lead), qualification);
}

TEST_F(CommandLineTest, AContactNeedsAReason) {
  const auto without = Quartet({"contact", "create", "--set", "family_name=Juno", "--set", "email=j@juno.example"});
  EXPECT_EQ(without.exit_code, 1);
  EXPECT_THAT(without.err, HasSubstr("basis"));
  const auto with = Quartet({"contact", "create", "--set", "family_name=Juno", "--set", "email=j@juno.example", "--set",
                             "basis.kind=existing-relationship", "--set", "basis.reference=order 4711"});
  EXPECT_EQ(with.exit_code, 0) << with.err;
}

TEST_F(CommandLineTest, ADryRunOfAnImportChangesNothing) {
  std::ofstream(suite_->folder() / "fair.csv") << "Name,Company,E-Mail\nKai Lund,Lund AB,kai@lund.example\n,,\n";
  const auto checked = Quartet({"lead", "import", "fair.csv", "--dry-run", "-o", "json"});
  EXPECT_EQ(Json(checked).at(0).at("created"), 1);
  EXPECT_THAT(Json(Quartet({"lead", "list", "--filter", "company=\"Lund AB\"", "-o", "json"})), IsEmpty());
  Out(Quartet({"lead", "import", "fair.csv", "--tag", "fair"}));
  const auto leads = Json(Quartet({"lead", "list", "--filter", "company=\"Lund AB\"", "-o", "json"}));
  ASSERT_THAT(leads, SizeIs(1));
  EXPECT_EQ(leads[0].at("tags").at(0), "fair");
}

TEST_F(CommandLineTest, ExitCodesTellMistakesFromRefusals) {
  EXPECT_EQ(Quartet({"lead", "get", "leads/01890000-0000-7000-8000-000000000000"}).exit_code, 1);
  EXPECT_EQ(Quartet({"lead", "list", "--filter", "no such filter"}).exit_code, 1);
  EXPECT_EQ(Quartet({"lead", "list", "--output", "xml"}).exit_code, 2);
  EXPECT_EQ(Quartet({"lead", "import", "missing.csv"}).exit_code, 2);
  EXPECT_EQ(Quartet({"led", "list"}).exit_code, 2);
  const auto help = Quartet({"lead", "qualify", "--help"});
  EXPECT_THAT(Out(help), StartsWith("Examples:"));
}

TEST_F(CommandLineTest, MessagesGoToStderrAndResultsToStdout) {
  const auto missing = Quartet({"contact", "get", "contacts/01890000-0000-7000-8000-000000000000", "-o", "json"});
  EXPECT_EQ(missing.exit_code, 1);
  EXPECT_THAT(missing.out, IsEmpty());
  EXPECT_THAT(missing.err, HasSubstr("NOT_FOUND"));
}

TEST_F(CommandLineTest, ASuiteThatIsNotThereIsUnreachable) {
  const PortBlock nobody;
  const auto elsewhere =
      RunProgram({(ProgramFolder() / "quartet").string(), "--base-port", std::to_string(nobody.base()), "lead", "list"},
                 suite_->folder());
  EXPECT_EQ(elsewhere.exit_code, 3);
  EXPECT_THAT(elsewhere.err, HasSubstr(std::to_string(nobody.base())));
  EXPECT_THAT(elsewhere.out, IsEmpty());
}

}  // namespace
}  // namespace quartet::test
