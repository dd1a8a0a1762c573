// An etag names one content for ever, whatever qualifications attach meanwhile,
// and a reader is shown what the finalising transaction then writes (ADR 0018).
#include <random>

#include <gmock/gmock.h>

#include "services/opportunity/migrations.h"
#include "services/opportunity/opportunity_participant.h"
#include "services/opportunity/opportunity_rules.h"
#include "tests/integration/commit/participant_fixture.h"

namespace quartet::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class EtagTest : public ParticipantTest {};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(EtagTest);

TEST_P(EtagTest, AnAcknowledgedWriteIsNotLostToAReaderOfACommittedAttach) {
  const std::string account = CreateAccount();
  const std::string read_before = Require(accounts_.Get(account))->etag();
  decisions_.SetUndecided(1);
  accounts_.Handle({PrepareAccount(1, TestLead(1))});
  decisions_.Commit(1);
  // Another replica's reader, which carries nothing out.
  const std::string read_after = Require(accounts_.Peek(account))->etag();

  const Status first = accounts_.ChangeAt(account, read_before, [](auto& a) { a.set_industry("first"); });
  const Status second = accounts_.ChangeAt(account, read_after, [](auto& a) { a.set_industry("second"); });

  EXPECT_FALSE(first.ok() && second.ok()) << "one of them knew nothing of the other";
  const auto stored = Require(accounts_.Get(account));
  if (first.ok()) {
    EXPECT_EQ(stored->industry(), "first");
  }
}

