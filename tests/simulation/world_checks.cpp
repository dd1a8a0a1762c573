// The invariants of the protocol's model (P1 to P8), on the real databases.
#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "common/resource/resource_name.h"
#include "common/rpc/error_mapping.h"
#include "services/quartet/check/checker.h"
#include "tests/simulation/node_inspections.h"
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
  if (is_put_back_) return;
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
void World::FindTorn(const Row& row, bool reverted, const Seen& seen, std::vector<std::string>& torn) {
  const auto& qualification = row.qualification();
  const auto lead = std::ranges::find(seen.leads, qualification.lead(), &Lead::name);
  if (lead == seen.leads.end()) {
    torn.push_back(qualification.lead() + " is gone");
    return;
  }
  const bool closed = lead->state() == Lead::STATE_QUALIFIED && lead->qualification() == qualification.name();
  const bool holds = row.state() == Qualification::COMMITTED && !reverted;
  if (closed != holds)
    torn.push_back(
        fmt::format("{} is {}: {}", row.id, Qualification::State_Name(row.state()), lead->ShortDebugString()));

  std::map<std::string, RecordOutcome::Kind> named;
  const auto name = [&](const RecordOutcome& record) {
    if (holds && !record.name().empty()) named[record.name()] = record.kind();
  };
  name(qualification.account());
  name(qualification.contact());
  for (const auto& record : qualification.opportunities()) name(record);
  if (holds && (lead->contact() != qualification.contact().name() || lead->account() != qualification.account().name()))
    torn.push_back(fmt::format("{} names others than {}", lead->ShortDebugString(), qualification.ShortDebugString()));
  const auto check = [&](const auto& records) {
    for (const auto& record : records) {
      const auto found = named.find(record.name());
      if (record.qualification() == qualification.name() &&
          (found == named.end() || found->second != RecordOutcome::OPENED)) {
        torn.push_back(fmt::format("{} is there, and {} is {}{}", record.name(), row.id,
                                   Qualification::State_Name(row.state()), reverted ? ", reverted" : ""));
      }
      if (found != named.end()) named.erase(found);
    }
  };
  check(seen.accounts);
  check(seen.contacts);
  check(seen.opportunities);
  for (const auto& [missing, kind] : named)
    torn.push_back(fmt::format("{} is named by {} and is not there", missing, row.id));
}

World::Seen World::See() {
  rows_ = orchestrator_.Rows();
  const bool reachable = std::exchange(decisions_.reachable, true);
  Seen seen{.leads = Require(leads_.PeekAll()),
            .accounts = Require(accounts_.PeekAll()),
            .contacts = Require(contacts_.PeekAll()),
            .opportunities = Require(opportunities_.PeekAll())};
  decisions_.reachable = reachable;
  return seen;
}

std::vector<std::string> World::Torn(const Seen& seen) {
  std::vector<std::string> torn;
  for (const Row& row : rows_) {
    if (row.qualification().kind() == Qualification::QUALIFY)
      FindTorn(row, Reverted(row.qualification().name()), seen, torn);
  }
  // Companies and addresses are opened once.
  std::set<std::string> companies;
  std::set<std::string> accounts = {"", old_account_};
  for (const auto& account : seen.accounts) {
    accounts.insert(account.name());
    if (!companies.insert(account.display_name()).second) torn.push_back(account.display_name() + " is there twice");
  }
  std::set<std::string> addresses;
  for (const auto& contact : seen.contacts) {
    if (!accounts.contains(contact.account()))
      torn.push_back(fmt::format("{} names what is gone: {}", contact.name(), contact.account()));
    for (const auto& email : contact.emails()) {
      if (!addresses.insert(email.address()).second) torn.push_back(email.address() + " is there twice");
    }
  }
  return torn;
}

std::vector<std::string> World::Torn() {
  return Torn(See());
}

