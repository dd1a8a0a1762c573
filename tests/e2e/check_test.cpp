// `quartet check` over both stores: it finds and names what is put into the databases,
// and nothing else; also while conversions run and processes die.
#include <atomic>
#include <future>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/config/ports.h"
#include "common/resource/resource_name.h"
#include "tests/e2e/damage.h"
#include "tests/e2e/lead_making.h"
#include "tests/support/eventually.h"
#include "tests/support/suite/clients.h"
#include "tests/support/suite/process.h"
#include "tests/support/suite/records.h"

#include "quartet/qualification/v1/row.pb.h"

namespace quartet::test {
namespace {

using nlohmann::json;
using qualification::v1::Qualification;
using qualification::v1::StoredQualification;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::UnorderedElementsAreArray;

// Kind, service and name of a finding.
using Found = std::tuple<std::string, std::string, std::string>;

struct CheckResult {
  int exit_code = -1;
  json findings;
  std::string err;

  std::vector<Found> All() const {
    std::vector<Found> found;
    for (const auto& one : findings) found.emplace_back(one.at("finding"), one.at("service"), one.at("name"));
    return found;
  }
  std::string RepairOf(const Found& wanted) const {
    for (const auto& one : findings) {
      if (Found(one.at("finding"), one.at("service"), one.at("name")) == wanted) return one.at("repair");
    }
    return "not found";
  }
};

constexpr const char* kAll[] = {"lead", "contact", "account", "opportunity", "qualification"};

class CheckTest : public ::testing::TestWithParam<std::string> {
 protected:
  CheckTest() {
    suite_ = GetParam() == "Postgres" ? std::make_unique<Suite>(Suite::OnPostgres{}) : std::make_unique<Suite>();
    clients_ = std::make_unique<SuiteClients>(*suite_);
  }

  CheckResult Check(std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"check", "--output", "json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = suite_->Quartet(arguments);
    return {.exit_code = result.exit_code, .findings = json::parse(result.out, nullptr, false), .err = result.err};
  }

  std::vector<Qualification> Convert(int first, int count) {
    std::vector<Qualification> done;
    for (const std::string& lead : CreateLeads(*clients_, first, count)) {
      auto qualified = Qualify(*clients_, lead, NewRequestId());
      EXPECT_TRUE(qualified.ok()) << ToString(qualified.error());
      if (qualified.ok()) done.push_back(*std::move(qualified));
    }
    return done;
  }

  // Until all that was decided has been carried out and acknowledged.
  void AwaitQuiet() const {
    EXPECT_TRUE(Eventually([&] { return suite_->CountUnsettled() == 0; }));
  }

  void Stop(const std::vector<std::string>& services) const {
    for (const std::string& service : services) suite_->Kill(service);
  }
  void Start(const std::vector<std::string>& services) const {
    for (const std::string& service : services) suite_->Restart(service);
  }
  // Does something to the databases while nothing runs.
  void WhileStopped(const std::function<void(const Damage&)>& damage) {
    const std::vector<std::string> all(std::begin(kAll), std::end(kAll));
    Stop(all);
    damage(Damage(*suite_));
    Start(all);
  }