TEST_P(EtagTest, ARecordsTimeNeverGoesBack) {
  const std::string account = CreateAccount();
  decisions_.SetUndecided(1);
  accounts_.Handle({PrepareAccount(1, TestLead(1))});
  clock_.Advance(1'000'000'000);  // later than the decision
  Require(accounts_.Change(account, [](auto& a) { a.set_industry("steel"); }));
  const auto changed = Require(accounts_.Get(account));

  accounts_.Handle({Tell(decisions_.Commit(1))});

  const auto attached = Require(accounts_.Get(account));
  EXPECT_EQ(attached->etag(), "3");
  EXPECT_GE(attached->update_time().seconds(), changed->update_time().seconds());
}

TEST_P(EtagTest, ARepeatedCreateIsAnsweredWithWhatOthersHaveSeen) {
  const std::string contact = CreateContact("jane1@example.com");
  lead::v1::Lead lead = TestLead(1);
  lead.set_title("CTO");
  decisions_.SetUndecided(1);
  ASSERT_THAT(RecordOf(contacts_.Handle({PrepareContact(1, lead)}).at(0)).filled_fields(),
              ::testing::Contains("title"));
  decisions_.Commit(1);
  const auto seen = Require(contacts_.Peek(contact));
  ASSERT_EQ(seen->title(), "CTO");

  using Typed = methods::TypedRecord<contact::ContactTraits>;
  contact::v1::Contact again;
  again.add_emails()->set_address("jane1@example.com");
  auto record = Typed::Encode(again, resource::IdOf(contact), 1, 1, 1);
  const auto repeated =
      contacts_.store().Create(Typed::MutationOf(contact::v1::ContactEvent::CREATED, std::move(record), again));

  EXPECT_EQ(std::to_string(Require(repeated).version), seen->etag());
}

// Random histories: qualifications attach, fill, are decided either way and told of
// it or not, readers look, writers change by the etags that they have seen.
class EtagHistory : public EtagTest {
 protected:
  int Below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }

  template <class Node>
  void Look(Node& node, const std::string& name, bool carry_out) {
    const auto found = Require(carry_out ? node.Get(name) : node.Peek(name));
    ASSERT_TRUE(found.has_value());
    etags_[name] = found->etag();
    const auto [known, is_new] = contents_.try_emplace(name + "@" + found->etag(), found->SerializeAsString());
    ASSERT_EQ(known->second, found->SerializeAsString()) << name << " has two contents under one etag";
  }

  template <class Node>
  void Write(Node& node, const std::string& name) {
    const std::string marker = "m" + std::to_string(++markers_);
    const Status written = node.ChangeAt(name, etags_[name], [&](auto& record) { record.add_tags(marker); });
    if (written.ok()) acknowledged_[name].push_back(marker);
  }

  template <class Node>
  void ExpectAllMarkers(Node& node, const std::string& name) {
    const auto record = Require(node.Get(name));
    for (const std::string& marker : acknowledged_[name])
      EXPECT_THAT(record->tags(), ::testing::Contains(marker)) << name << " has lost an acknowledged write";
  }

  std::mt19937 random_;
  int markers_ = 0;
  std::map<std::string, std::string> etags_;
  std::map<std::string, std::string> contents_;
  std::map<std::string, std::vector<std::string>> acknowledged_;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(EtagHistory);

TEST_P(EtagHistory, EveryEtagHasOneContentAndNoAcknowledgedWriteIsLost) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    random_.seed(seed);
    contents_.clear();
    acknowledged_.clear();
    const std::string account = CreateAccount("Company " + std::to_string(seed));
    const std::string email = "jane" + std::to_string(seed) + "@example.org";
    const std::string contact = CreateContact(email);
    Look(accounts_, account, true);
    Look(contacts_, contact, true);
    int number = static_cast<int>(seed) * 1'000;
    std::vector<int> undecided;
    std::vector<Decision> untold;
    for (int step = 0; step < 150; ++step) {
      switch (Below(6)) {
        case 0: {
          lead::v1::Lead lead = TestLead(++number, "Company " + std::to_string(seed));
          lead.clear_emails();
          lead.add_emails()->set_address(email);
          if (Below(3) == 0) lead.set_title("Title " + std::to_string(number));
          if (Below(3) == 0) lead.set_website("https://company" + std::to_string(seed) + ".example");
          decisions_.SetUndecided(number);
          accounts_.TryHandle({PrepareAccount(number, lead)});
          contacts_.TryHandle({PrepareContact(number, lead)});
          undecided.push_back(number);
          break;
        }
        case 1:
          if (!undecided.empty()) {
            const auto chosen = undecided.begin() + Below(static_cast<int>(undecided.size()));
            qualification::v1::Names names;
            names.set_account(account);
            names.set_contact(contact);
            clock_.Advance(1'000'000);
            untold.push_back(Below(3) == 0 ? decisions_.Abort(*chosen) : decisions_.Commit(*chosen, 0, names));
            undecided.erase(chosen);
          }
          break;
        case 2:
          if (!untold.empty()) {
            const auto chosen = untold.begin() + Below(static_cast<int>(untold.size()));
            // Where nothing was prepared nobody is told.
            if (chosen->outcome() == Decision::ABORTED || Below(2) == 0) {
              for (const auto& entry : accounts_.Intents()) {
                if (entry.intent.qualification_id == resource::IdOf(chosen->qualification()))
                  accounts_.TryHandle({Tell(*chosen)});
              }
            }
            untold.erase(chosen);
          }
          break;
        case 3:
          Look(accounts_, account, Below(3) == 0);
          Look(contacts_, contact, Below(3) == 0);
          break;
        case 4:
          Write(accounts_, account);
          break;
        default:
          Write(contacts_, contact);
          break;
      }
      if (HasFatalFailure()) return;
    }
    for (const int open : undecided) decisions_.Abort(open);
    ExpectAllMarkers(accounts_, account);
    ExpectAllMarkers(contacts_, contact);
  }
}

// Over all resources: what lists, with whatever filter, show through an intent is
// what they show when it is final.
class OverlayProperty : public ParticipantTest {
 protected:
  OverlayProperty()
      : opportunity_kind_(traits_),
        opportunities_(GetParam(), clock_, ids_, opportunity_kind_, decisions_, opportunity::kMigrations) {}

  template <class Node>
  static std::vector<std::string> Shown(Node& node, const std::string& filter, bool final) {
    std::vector<std::string> shown;
    for (auto record : Require(final ? node.List(filter, 3) : node.PeekAll(filter, 3))) {
      // An attach takes its version, and the time of that, only when it is final.
      record.clear_etag();
      record.clear_update_time();
      shown.push_back(record.SerializeAsString());
    }
    return shown;
  }