std::vector<cli::Finding> World::Findings() {
  NodeInspections inspections(clock_);
  inspections.Add(cli::Service::kLead, leads_);
  inspections.Add(cli::Service::kAccount, accounts_);
  inspections.Add(cli::Service::kContact, contacts_);
  inspections.Add(cli::Service::kOpportunity, opportunities_);
  inspections.Add(orchestrator_.database());
  cli::Checker checker(inspections, {.only = std::nullopt, .grace = {}, .pause = {}}, [](const auto&, const auto&) {});
  Require(checker.Run());
  std::vector<cli::Finding> findings;
  std::ranges::copy_if(checker.findings(), std::back_inserter(findings),
                       [](const cli::Finding& finding) { return !cli::IsNotice(finding.kind); });
  return findings;
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

template <class Record>
void World::CheckEtag(const Record& record) {
  const auto [known, is_new] =
      contents_.try_emplace(record.name() + " at etag " + record.etag(), record.SerializeAsString());
  EXPECT_EQ(known->second, record.SerializeAsString()) << known->first << " has two contents";
}

void World::CheckWrites(const Seen& seen) {
  for (const auto& lead : seen.leads) CheckEtag(lead);
  for (const auto& contact : seen.contacts) CheckEtag(contact);
  for (const auto& opportunity : seen.opportunities) CheckEtag(opportunity);
  for (const auto& account : seen.accounts) {
    CheckEtag(account);
    for (const std::string& marker : acknowledged_[account.name()])
      EXPECT_NE(std::ranges::find(account.tags(), marker), account.tags().end())
          << account.name() << " has lost " << marker << ", which was acknowledged";
  }
}

void World::CheckNoContradiction() {
  EXPECT_TRUE(leads_.Contradictions().empty());
  EXPECT_TRUE(accounts_.Contradictions().empty());
  EXPECT_TRUE(contacts_.Contradictions().empty());
  EXPECT_TRUE(opportunities_.Contradictions().empty());
  EXPECT_EQ(orchestrator_.Contradictions("unknown_qualification"), 0);
}

void World::CheckInvariants() {
  const Seen seen = See();
  for (const std::string& torn : Torn(seen)) ADD_FAILURE() << torn;
  for (const Row& row : rows_) {
    CheckDecisionStays(row);
    EXPECT_LE(row.qualification().attempt(), static_cast<std::int64_t>(rows_.size()));
  }
  CheckWrites(seen);
  CheckNoContradiction();
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
    Drive(orchestrator_.coordinator(), true);
    Drive(*other_, true);
    // Who was asked by a replica that had the row in memory only need not be among those who are told (rule 10).
    ResolveHeld(100);
    for (int i = 0; i < kPlaces; ++i) Collect(static_cast<Place>(i));
    // What is refused for ever comes again in the next round.
    for (int pass = 0; pass < 20 && !messages_.empty(); ++pass) {
      for (const Message& message : std::exchange(messages_, {})) Deliver(message.to, {message.data});
      for (int i = 0; i < kPlaces; ++i) Collect(static_cast<Place>(i));
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
  for (const cli::Finding& finding : Findings())
    ADD_FAILURE() << cli::FindingName(finding.kind) << ' ' << finding.name << ": " << finding.what;
  const auto check_nothing_is_held = [](auto& node) {
    for (const auto& [intent, has_record, record] : node.Intents())
      ADD_FAILURE() << intent.record_id << " is held by " << intent.qualification_id << " in attempt "
                    << intent.attempt;
  };
  check_nothing_is_held(leads_);
  check_nothing_is_held(accounts_);
  check_nothing_is_held(contacts_);
  check_nothing_is_held(opportunities_);
  CheckOwners(accounts_);
  CheckOwners(contacts_);
  // The plan was made from the lead as it was when it closed.
  for (const auto& opportunity : Require(opportunities_.List())) {
    const auto lead = Require(leads_.Get(opportunity.lead()));
    EXPECT_EQ(opportunity.notes(), lead->notes());
  }
}

}  // namespace quartet::test
