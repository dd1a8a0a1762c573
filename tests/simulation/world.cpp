#include "tests/simulation/world.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "common/rpc/error_mapping.h"

namespace quartet::test {
namespace {

constexpr int kQualificationsMax = 16;

// People and companies that get in each other's way.
World::Lead MakeLead(int number, std::mt19937& random) {
  const auto below = [&](int limit) { return static_cast<int>(random() % static_cast<unsigned>(limit)); };
  World::Lead lead;
  lead.set_state(World::Lead::STATE_OPEN);
  lead.set_reason(World::Lead::REASON_NEW);
  lead.mutable_person()->set_family_name(fmt::format("Person {}", number));
  lead.add_emails()->set_address(fmt::format("person{}@mail{}.example", below(5), below(2)));
  if (below(2) == 0) lead.add_phones()->set_number(fmt::format("+4989123450{}", below(3)));
  if (below(4) != 0) lead.set_company(fmt::format("Company {}", below(3)));
  if (below(3) == 0) lead.set_website(fmt::format("https://company{}.example", below(3)));
  if (below(3) == 0) lead.set_title("CTO");
  return lead;
}

}  // namespace

Result<commit::Decisions> AskedDecisions::Ask(std::span<const std::string> ids) {
  if (meanwhile) meanwhile();
  if (!reachable) return Unavailable("DECISIONS_UNAVAILABLE", "away");
  QUARTET_ASSIGN_OR_RETURN(const auto found, orchestrator_.decisions().Read(ids));
  commit::Decisions answer;
  for (std::size_t i = 0; i < ids.size(); ++i) answer[ids[i]] = found.decisions(static_cast<int>(i));
  return answer;
}

World::World(const DatabaseBackendFactory& backend, unsigned seed)
    : random_(seed),
      ids_(clock_, seed),
      opportunity_traits_{.stages = Require(opportunity::ParsePipeline("QUALIFY=10,CLOSE=85"))},
      opportunity_kind_(opportunity_traits_),
      orchestrators_backend_(backend.make()),
      orchestrator_(*orchestrators_backend_, clock_, ids_),
      other_(orchestrator_.AnotherCoordinator()),
      decisions_(orchestrator_),
      leads_(backend, clock_, ids_, lead_kind_, decisions_, lead::kMigrations),
      accounts_(backend, clock_, ids_, account_kind_, decisions_, account::kMigrations),
      contacts_(backend, clock_, ids_, contact_kind_, decisions_, contact::kMigrations),
      opportunities_(backend, clock_, ids_, opportunity_kind_, decisions_, opportunity::kMigrations) {
  for (int i = 0; i < kLeads; ++i) lead_names_.push_back(leads_.Create(MakeLead(i, random_)));
  account::v1::Account account;
  account.set_display_name("Company 0");
  old_account_ = accounts_.Create(account);
}

void World::Note(std::string what) {
  trace_.push_back(std::move(what));
}

std::string World::Trace() const {
  std::string text;
  const std::size_t first = trace_.size() > 60 ? trace_.size() - 60 : 0;
  for (std::size_t i = first; i < trace_.size(); ++i) text += fmt::format("{}. {}\n", i, trace_[i]);
  return text;
}

int World::gave_way() const {
  std::int64_t count = 0;
  for (const auto& row : rows_) count += row.qualification().attempt();
  return static_cast<int>(count);
}

int World::committed() const {
  int count = 0;
  for (const auto& row : rows_) count += row.state() == qualification::v1::Qualification::COMMITTED;
  return count;
}

void World::ChooseReplicas() {
  leads_.replica = Below(2);
  accounts_.replica = Below(2);
  contacts_.replica = Below(2);
  opportunities_.replica = Below(2);
}

void World::Step() {
  PassTime();
  ChooseReplicas();
  const int what = Below(100);
  if (what < 10) {
    BeginOne();
  } else if (what < 60) {
    DeliverSome();
  } else if (what < 78) {
    Collect(static_cast<Place>(Below(kPlaces)));
  } else if (what < 88) {
    ReadOne();
  } else if (what < 91) {
    Redrive();
  } else if (what < 95) {
    UserActs();
  } else if (what < 97) {
    Restart(static_cast<Place>(Below(kPlaces)));
  } else if (what < 98) {
    decisions_.reachable = !decisions_.reachable;
    Note(decisions_.reachable ? "the orchestrator answers again" : "the orchestrator does not answer");
  } else if (what < 99 && Chance(40)) {
    messages_.clear();
    sent_.clear();
    Note("the broker loses everything");
  }
}

void World::BeginOne() {
  if (rows_.size() >= kQualificationsMax) return;
  const std::string& lead = lead_names_[static_cast<std::size_t>(Below(kLeads))];
  qualification::v1::QualifyOptions options;
  if (Chance(20)) options.set_duplicate_policy(qualification::v1::QualifyOptions::REFUSE);
  if (Chance(50)) options.set_conflict_policy(qualification::v1::QualifyOptions::EMAIL_WINS);
  if (Chance(20)) options.add_opportunities()->set_display_name("first");
  if (options.opportunities_size() > 0) options.add_opportunities()->set_display_name("second");
  const std::string id = orchestrator_.Begin(lead, options, "");
  Note(fmt::format("qualification {} of {} begins", id, lead));
}

void World::DeliverSome() {
  if (Chance(15) && !sent_.empty()) {
    const Message late = sent_[static_cast<std::size_t>(Below(static_cast<int>(sent_.size())))];
    Deliver(late.to, {late.data});
    return;
  }
  if (messages_.empty()) return;
  const auto first = static_cast<std::size_t>(Below(static_cast<int>(messages_.size())));
  const Place place = messages_[first].to;
  std::vector<std::string> batch = {messages_[first].data};
  std::vector<std::size_t> gone;
  if (Chance(70)) gone.push_back(first);
  for (std::size_t i = 0; i < messages_.size() && Chance(50); ++i) {
    if (messages_[i].to == place) batch.push_back(messages_[i].data);
  }
  // Removed before they are handled: whoever asks meanwhile may deliver, too.
  for (const std::size_t index : gone) messages_.erase(messages_.begin() + static_cast<std::ptrdiff_t>(index));
  Deliver(place, batch);
}

void World::Deliver(Place place, const std::vector<std::string>& data) {
  std::vector<Status> statuses;
  std::vector<qualification::v1::Command> commands;
  if (place == kOrchestrator) {
    std::vector<events::Delivery> deliveries;
    for (const std::string& one : data) deliveries.emplace_back().message.data = one;
    statuses = Chance(50) ? orchestrator_.Handle(deliveries) : orchestrator_.Handle(deliveries, *other_);
  } else {
    for (const std::string& one : data) ASSERT_TRUE(commands.emplace_back().ParseFromString(one));
  }
  if (place == kLead) statuses = leads_.TryHandle(commands);
  if (place == kAccount) statuses = accounts_.TryHandle(commands);
  if (place == kContact) statuses = contacts_.TryHandle(commands);
  if (place == kOpportunity) statuses = opportunities_.TryHandle(commands);
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    if (statuses[i].ok()) continue;
    const Code code = statuses[i].error().code;
    // What contradicts what is there since a restore is refused for ever.
    EXPECT_TRUE(code == Code::kUnavailable || code == Code::kAborted || is_put_back_) << ToString(statuses[i].error());
    messages_.push_back({place, data[i]});
  }
  for (const auto& command : commands)
    Note(fmt::format("at {}: {}", int{place}, command.ShortDebugString().substr(0, 130)));
  if (place == kOrchestrator) {
    for (const std::string& one : data) {
      qualification::v1::Reply reply;
      ASSERT_TRUE(reply.ParseFromString(one));
      Note(fmt::format("reply: {}", reply.ShortDebugString().substr(0, 130)));
    }
  }
}

