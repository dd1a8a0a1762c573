// A revert gives back all that its qualification did: after it every record is as
// it was before, but for versions and times (rule 17, ADR 0019).
#include <random>

#include <gmock/gmock.h>

#include "services/opportunity/migrations.h"
#include "services/opportunity/opportunity_participant.h"
#include "services/opportunity/opportunity_rules.h"
#include "tests/integration/commit/participant_fixture.h"

namespace quartet::test {
namespace {

using identity::Kind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// A contact that exists already, without an account; qualification 1 of a lead with
// its e-mail address opens the account and attaches to the contact.
class RevertOfAttach : public ParticipantTest {
 protected:
  RevertOfAttach() {
    contact_ = CreateContact("jane1@example.com");
    lead_ = TestLead(1);
    lead_.set_title("CTO");
    lead_.add_phones()->set_number("+4989123456");
    decisions_.SetUndecided(1);
    account_ = RecordOf(accounts_.Handle({PrepareAccount(1, lead_)}).at(0)).name();
    filled_ = RecordOf(contacts_.Handle({PrepareContact(1, lead_)}).at(0));
    names_.set_account(account_);
    names_.set_contact(contact_);
    commit_ = Tell(decisions_.Commit(1, 0, names_));
    decisions_.SetUndecided(2);
  }

  // Qualification 2 takes 1 back.
  Reply Revert() {
    accounts_.Handle({commit_});
    contacts_.Handle({commit_});
    accounts_.Handle({PrepareRevert(2, 1, 0, {account_})});
    return contacts_.Handle({PrepareRevert(2, 1, 0, {account_})}).back();
  }
  void CommitRevert() {
    const Command told = Tell(decisions_.Commit(2));
    accounts_.Handle({told});
    contacts_.Handle({told});
  }