  std::unique_ptr<Suite> suite_;
  std::unique_ptr<SuiteClients> clients_;
};

TEST_P(CheckTest, ASuiteThatIsWellHasNoFindings) {
  Convert(0, 5);
  AwaitQuiet();
  const auto checked = Check({"--grace", "0"});
  EXPECT_EQ(checked.exit_code, 0) << checked.findings;
  EXPECT_THAT(checked.All(), IsEmpty());
  EXPECT_THAT(checked.err,
              AllOf(HasSubstr("5 qualifications, 20 records and 20 participations"), HasSubstr("nothing is wrong")));
}

TEST_P(CheckTest, WhatIsInFlightIsNoFindingThoughProcessesDie) {
  constexpr int kLeads = 400;
  constexpr int kPeople = 150;  // so that conversions attach to what others opened
  std::vector<std::string> leads;
  for (int i = 0; i < kLeads; ++i) leads.push_back(CreateLead(*clients_, MakeLead(i % kPeople)));
  std::atomic<int> done = 0;
  std::atomic<bool> over = false;
  std::vector<CheckResult> checks;
  std::jthread callers([&] {
    RunOnThreads(8, kLeads, [&](int i) {
      const auto answer = QualifyPatiently(*clients_, leads[static_cast<std::size_t>(i)], NewRequestId());
      EXPECT_TRUE(answer.ok()) << ToString(answer.error());
      ++done;
      if (!answer.ok() || i % 3 != 0) return;
      // Refused where another has attached meanwhile.
      qualification::v1::RevertQualificationRequest revert;
      revert.set_name(answer->name());
      revert.set_request_id(NewRequestId());
      (void)Call(*clients_->qualifications, &qualification::v1::QualificationService::Stub::RevertQualification,
                 revert);
    });
    over = true;
  });
  // A thread that has started a program must outlive it.
  auto checking = std::async(std::launch::async, [&] {
    do checks.push_back(Check());
    while (!over);
  });
  int strikes = 0;
  for (const char* victim : kAll) {
    ++strikes;
    EXPECT_TRUE(Eventually([&] { return done >= strikes * kLeads / 7; }, std::chrono::seconds(60)));
    suite_->Kill(victim);
    suite_->Restart(victim);
  }
  callers.join();
  checking.get();
  for (const CheckResult& checked : checks) {
    EXPECT_EQ(checked.exit_code, 0) << checked.err;
    EXPECT_EQ(checked.findings, json::array()) << checked.findings.dump(1);
  }
  AwaitQuiet();
  EXPECT_EQ(Check({"--grace", "0"}).findings, json::array());
}

TEST_P(CheckTest, EachKindOfDamageIsFoundAndNamed) {
  const auto done = Convert(0, 17);
  ASSERT_EQ(done.size(), 17U);
  const auto row = [&](std::size_t i) { return done[i].name(); };
  const auto lead = [&](std::size_t i) { return done[i].lead(); };
  const auto contact = [&](std::size_t i) { return done[i].contact().name(); };
  const auto account = [&](std::size_t i) { return done[i].account().name(); };
  const auto opportunity = [&](std::size_t i) { return done[i].opportunities(0).name(); };
  const std::string nobody = "01890000-0000-7000-8000-000000000000";
  AwaitQuiet();

  std::vector<Found> expected;
  std::size_t i = 0;
  WhileStopped([&](const Damage& damage) {
    const auto set = [&](const std::string& service, const std::string& table, const std::string& values,
                         const std::string& key, const std::string& name) {
      damage.Run(service, "UPDATE " + table + " SET " + values + Damage::Where(key, name));
    };
    // Records.
    set("lead", "lead", "body = " + damage.Literal("\xff\xff"), "id", lead(i));
    expected.push_back({"UNREADABLE", "lead", lead(i)});
    ++i;
    damage.Run("contact", "DELETE FROM identity" + Damage::Where("record_id", contact(i)));
    damage.Run("contact", "DELETE FROM contact" + Damage::Where("id", contact(i)));
    expected.push_back({"RECORD_MISSING", "contact", contact(i)});
    expected.push_back({"DANGLING_REFERENCE", "opportunity", opportunity(i)});
    ++i;
    set("opportunity", "opportunity", "stage = 'NONE'", "id", opportunity(i));
    expected.push_back({"COLUMNS_DIFFER", "opportunity", opportunity(i)});
    ++i;
    damage.Edit<lead::v1::Lead>(
        "lead", "lead", lead(i),
        [](auto& message) {
          message.set_state(lead::v1::Lead::STATE_OPEN);
          message.clear_qualification();
        },
        ", state = 1");
    expected.push_back({"LEAD_NOT_QUALIFIED", "lead", lead(i)});
    expected.push_back({"REFERENCES_LEFT", "lead", lead(i)});
    ++i;
    damage.Edit<lead::v1::Lead>("lead", "lead", lead(i), [&](auto& message) { message.set_contact(contact(0)); });
    expected.push_back({"REFERENCES_DIFFER", "lead", lead(i)});
    ++i;
    damage.Edit<account::v1::Account>("account", "account", account(i),
                                      [&](auto& message) { message.set_lead(lead(0)); });
    expected.push_back({"NOT_NAMED_BACK", "account", account(i)});
    ++i;
    damage.Edit<account::v1::Account>(
        "account", "account", account(i), [](auto& message) { message.mutable_delete_time()->set_seconds(1); },
        ", delete_time = 1000000");
    damage.Run("account", "DELETE FROM identity" + Damage::Where("record_id", account(i)));
    expected.push_back({"DELETED_REFERENCE", "contact", contact(i)});
    expected.push_back({"DELETED_REFERENCE", "opportunity", opportunity(i)});
    // Identities.
    ++i;
    damage.Run("contact", "DELETE FROM identity" + Damage::Where("record_id", contact(i)) + " AND kind = 1");
    expected.push_back({"IDENTITY_MISSING", "contact", contact(i)});
    ++i;
    damage.Run("account", fmt::format("INSERT INTO identity (value, kind, record_id, former, first) VALUES "
                                      "('stray.example', 3, '{}', 0, 1), ('strayer.example', 3, '{}', 0, 1)",
                                      resource::IdOf(account(i)), nobody));
    expected.push_back({"IDENTITY_STRAY", "account", account(i)});
    expected.push_back({"IDENTITY_STRAY", "account", "accounts/" + nobody});
    // Intents and participations.
    ++i;
    damage.Run("contact", fmt::format("INSERT INTO intent (record_id, qualification_id, attempt, kind, age, proposal, "
                                      "reserved, write_time) VALUES ('{}', '{}', 0, 3, 0, {}, '', 0)",
                                      resource::IdOf(contact(i)), resource::IdOf(row(i)), damage.Literal("")));
    expected.push_back({"INTENT_NOT_HELD", "contact", contact(i)});
    ++i;
    set("account", "participation", fmt::format("state = 1, records = '{}\n'", resource::IdOf(account(i))),
        "qualification_id", row(i));
    expected.push_back({"HELD_WITHOUT_INTENT", "account", row(i)});
    expected.push_back({"ACKNOWLEDGED_BUT_HELD", "account", row(i)});
    ++i;
    set("contact", "participation", "state = 0, attempt = -1, void_through = 5", "qualification_id", row(i));
    expected.push_back({"COMMITTED_BUT_VOID", "contact", row(i)});
    ++i;
    set("contact", "participation", "attempt = 7", "qualification_id", row(i));
    expected.push_back({"OTHER_ATTEMPT_FINAL", "contact", row(i)});
    ++i;
    set("opportunity", "participation", "reply = " + damage.Literal("\xff\xff"), "qualification_id", row(i));
    expected.push_back({"UNREADABLE", "opportunity", row(i)});
    // Decisions.
    ++i;
    set("qualification", "qualification", "body = " + damage.Literal("\xff\xff"), "id", row(i));
    expected.push_back({"UNREADABLE", "qualification", row(i)});
    ++i;
    damage.Edit<StoredQualification>(
        "qualification", "qualification", row(i),
        [](auto& stored) { stored.mutable_qualification()->set_state(Qualification::ABORTED); }, ", state = 5");
    for (const auto& [service, name] : {std::pair("lead", lead(i)), std::pair("contact", contact(i)),
                                        std::pair("account", account(i)), std::pair("opportunity", opportunity(i))}) {
      expected.push_back({"ABORTED_BUT_FINAL", service, row(i)});
      expected.push_back({"UNDECIDED_BUT_FINAL", service, name});
    }
    ++i;
    damage.Run("qualification", "DELETE FROM qualification" + Damage::Where("id", row(i)));
    for (const auto& [service, name] : {std::pair("lead", lead(i)), std::pair("contact", contact(i)),
                                        std::pair("account", account(i)), std::pair("opportunity", opportunity(i))}) {
      expected.push_back({"QUALIFICATION_UNKNOWN", service, row(i)});
      expected.push_back({"QUALIFICATION_UNKNOWN", service, name});
    }
  });
  const auto checked = Check();
  EXPECT_EQ(checked.exit_code, 1);
  EXPECT_THAT(checked.All(), UnorderedElementsAreArray(expected)) << checked.findings.dump(1);
  for (const auto& one : checked.findings) EXPECT_FALSE(one.at("remedy").get<std::string>().empty());

  const auto of_contact = Check({"--service", "contact"});
  for (const auto& one : of_contact.findings) EXPECT_EQ(one.at("service"), "contact") << one;
  EXPECT_EQ(of_contact.exit_code, 1);
  const auto table = suite_->Quartet({"check"});
  EXPECT_THAT(table.out, AllOf(HasSubstr("COMMITTED_BUT_VOID"), HasSubstr(row(11)), HasSubstr("What to do:")));
}

TEST_P(CheckTest, WhatARevertShouldHaveTakenIsFound) {
  const auto done = Convert(0, 1);
  ASSERT_EQ(done.size(), 1U);
  const std::string contact = done[0].contact().name();
  AwaitQuiet();
  WhileStopped([&](const Damage& damage) {
    damage.Run("contact", "CREATE TABLE saved AS SELECT * FROM contact" + Damage::Where("id", contact));
  });
  qualification::v1::RevertQualificationRequest revert;
  revert.set_name(done[0].name());
  const auto reverted =
      Call(*clients_->qualifications, &qualification::v1::QualificationService::Stub::RevertQualification, revert);
  ASSERT_TRUE(reverted.ok()) << ToString(reverted.error());
  AwaitQuiet();
  EXPECT_EQ(Check({"--grace", "0"}).findings, json::array());
  WhileStopped([&](const Damage& damage) { damage.Run("contact", "INSERT INTO contact SELECT * FROM saved"); });
  EXPECT_THAT(Check().All(), IsSupersetOf({Found("REVERTED_BUT_THERE", "contact", contact),
                                           Found("IDENTITY_MISSING", "contact", contact),
                                           Found("DANGLING_REFERENCE", "contact", contact)}));
}

TEST_P(CheckTest, RepairCarriesOutDecisionsAndRefusesAllElse) {
  const auto done = Convert(0, 4);
  ASSERT_EQ(done.size(), 4U);
  const Found held = {"ACKNOWLEDGED_BUT_HELD", "opportunity", done[0].name()};
  const Found unacknowledged = {"NOT_ACKNOWLEDGED", "contact", done[1].name()};
  const Found is_void = {"COMMITTED_BUT_VOID", "contact", done[2].name()};
  const Found missing = {"RECORD_MISSING", "opportunity", done[3].opportunities(0).name()};
  AwaitQuiet();
  WhileStopped([&](const Damage& damage) {
    damage.Run("opportunity", "UPDATE participation SET state = 1" + Damage::Where("qualification_id", done[0].name()));
    // No message of its own will ever tell the orchestrator.
    damage.Edit<StoredQualification>("qualification", "qualification", done[1].name(), [](auto& stored) {
      const auto all = stored.acknowledged();
      stored.clear_acknowledged();
      for (const int participant : all) {
        if (participant != qualification::v1::CONTACT)
          stored.add_acknowledged(static_cast<qualification::v1::Participant>(participant));
      }
    });
    damage.Run("contact", "UPDATE participation SET state = 0, attempt = -1, void_through = 5" +
                              Damage::Where("qualification_id", done[2].name()));
    damage.Run("opportunity", "DELETE FROM opportunity" + Damage::Where("id", done[3].opportunities(0).name()));
  });
  EXPECT_THAT(Check({"--grace", "0"}).All(), UnorderedElementsAreArray({held, unacknowledged, is_void, missing}));
  // A decision may take its time.
  EXPECT_THAT(Check().All(), UnorderedElementsAreArray({held, is_void, missing}));

  const auto repaired = Check({"--grace", "0", "--repair"});
  EXPECT_EQ(repaired.exit_code, 1);
  EXPECT_EQ(repaired.RepairOf(held), "REPAIRED");
  EXPECT_EQ(repaired.RepairOf(unacknowledged), "REPAIRED");
  EXPECT_EQ(repaired.RepairOf(is_void), "REFUSED");
  EXPECT_EQ(repaired.RepairOf(missing), "REFUSED");
  for (const auto& one : repaired.findings) {
    EXPECT_EQ(one.at("refusal").get<std::string>().empty(), one.at("repair") == "REPAIRED") << one;
  }
  EXPECT_THAT(Check({"--grace", "0"}).All(), UnorderedElementsAreArray({is_void, missing}));
}

TEST_P(CheckTest, StatusShowsThatADecisionMetAVoidedAttempt) {
  const auto done = Convert(0, 1);
  ASSERT_EQ(done.size(), 1U);
  AwaitQuiet();
  const auto status = [&] { return suite_->Quartet({"status", "--output", "json"}); };
  const auto before = status();
  EXPECT_EQ(before.exit_code, 0) << before.out;
  for (const auto& one : json::parse(before.out)) EXPECT_EQ(one.at("contradictions"), 0) << one;
  WhileStopped([&](const Damage& damage) {
    damage.Run("contact", "UPDATE participation SET state = 0, attempt = -1, void_through = 5" +
                              Damage::Where("qualification_id", done[0].name()));
    damage.Edit<StoredQualification>(
        "qualification", "qualification", done[0].name(), [](auto& stored) { stored.clear_acknowledged(); },
        ", redrive_time = 1");
  });
  EXPECT_TRUE(Eventually([&] { return status().exit_code == 1; }));
  const auto after = status();
  for (const auto& one : json::parse(after.out)) {
    EXPECT_EQ(one.at("state"), "SERVING") << one;
    EXPECT_EQ(one.at("contradictions") > 0, one.at("name") == "contact") << one;
    EXPECT_EQ(one.at("detail").get<std::string>().empty(), one.at("name") != "contact") << one;
  }
  EXPECT_THAT(suite_->Quartet({"status"}).out, HasSubstr("CONTRADICTIONS"));
  EXPECT_EQ(suite_->QueryNumber("qualification", "SELECT count(*) FROM qualification WHERE redrive_time > 0"), 1)
      << "it is not acknowledged";
  EXPECT_THAT(Check().All(), UnorderedElementsAreArray({Found("COMMITTED_BUT_VOID", "contact", done[0].name())}));
}

INSTANTIATE_TEST_SUITE_P(Every, CheckTest, ::testing::Values("Sqlite", "Postgres"),
                         [](const auto& tested) { return tested.param; });

// One service's database is put back to an older moment.
class RestoreTest : public ::testing::TestWithParam<std::tuple<std::string, std::string>> {
 protected:
  RestoreTest() {
    suite_ = std::get<0>(GetParam()) == "Postgres" ? std::make_unique<Suite>(Suite::OnPostgres{})
                                                   : std::make_unique<Suite>();
    clients_ = std::make_unique<SuiteClients>(*suite_);
  }