void World::Collect(Place place) {
  const auto add = [&](const auto& replies) {
    for (const auto& reply : replies) Send({kOrchestrator, reply.SerializeAsString()});
  };
  if (place == kLead) add(leads_.TakeReplies());
  if (place == kAccount) add(accounts_.TakeReplies());
  if (place == kContact) add(contacts_.TakeReplies());
  if (place == kOpportunity) add(opportunities_.TakeReplies());
  if (place != kOrchestrator) return;
  for (auto& [topic, data] : orchestrator_.TakeCommands()) {
    const Place to = topic == "lead.commands"      ? kLead
                     : topic == "account.commands" ? kAccount
                     : topic == "contact.commands" ? kContact
                                                   : kOpportunity;
    Send({to, std::move(data)});
  }
}

void World::Send(Message message) {
  sent_.push_back(message);
  messages_.push_back(std::move(message));
}

void World::Restart(Place place) {
  Note(fmt::format("{} dies and comes back", int{place}));
  // Of the orchestrator's replicas one, or both.
  const bool is_one = place == kOrchestrator && Chance(40);
  At(place, [&](auto& node) {
    if (!is_one) node.Restart();
  });
}

template <class Act>
void World::At(Place place, const Act& act) {
  if (place == kLead) act(leads_);
  if (place == kAccount) act(accounts_);
  if (place == kContact) act(contacts_);
  if (place == kOpportunity) act(opportunities_);
  if (place != kOrchestrator) return;
  other_.reset();
  act(orchestrator_);
  other_ = orchestrator_.AnotherCoordinator();
}