  lead::v1::Lead lead_;
  std::string contact_;
  std::string account_;
  Outcome filled_;
  qualification::v1::Names names_;
  Command commit_;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(RevertOfAttach);

TEST_P(RevertOfAttach, WhatWasFilledIsEmptyAgainAndNamesNothingThatIsGone) {
  ASSERT_THAT(filled_.filled_fields(), ::testing::IsSupersetOf({"account", "title", "phones"}));
  ASSERT_TRUE(Revert().has_prepared());
  ASSERT_EQ(Require(contacts_.Get(contact_))->account(), account_) << "not before it is decided";

  CommitRevert();

  EXPECT_FALSE(Require(accounts_.Get(account_)).has_value());
  const auto contact = Require(contacts_.Get(contact_));
  EXPECT_EQ(contact->account(), "");
  EXPECT_EQ(contact->title(), "");
  EXPECT_THAT(contact->phones(), IsEmpty());
  EXPECT_EQ(contacts_.Owner({Kind::kPhone, "+4989123456"}), "") << "nor does what it was given lead there";
  EXPECT_EQ(contacts_.Owner({Kind::kEmail, "jane1@example.com"}), resource::IdOf(contact_));
}

TEST_P(RevertOfAttach, ItsReadersSeeAllOfItAtTheDecision) {
  ASSERT_TRUE(Revert().has_prepared());

  decisions_.Commit(2);

  EXPECT_FALSE(Require(accounts_.Peek(account_)).has_value());
  EXPECT_EQ(Require(contacts_.Peek(contact_))->account(), "");
}

TEST_P(RevertOfAttach, TheLeadCanBeQualifiedAgain) {
  ASSERT_TRUE(Revert().has_prepared());
  CommitRevert();
  decisions_.SetUndecided(3);

  const Reply account = accounts_.Handle({PrepareAccount(3, lead_)}).back();
  const Reply contact = contacts_.Handle({PrepareContact(3, lead_)}).back();

  EXPECT_EQ(RecordOf(account).kind(), Outcome::OPENED);
  EXPECT_EQ(RecordOf(contact).name(), contact_);
  EXPECT_EQ(contact.prepared().contact_account(), "");
}

TEST_P(RevertOfAttach, WhatSomebodyHasChangedSinceStays) {
  accounts_.Handle({commit_});
  contacts_.Handle({commit_});
  Require(contacts_.Change(contact_, [](contact::v1::Contact& c) { c.set_title("CEO"); }));
  ASSERT_TRUE(Revert().has_prepared());

  CommitRevert();

  const auto contact = Require(contacts_.Get(contact_));
  EXPECT_EQ(contact->title(), "CEO");
  EXPECT_EQ(contact->account(), "");
}

TEST_P(RevertOfAttach, IsExclusive) {
  ASSERT_TRUE(Revert().has_prepared());
  decisions_.SetUndecided(3);

  const Status changed = contacts_.Change(contact_, [](contact::v1::Contact& c) { c.set_notes("late"); });
  const Reply attach = contacts_.Handle({PrepareContact(3, lead_)}).back();

  EXPECT_EQ(changed.error().reason, "RECORD_IN_QUALIFICATION");
  EXPECT_TRUE(attach.has_busy());
}

TEST_P(RevertOfAttach, ThatIsGivenUpChangesNothing) {
  ASSERT_TRUE(Revert().has_prepared());

  contacts_.Handle({Tell(decisions_.Abort(2))});

  const auto contact = Require(contacts_.Get(contact_));
  EXPECT_EQ(contact->account(), account_);
  EXPECT_EQ(contact->title(), "CTO");
  EXPECT_EQ(contacts_.Owner({Kind::kPhone, "+4989123456"}), resource::IdOf(contact_));
}

TEST_P(RevertOfAttach, IsRefusedWhileAnotherRecordNamesWhatWouldBeGone) {
  accounts_.Handle({commit_});
  contacts_.Handle({commit_});
  const std::string other = CreateContact("john@example.com");
  Require(contacts_.Change(other, [&](contact::v1::Contact& c) { c.set_account(account_); }));

  const Reply refused = Revert();

  ASSERT_EQ(ReasonOf(refused), "RECORD_IN_USE");
  EXPECT_EQ(rpc::FromRpcStatus(refused.refused().status()).metadata.at("used_by"), other);
  Require(contacts_.Delete(other));
  EXPECT_TRUE(contacts_.Handle({PrepareRevert(2, 1, 0, {account_})}).back().has_prepared())
      << "a deleted record counts as none";
}

TEST_P(RevertOfAttach, ItsPreviewTellsWhatWouldBeTakenBack) {
  accounts_.Handle({commit_});
  contacts_.Handle({commit_});

  const auto account = Require(accounts_.participant().Preview(PrepareRevert(2, 1, 0, {account_}).prepare()));
  const auto contact = Require(contacts_.participant().Preview(PrepareRevert(2, 1, 0, {account_}).prepare()));

  ASSERT_THAT(account.records(), SizeIs(1));
  EXPECT_EQ(account.records(0).outcome().kind(), Outcome::REMOVED);
  EXPECT_EQ(account.records(0).outcome().name(), account_);
  ASSERT_THAT(contact.records(), SizeIs(1));
  EXPECT_EQ(contact.records(0).outcome().kind(), Outcome::RESTORED);
  EXPECT_THAT(contact.records(0).outcome().cleared_fields(),
              UnorderedElementsAre("person", "phones", "title", "account"));
  EXPECT_THAT(contacts_.Intents(), IsEmpty());
}

TEST_P(RevertOfAttach, ADeletedRecordIsGivenBackToo) {
  accounts_.Handle({commit_});
  contacts_.Handle({commit_});
  Require(contacts_.Delete(contact_));
  ASSERT_TRUE(Revert().has_prepared());

  CommitRevert();

  const auto contact = Require(contacts_.Get(contact_));
  EXPECT_TRUE(contact->has_delete_time());
  EXPECT_EQ(contact->account(), "");
}

TEST_P(RevertOfAttach, NothingOfTheLeadIsKeptOnceItIsOver) {
  const std::string lead = leads_.Create(lead_);
  leads_.Handle({LockLead(1, lead)});
  leads_.Handle({commit_});
  contacts_.Handle({commit_});
  for (storage::Database* database : {&leads_.database(), &contacts_.database()}) {
    std::string kept;
    Require(database->Read([&](storage::Transaction& transaction) {
      return transaction.Query("SELECT reply, undo, records FROM participation", {}, [&](const storage::Row& row) {
        for (int column = 0; column < 3; ++column) kept += row.String(column);
      });
    }));
    EXPECT_FALSE(kept.empty());
    for (const char* personal : {"jane1@example.com", "Doe", "CTO", "+4989123456"})
      EXPECT_THAT(kept, ::testing::Not(::testing::HasSubstr(personal)));
  }
}

// Random leads over records that are there already: qualified and reverted they leave
// everything as it was.
class RevertProperty : public ParticipantTest {
 protected:
  RevertProperty()
      : opportunity_kind_(traits_),
        opportunities_(GetParam(), clock_, ids_, opportunity_kind_, decisions_, opportunity::kMigrations) {}

  int Below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }

  template <class Node>
  static void Dump(Node& node, std::string& out) {
    for (auto record : Require(node.List())) {
      record.clear_etag();
      record.clear_update_time();
      out += record.SerializeAsString();
    }
    Require(node.database().Read([&](storage::Transaction& transaction) {
      return transaction.Query("SELECT value, kind, record_id, former FROM identity ORDER BY value, kind, record_id",
                               {}, [&](const storage::Row& row) {
                                 out += "\n" + row.String(0) + " " + row.String(1) + " " + row.String(2) + " " +
                                        row.String(3);
                               });
    }));
  }
  std::string Everything() {
    std::string all;
    Dump(leads_, all);
    Dump(accounts_, all);
    Dump(contacts_, all);
    Dump(opportunities_, all);
    return all;
  }