  template <class Node>
  void ExpectTheSameWhenFinal(Node& node, const std::vector<std::string>& filters, const Decision& decision,
                              bool takes_part = true) {
    std::map<std::string, std::vector<std::string>> overlaid;
    for (const std::string& filter : filters) overlaid[filter] = Shown(node, filter, false);
    if (takes_part) node.Handle({Tell(decision)});
    for (const std::string& filter : filters)
      EXPECT_EQ(Shown(node, filter, true), overlaid[filter]) << decision.qualification() << " with " << filter;
  }

  const opportunity::OpportunityTraits traits_{.stages = Require(opportunity::ParsePipeline("QUALIFY=10,CLOSE=85"))};
  const opportunity::OpportunityKind opportunity_kind_;
  ParticipantNode<opportunity::OpportunityTraits> opportunities_;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(OverlayProperty);

TEST_P(OverlayProperty, WhatIsShownThroughAnIntentIsShownWhenItIsFinal) {
  std::mt19937 random(11);
  const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
  const auto text = [&](const char* what, int limit) { return what + std::to_string(below(limit)); };
  for (int number = 1; number <= 40; ++number) {
    lead::v1::Lead lead = TestLead(number, below(4) == 0 ? "" : text("Company ", 4));
    lead.clear_emails();
    if (below(3) != 0) lead.add_emails()->set_address(text("person", 6) + "@example.com");
    if (lead.emails().empty() || below(2) == 0) lead.add_phones()->set_number(text("+4989123450", 3));
    if (below(3) == 0) lead.set_website("https://" + text("company", 4) + ".example");
    if (below(2) == 0) lead.set_title(text("Title ", 3));
    if (below(2) == 0) lead.set_owner(text("owner", 2));
    lead.set_name(leads_.Create(lead));
    decisions_.SetUndecided(number);
    leads_.Handle({LockLead(number, lead.name())});
    qualification::v1::Names names;
    names.set_lead(lead.name());
    std::vector<Command> account;
    Options options;
    options.set_conflict_policy(Options::EMAIL_WINS);
    if (!lead.company().empty()) account.push_back(PrepareAccount(number, lead, 0, options));
    const bool has_account = !account.empty();
    const auto accounts = has_account ? accounts_.Handle(account) : std::vector<Reply>();
    const auto contacts = contacts_.Handle({PrepareContact(number, lead, 0, options)});
    const auto opportunities = opportunities_.Handle({PrepareOpportunities(number, lead)});
    const bool ready = (!has_account || accounts.back().has_prepared()) && contacts.back().has_prepared() &&
                       opportunities.back().has_prepared();
    Decision decision;
    if (!ready || below(4) == 0) {
      decision = decisions_.Abort(number);
    } else {
      if (has_account) names.set_account(RecordOf(accounts.back()).name());
      names.set_contact(RecordOf(contacts.back()).name());
      names.add_opportunities(RecordOf(opportunities.back()).name());
      decision = decisions_.Commit(number, 0, names);
    }
    const std::string phone = "phone = \"" + text("+4989123450", 3) + "\"";
    const std::string email = "email = \"" + text("person", 6) + "@example.com\"";
    const std::string owner = "owner = \"" + text("owner", 2) + "\"";
    ExpectTheSameWhenFinal(
        leads_, {"", "state = OPEN", "state = QUALIFIED", phone, email, "state = QUALIFIED AND " + owner}, decision);
    ExpectTheSameWhenFinal(accounts_,
                           {"", "company = \"" + text("Company ", 4) + "\"",
                            "domain = \"" + text("company", 4) + ".example\"", owner, "owner != \"owner0\""},
                           decision, has_account);
    ExpectTheSameWhenFinal(
        contacts_, {"", phone, email, owner, "account = \"" + names.account() + "\"", "account = \"\""}, decision);
    ExpectTheSameWhenFinal(opportunities_, {"", "state = OPEN", owner, "contact = \"" + names.contact() + "\""},
                           decision);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace quartet::test