  std::set<std::string> Convert(const std::vector<std::string>& leads, std::size_t first, std::size_t count) {
    std::set<std::string> names;
    for (std::size_t i = first; i < first + count; ++i) {
      const auto qualified = QualifyPatiently(*clients_, leads[i], NewRequestId());
      EXPECT_TRUE(qualified.ok()) << ToString(qualified.error());
      if (qualified.ok()) names.insert(qualified->name());
    }
    EXPECT_TRUE(Eventually([&] { return suite_->CountUnsettled() == 0; }));
    return names;
  }

  std::unique_ptr<Suite> suite_;
  std::unique_ptr<SuiteClients> clients_;
};

TEST_P(RestoreTest, ToAnotherMomentIsToldInWords) {
  const std::string restored = std::get<1>(GetParam());
  const auto leads = CreateLeads(*clients_, 0, 15);
  Convert(leads, 0, 5);
  suite_->Kill(restored);
  suite_->Backup(restored);
  suite_->Restart(restored);
  const std::set<std::string> lost = Convert(leads, 5, 5);
  suite_->Kill(restored);
  suite_->RestoreBackup(restored);
  suite_->Restart(restored);
  // What comes afterwards is in order again.
  const std::set<std::string> later = Convert(leads, 10, 5);

  const auto result = suite_->Quartet({"check", "-o", "json"});
  EXPECT_EQ(result.exit_code, 1);
  std::set<std::string> named;
  std::vector<std::string> behind;
  for (const auto& one : json::parse(result.out)) {
    const std::string name = one.at("name");
    if (name.starts_with("qualifications/")) named.insert(name);
    if (one.at("finding") != "DATABASE_BEHIND") continue;
    behind.push_back(one.at("service"));
    EXPECT_THAT(one.at("what").get<std::string>(), HasSubstr("qualifications: 5, from "));
  }
  EXPECT_THAT(behind, ::testing::ElementsAre(restored)) << result.out;
  EXPECT_EQ(named, lost) << result.out;
}

INSTANTIATE_TEST_SUITE_P(Every, RestoreTest,
                         ::testing::Combine(::testing::Values("Sqlite", "Postgres"),
                                            ::testing::Values("lead", "contact", "opportunity", "qualification")),
                         [](const auto& tested) {
                           return std::get<0>(tested.param) + "_" + std::get<1>(tested.param);
                         });

}  // namespace
}  // namespace quartet::test