void World::KeepOne() {
  kept_ = static_cast<Place>(Below(kPlaces));
  At(kept_, [](auto& node) { node.Keep(); });
  Note(fmt::format("the database of {} is backed up", int{kept_}));
}

void World::PutBackKept() {
  is_put_back_ = true;
  // The orchestrator may have forgotten what the participants have carried out.
  forgotten_ = orchestrator_.Rows();
  At(kept_, [](auto& node) { node.PutBack(); });
  rows_ = orchestrator_.Rows();
  Note(fmt::format("the database of {} is put back", int{kept_}));
}

void World::PassTime() {
  clock_.Advance(1 + Below(Chance(3) ? 3'000'000 : 20'000));
}

void World::Drive(qualification::Coordinator& coordinator, bool redrive) {
  for (const Status& status : {coordinator.FlushPending(), redrive ? coordinator.Redrive() : Status()})
    EXPECT_TRUE(status.ok() || status.error().reason == qualification::kMoved) << ToString(status.error());
}

void World::Redrive() {
  Note("what does not move is driven again");
  clock_.Advance(Below(40'000'000));
  const bool first = Chance(50);
  Drive(orchestrator_.coordinator(), first);
  Drive(*other_, !first);
  ResolveHeld(50);
}

void World::ResolveHeld(int percent) {
  const auto resolve = [&](auto& node) {
    if (!Chance(percent)) return;
    const Status resolved = node.participant().ResolveOldIntents(std::chrono::seconds(2));
    EXPECT_TRUE(resolved.ok() || resolved.error().code == Code::kUnavailable) << ToString(resolved.error());
  };
  resolve(leads_);
  resolve(accounts_);
  resolve(contacts_);
  resolve(opportunities_);
}

void World::UserActs() {
  rows_ = orchestrator_.Rows();
  const int what = Below(6);
  const std::string& lead = lead_names_[static_cast<std::size_t>(Below(kLeads))];
  if (what == 0) {
    // A closed lead is read-only.
    const auto changed = leads_.Change(lead, [&](Lead& l) {
      if (l.state() == Lead::STATE_OPEN) l.set_notes(l.notes() + "x");
    });
    Note(fmt::format("a user writes into {}: {}", lead, changed.ok() ? "done" : changed.error().reason));
  } else if (what == 1 && !rows_.empty()) {
    const auto& row = rows_[static_cast<std::size_t>(Below(static_cast<int>(rows_.size())))];
    const auto canceled = (Chance(50) ? orchestrator_.coordinator() : *other_).Cancel(row.id);
    Note(fmt::format("a user cancels {}: {}", row.id, canceled.ok() ? "done" : canceled.error().reason));
  } else if (what == 2 && !rows_.empty()) {
    // A few tries to find one that can be taken back.
    std::size_t which = 0;
    for (int i = 0; i < 4; ++i) {
      which = static_cast<std::size_t>(Below(static_cast<int>(rows_.size())));
      if (rows_[which].state() == qualification::v1::Qualification::COMMITTED) break;
    }
    const auto& row = rows_[which];
    const auto begun = orchestrator_.BeginRevert(row.id);
    Note(fmt::format("a user takes {} back: {}", row.id, begun.ok() ? *begun : begun.error().reason));
  } else if (what == 3 && !old_account_deleted_) {
    // What a committed qualification names may be deleted, but proves nothing.
    const auto names_it = [this](const qualification::Row& row) {
      return row.state() == qualification::v1::Qualification::COMMITTED &&
             row.qualification().account().name() == old_account_;
    };
    if (std::ranges::any_of(rows_, names_it) || std::ranges::any_of(forgotten_, names_it)) return;
    const Status deleted = accounts_.Delete(old_account_);
    old_account_deleted_ = deleted.ok();
    Note(fmt::format("a user deletes {}: {}", old_account_, deleted.ok() ? "done" : deleted.error().reason));
  } else if (what > 3) {
    UserWritesByEtag();
  }
}

void World::UserWritesByEtag() {
  const auto listed = accounts_.List();
  if (!listed.ok() || listed->empty()) return;
  const auto& account = (*listed)[static_cast<std::size_t>(Below(static_cast<int>(listed->size())))];
  const auto known = etags_.find(account.name());
  if (known == etags_.end()) {
    etags_[account.name()] = account.etag();
    return;
  }
  const std::string marker = fmt::format("m{}", ++markers_);
  const Status written =
      accounts_.ChangeAt(account.name(), known->second, [&](account::v1::Account& a) { a.add_tags(marker); });
  Note(fmt::format("a user writes into {} at etag {}: {}", account.name(), known->second,
                   written.ok() ? "done" : written.error().reason));
  if (written.ok()) acknowledged_[account.name()].push_back(marker);
  etags_.erase(known);
}

}  // namespace quartet::test