  // Qualifies the lead as `number`; whether that succeeded. `gone`: what it opened.
  bool Qualify(int number, const lead::v1::Lead& lead, std::vector<std::string>& gone) {
    decisions_.SetUndecided(number);
    Options options;
    options.set_conflict_policy(Options::EMAIL_WINS);
    qualification::v1::Names names;
    names.set_lead(lead.name());
    const auto note = [&](const Reply& reply) {
      if (!reply.has_prepared()) return std::string();
      const Outcome& record = RecordOf(reply);
      if (record.kind() == Outcome::OPENED) gone.push_back(record.name());
      return record.name();
    };
    bool ready = leads_.Handle({LockLead(number, lead.name())}).back().has_prepared();
    if (!lead.company().empty()) {
      names.set_account(note(accounts_.Handle({PrepareAccount(number, lead, 0, options)}).back()));
      ready = ready && !names.account().empty();
    }
    const Reply contact = contacts_.Handle({PrepareContact(number, lead, 0, options)}).back();
    names.set_contact(note(contact));
    const std::string belongs_to = contact.prepared().contact_account();
    ready = ready && !names.contact().empty() &&
            (belongs_to.empty() || names.account().empty() || belongs_to == names.account());
    names.add_opportunities(note(opportunities_.Handle({PrepareOpportunities(number, lead, 0, options)}).back()));
    TellAll(ready ? decisions_.Commit(number, 0, names) : decisions_.Abort(number), lead);
    return ready;
  }

  bool Revert(int number, int reverted, const std::vector<std::string>& gone, const lead::v1::Lead& lead) {
    decisions_.SetUndecided(number);
    const Command prepare = PrepareRevert(number, reverted, 0, gone);
    bool ready = leads_.Handle({prepare}).back().has_prepared();
    if (!lead.company().empty()) ready = accounts_.Handle({prepare}).back().has_prepared() && ready;
    ready = contacts_.Handle({prepare}).back().has_prepared() && ready;
    ready = opportunities_.Handle({prepare}).back().has_prepared() && ready;
    TellAll(ready ? decisions_.Commit(number) : decisions_.Abort(number), lead);
    return ready;
  }

  void TellAll(const Decision& decision, const lead::v1::Lead& lead) {
    leads_.Handle({Tell(decision)});
    if (!lead.company().empty()) accounts_.Handle({Tell(decision)});
    contacts_.Handle({Tell(decision)});
    opportunities_.Handle({Tell(decision)});
  }

  std::mt19937 random_{5};
  const opportunity::OpportunityTraits traits_{.stages = Require(opportunity::ParsePipeline("QUALIFY=10,CLOSE=85"))};
  const opportunity::OpportunityKind opportunity_kind_;
  ParticipantNode<opportunity::OpportunityTraits> opportunities_;
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(RevertProperty);

TEST_P(RevertProperty, LeavesEverythingAsItWasAndTheLeadCanBeQualifiedAgain) {
  const auto text = [&](const char* what, int limit) { return what + std::to_string(Below(limit)); };
  int number = 0;
  int reverted = 0;
  for (int round = 0; round < 30; ++round) {
    lead::v1::Lead lead = TestLead(round + 1, Below(4) == 0 ? "" : text("Company ", 3));
    lead.clear_emails();
    if (Below(3) != 0) lead.add_emails()->set_address(text("person", 5) + "@example.com");
    if (lead.emails().empty() || Below(2) == 0) lead.add_phones()->set_number(text("+4989123450", 3));
    if (Below(3) == 0) lead.set_website("https://" + text("company", 3) + ".example");
    if (Below(2) == 0) lead.set_title(text("Title ", 3));
    if (Below(2) == 0) lead.set_owner(text("owner", 2));
    if (Below(2) == 0) lead.add_tags(text("tag", 2));
    if (Below(2) == 0) (*lead.mutable_custom_attributes())["colour"] = text("c", 3);
    if (Below(2) == 0) lead.mutable_address()->set_region_code("DE");
    const lead::v1::Lead::Reason reasons[] = {lead::v1::Lead::REASON_NEW, lead::v1::Lead::REASON_CONTACTED,
                                              lead::v1::Lead::REASON_NURTURING};
    lead.set_reason(reasons[Below(3)]);
    lead.set_name(leads_.Create(lead));
    if (Below(3) == 0) {
      try {
        CreateContact(text("person", 5) + "@example.com");
      } catch (const std::runtime_error&) {  // somebody has it
      }
    }
    const std::string before = Everything();
    std::vector<std::string> gone;
    const int first = ++number;
    if (!Qualify(first, lead, gone)) {
      EXPECT_EQ(Everything(), before) << "given up, round " << round;
      continue;
    }
    ASSERT_TRUE(Revert(++number, first, gone, lead)) << "round " << round;
    ASSERT_EQ(Everything(), before) << "round " << round << ": " << lead.ShortDebugString();
    ++reverted;
    // It stays qualified, so that the next ones meet what it opened.
    std::vector<std::string> opened;
    ASSERT_TRUE(Qualify(++number, lead, opened)) << "round " << round;
    EXPECT_THAT(opened, SizeIs(gone.size()));
  }
  EXPECT_GT(reverted, 10);
}

}  // namespace
}  // namespace quartet::test
