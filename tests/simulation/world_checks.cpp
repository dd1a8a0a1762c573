// The invariants of the protocol's model (P1 to P8), on the real databases.
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "common/resource/resource_name.h"
#include "common/rpc/error_mapping.h"
#include "tests/simulation/world.h"

namespace quartet::test {

using qualification::Row;
using qualification::v1::Qualification;
using qualification::v1::RecordOutcome;

// Whether a revert of it has been committed.
bool World::Reverted(const std::string& qualification) const {
  for (const Row& row : rows_) {
    if (row.qualification().reverts() == qualification && row.state() == Qualification::COMMITTED) return true;
  }
  return false;
}

// A reader follows the names that it sees, while everything goes on.
void World::ReadOne() {
  decisions_.meanwhile = [this] {
    // Not again while this is going on.
    const auto meanwhile = std::exchange(decisions_.meanwhile, nullptr);
    for (int i = Below(3); i > 0; --i) {
      Collect(static_cast<Place>(Below(kPlaces)));
      DeliverSome();
    }
    decisions_.meanwhile = meanwhile;
  };
  const std::string& name = lead_names_[static_cast<std::size_t>(Below(kLeads))];
  const auto lead = leads_.Get(name);
  EXPECT_TRUE(lead.ok() || lead.error().code == Code::kUnavailable);
  if (lead.ok() && (*lead)->state() == Lead::STATE_QUALIFIED) {
    const auto contact = contacts_.Get((*lead)->contact());
    if (contact.ok()) {
      rows_ = orchestrator_.Rows();
      EXPECT_TRUE(contact->has_value() || Reverted((*lead)->qualification()))
          << name << " is QUALIFIED and its contact " << (*lead)->contact() << " is not there";
    }
  }
  const auto listed = opportunities_.List();
  if (listed.ok() && !listed->empty()) {
    const auto& opportunity = (*listed)[static_cast<std::size_t>(Below(static_cast<int>(listed->size())))];
    const auto its_lead = leads_.Get(opportunity.lead());
    if (its_lead.ok()) {
      rows_ = orchestrator_.Rows();
      EXPECT_TRUE((*its_lead)->qualification() == opportunity.qualification() || Reverted(opportunity.qualification()))
          << opportunity.name() << " is there and its lead is " << (*its_lead)->ShortDebugString();
    }
  }
  decisions_.meanwhile = nullptr;
  leads_.Drain();
  contacts_.Drain();
  opportunities_.Drain();
}

void World::CheckDecisionStays(const Row& row) {
  if (!row.decided()) {
    EXPECT_FALSE(decided_.contains(row.id)) << row.id << " was decided";
    return;
  }
  const std::string decision = qualification::DecisionOf(row).SerializeAsString();
  EXPECT_EQ(decided_.try_emplace(row.id, decision).first->second, decision) << "a decision never changes";
}

// P1, P2 and P8: committed is the lead QUALIFIED and every named record there,
// and nothing else.
void World::CheckVisible(const Row& row, bool reverted) {
  const auto& qualification = row.qualification();
  const auto lead = Require(leads_.Peek(qualification.lead()));
  ASSERT_TRUE(lead.has_value());
  const bool closed = lead->state() == Lead::STATE_QUALIFIED && lead->qualification() == qualification.name();
  const bool holds = row.state() == Qualification::COMMITTED && !reverted;
  EXPECT_EQ(closed, holds) << row.id << ": " << lead->ShortDebugString();

  std::map<std::string, RecordOutcome::Kind> named;
  const auto name = [&](const RecordOutcome& record) {
    if (holds && !record.name().empty()) named[record.name()] = record.kind();
  };
  name(qualification.account());
  name(qualification.contact());
  for (const auto& record : qualification.opportunities()) name(record);
  if (holds) {
    EXPECT_EQ(lead->contact(), qualification.contact().name());
    EXPECT_EQ(lead->account(), qualification.account().name());
  }
  const auto check = [&](const auto& records) {
    for (const auto& record : records) {
      const auto found = named.find(record.name());
      if (record.qualification() == qualification.name()) {
        EXPECT_TRUE(found != named.end() && found->second == RecordOutcome::OPENED)
            << record.name() << " is there, and " << row.id << " is " << Qualification::State_Name(row.state())
            << (reverted ? ", reverted" : "");
      }
      if (found != named.end()) named.erase(found);
    }
  };
  check(Require(accounts_.PeekAll()));
  check(Require(contacts_.PeekAll()));
  check(Require(opportunities_.PeekAll()));
  for (const auto& [missing, kind] : named)
    ADD_FAILURE() << missing << " is named by " << row.id << " and is not there";
}

// P3 and P6: an identity belongs to a record that is there, or that an intent
// would open.
template <class Node>
void World::CheckOwners(Node& node) {
  std::set<std::string> known;
  for (const auto& entry : node.Intents()) known.insert(entry.intent.record_id);
  for (const auto& record : Require(node.PeekAll())) known.insert(resource::IdOf(record.name()));
  for (const std::string& owner : node.Owners())
    EXPECT_TRUE(known.contains(owner)) << "an identity is held for nobody: " << owner;
}

void World::CheckInvariants() {
  rows_ = orchestrator_.Rows();
  const bool reachable = std::exchange(decisions_.reachable, true);
  for (const Row& row : rows_) {
    CheckDecisionStays(row);
    if (row.qualification().kind() == Qualification::QUALIFY) CheckVisible(row, Reverted(row.qualification().name()));
    EXPECT_LE(row.qualification().attempt(), static_cast<std::int64_t>(rows_.size()));
  }
  // Companies and addresses are opened once.
  std::set<std::string> companies;
  for (const auto& account : Require(accounts_.PeekAll()))
    EXPECT_TRUE(companies.insert(account.display_name()).second) << account.display_name() << " is there twice";
  std::set<std::string> addresses;
  for (const auto& contact : Require(contacts_.PeekAll())) {
    for (const auto& email : contact.emails())
      EXPECT_TRUE(addresses.insert(email.address()).second) << email.address() << " is there twice";
  }
  decisions_.reachable = reachable;
}

bool World::ComeToRest() {
  decisions_.reachable = true;
  const auto at_rest = [&] {
    rows_ = orchestrator_.Rows();
    for (const Row& row : rows_) {
      if (row.redrive_time_us != 0) return false;
    }
    return messages_.empty();
  };
  for (int round = 0; round < 200 && !at_rest(); ++round) {
    clock_.Advance(31'000'000);
    Require(orchestrator_.coordinator().FlushPending());
    Require(orchestrator_.coordinator().Redrive());
    for (int i = 0; i < kPlaces; ++i) Collect(static_cast<Place>(i));
    while (!messages_.empty()) {
      const Message message = std::move(messages_.back());
      messages_.pop_back();
      Deliver(message.to, {message.data});
      for (int i = 0; i < kPlaces && messages_.empty(); ++i) Collect(static_cast<Place>(i));
    }
  }
  return at_rest();
}

// P5: all is decided, for a reason, and nothing is held.
void World::CheckRest() {
  static const std::set<std::string> kReasons = {
      "CONTACT_ACCOUNT_MISMATCH", "DUPLICATE_FOUND",      "IDENTITY_CONFLICT", "IDENTITY_TAKEN",
      "LEAD_ALREADY_QUALIFIED",   "LEAD_BEING_QUALIFIED", "NOT_COMMITTED",     "QUALIFICATION_CANCELED",
      "RECORD_CHANGED",           "RECORD_IN_USE"};
  EXPECT_EQ(orchestrator_.Contradictions("unknown_qualification"), 0);
  for (const Row& row : rows_) {
    EXPECT_TRUE(row.decided()) << row.stored.ShortDebugString();
    if (row.state() == Qualification::ABORTED) {
      const std::string reason = rpc::FromRpcStatus(row.qualification().failure()).reason;
      EXPECT_TRUE(kReasons.contains(reason)) << reason;
      if (reason == "IDENTITY_CONFLICT") {
        EXPECT_NE(row.qualification().options().conflict_policy(), qualification::v1::QualifyOptions::EMAIL_WINS);
      }
    }
  }
  EXPECT_TRUE(leads_.Intents().empty());
  EXPECT_TRUE(accounts_.Intents().empty());
  EXPECT_TRUE(contacts_.Intents().empty());
  EXPECT_TRUE(opportunities_.Intents().empty());
  CheckOwners(accounts_);
  CheckOwners(contacts_);
  // The plan was made from the lead as it was when it closed.
  for (const auto& opportunity : Require(opportunities_.List())) {
    const auto lead = Require(leads_.Get(opportunity.lead()));
    EXPECT_EQ(opportunity.notes(), lead->notes());
  }
}

}  // namespace quartet::test
