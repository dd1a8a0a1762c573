#include "tests/simulation/replicas_world.h"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include "common/events/migrations.h"
#include "common/resource/resource_name.h"
#include "common/storage/migrations.h"
#include "services/qualification/migrations.h"

namespace quartet::test {
namespace {

using qualification::v1::Decision;
using qualification::v1::Qualification;

constexpr std::size_t kPartitions = 4;
constexpr int kLeads = 8;

std::string LeadName(int number) {
  return fmt::format("leads/00000000-0000-7000-8000-{:012}", number);
}

void Require(const Status& status) {
  if (!status.ok()) throw std::runtime_error(ToString(status.error()));
}

}  // namespace

ReplicasWorld::ReplicasWorld(const DatabaseBackendFactory& backend, unsigned seed)
    : random_(seed), ids_(clock_, seed), backend_(backend.make()) {
  const std::size_t replicas = 2 + random_() % 2;
  auto opened = backend_->Open();
  if (!opened.ok()) throw std::runtime_error(ToString(opened.error()));
  databases_.push_back(std::move(opened).value());
  Require(storage::Migrate(*databases_[0], "events", events::kMigrations, clock_));
  Require(storage::Migrate(*databases_[0], "qualification", qualification::kMigrations, clock_));
  for (std::size_t i = 1; i < replicas && databases_[0]->IsShared(); ++i) {
    auto another = backend_->Open();
    if (!another.ok()) throw std::runtime_error(ToString(another.error()));
    databases_.push_back(std::move(another).value());
  }
  for (std::size_t i = 0; i < kPartitions; ++i) reader_.push_back(i % replicas);
  lives_.resize(replicas);
  replicas_.resize(replicas);
  for (std::size_t i = 0; i < replicas; ++i) Open(i);
  const auto ask = [this](const std::string& name) -> std::optional<Decision> {
    if (!calm_ && Chance(10)) return std::nullopt;
    const auto answer = replicas_[AnyReplica()]->decisions().Read(std::vector{resource::IdOf(name)});
    if (!answer.ok()) return std::nullopt;
    return answer.value().decisions(0);
  };
  const auto refuses = [this] { return Chance(3); };
  const std::pair<const char*, qualification::v1::Participant> four[] = {
      {"lead.commands", qualification::v1::LEAD},
      {"account.commands", qualification::v1::ACCOUNT},
      {"contact.commands", qualification::v1::CONTACT},
      {"opportunity.commands", qualification::v1::OPPORTUNITY}};
  for (const auto& [topic, self] : four) participants_.emplace(topic, ModelParticipant(self, ask, refuses));
}

void ReplicasWorld::Open(std::size_t replica) {
  // Sometimes there is room for one row, and often for all.
  constexpr std::size_t kEntries[] = {1, 3, 8, 8'192, 8'192};
  constexpr std::size_t kBytes[] = {1'500, 8'000, 64'000'000, 64'000'000};
  const OrchestratorReplica::Shared shared{
      .clock = clock_,
      .ids = ids_,
      .database_fails = [this] { return !calm_ && Chance(2); },
      .contradictions = contradictions_,
      .memory = {.entries_max = kEntries[Below(5)], .bytes_max = kBytes[Below(4)]}};
  ++lives_[replica];
  replicas_[replica].reset();
  replicas_[replica] = std::make_unique<OrchestratorReplica>(
      *databases_[std::min(replica, databases_.size() - 1)], shared,
      [this, replica](const std::string& name) { return ReaderOf(name) == replica; });
}

std::string ReplicasWorld::ShortName(const std::string& name) const {
  return name.substr(name.size() - 6);
}

std::size_t ReplicasWorld::PartitionOf(const std::string& name) const {
  return std::hash<std::string>()(name) % kPartitions;
}

qualification::Waiters::Time ReplicasWorld::Now() const {
  return qualification::Waiters::Time(std::chrono::microseconds(clock_.NowMicros()));
}

void ReplicasWorld::Await(std::size_t replica, const Qualification& begun) {
  const auto told = std::make_shared<Told>(Told{.name = begun.name(), .replica = replica, .life = lives_[replica]});
  told_.push_back(told);
  replicas_[replica]->waiters().Await(
      begun, {.tell = [told](const Qualification&) { ++told->times; }, .gone = [] { return false; }}, Now());
}

void ReplicasWorld::Begin() {
  const std::size_t replica = AnyReplica();
  std::vector<std::string> committed;
  for (const auto& [name, state] : decided_) {
    if (state.starts_with("COMMITTED")) committed.push_back(name);
  }
  const bool reverts = !committed.empty() && Chance(20);
  const std::string reverted =
      reverts ? committed[static_cast<std::size_t>(Below(static_cast<int>(committed.size())))] : "";
  const auto begun = reverts ? replicas_[replica]->BeginRevert(resource::IdOf(reverted))
                             : replicas_[replica]->Begin(LeadName(Below(kLeads)), Chance(50) ? ids_.NewUuid() : "");
  if (!begun.ok()) return Note(fmt::format("begin at {}: {}", replica, begun.error().reason));
  Note(fmt::format("begin {} at {}{}", ShortName(begun.value().name()), replica, reverts ? ", a revert" : ""));
  Await(replica, begun.value());
}

void ReplicasWorld::CancelOne() {
  const auto rows = Rows();
  if (!rows.empty()) Cancel(rows[static_cast<std::size_t>(Below(static_cast<int>(rows.size())))]);
}

void ReplicasWorld::Cancel(const Row& row) {
  if (row.decided()) return;
  const std::size_t replica = AnyReplica();
  const auto canceled = replicas_[replica]->coordinator().Cancel(row.id);
  Note(fmt::format("cancel {} at {}: {}", ShortName(row.id), replica, canceled.ok() ? "ok" : canceled.error().reason));
}

void ReplicasWorld::Collect() {
  for (const auto& replica : replicas_) {
    for (auto& [topic, command] : replica->TakeCommands()) {
      if (!calm_ && Chance(5)) continue;
      commands_.push_back({topic, command});
      if (!calm_ && Chance(5)) commands_.push_back({std::move(topic), std::move(command)});
    }
  }
}

void ReplicasWorld::DeliverCommands(std::size_t most) {
  std::ranges::shuffle(commands_, random_);
  // Who has been away hears of the decision first, and does not answer what it was asked before.
  if (Chance(30))
    std::ranges::stable_partition(commands_, [](const Command& one) { return one.command.has_decisions(); });
  std::vector<Command> left;
  std::size_t delivered = 0;
  for (Command& command : std::exchange(commands_, {})) {
    if (command.topic == paused_ || delivered == most) {
      left.push_back(std::move(command));
      continue;
    }
    ++delivered;
    Note(fmt::format("{} gets {}", command.topic, command.command.ShortDebugString().substr(0, 90)));
    participants_.at(command.topic).Handle(command.command, replies_);
  }
  commands_.insert(commands_.end(), std::make_move_iterator(left.begin()), std::make_move_iterator(left.end()));
}

void ReplicasWorld::DeliverReplies(std::size_t most) {
  std::ranges::shuffle(replies_, random_);
  std::map<std::size_t, std::vector<Reply>> batches;
  for (std::size_t i = 0; i < most && !replies_.empty(); ++i) {
    Reply reply = std::move(replies_.back());
    replies_.pop_back();
    if (!calm_ && Chance(4)) continue;
    const std::string name = reply.has_acknowledged() ? reply.acknowledged().qualifications(0) : reply.qualification();
    // While a partition moves what was read before comes to where it was read.
    const std::size_t reader = !calm_ && Chance(5) ? AnyReplica() : ReaderOf(name);
    if (!calm_ && Chance(4)) batches[AnyReplica()].push_back(reply);
    batches[reader].push_back(std::move(reply));
  }
  for (auto& [replica, batch] : batches) {
    const auto statuses = replicas_[replica]->Handle(batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Note(fmt::format("{} gets {}: {}", replica, batch[i].ShortDebugString().substr(0, 90),
                       statuses[i].ok() ? "ok" : statuses[i].error().reason));
      // It stays with the consumer, and comes again.
      if (!statuses[i].ok()) replies_.push_back(std::move(batch[i]));
    }
  }
}

void ReplicasWorld::Notify(std::size_t replica) {
  auto& it = *replicas_[replica];
  it.decisions().NotifyWaiters(it.waiters(), it.waiters().TakeNearDue(Now()));
  it.decisions().NotifyWaiters(it.waiters(), it.waiters().TakeFarDue(Now()));
}

std::vector<qualification::Row> ReplicasWorld::Rows() {
  const qualification::QualificationRepository repository;
  std::vector<Row> rows;
  Require(databases_[0]->Read([&](storage::Transaction& transaction) -> Status {
    rows.clear();
    std::vector<std::string> ids;
    QUARTET_RETURN_IF_ERROR(transaction.Query("SELECT id FROM qualification ORDER BY id",
                                              std::initializer_list<storage::Param>{},
                                              [&](const storage::Row& row) { ids.push_back(row.String(0)); }));
    for (const std::string& id : ids) {
      QUARTET_ASSIGN_OR_RETURN(auto row, repository.Find(transaction, id));
      if (row) rows.push_back(*std::move(row));
    }
    return {};
  }));
  for (const Row& row : rows) {
    if (!row.decided()) continue;
    const std::string outcome =
        fmt::format("{} {}", Qualification::State_Name(row.state()), row.qualification().attempt());
    const auto [known, is_new] = decided_.try_emplace(row.qualification().name(), outcome);
    EXPECT_EQ(known->second, outcome) << row.id << " was decided otherwise";
    if (is_new && row.state() == Qualification::COMMITTED) ++committed_;
  }
  return rows;
}

void ReplicasWorld::Step() {
  Collect();
  const int what = Below(100);
  if (what < 16) {
    Begin();
  } else if (what < 22) {
    CancelOne();
  } else if (what < 48) {
    DeliverCommands(static_cast<std::size_t>(1 + Below(8)));
  } else if (what < 74) {
    DeliverReplies(static_cast<std::size_t>(1 + Below(8)));
  } else if (what < 80) {
    const std::size_t replica = AnyReplica();
    const Status flushed = replicas_[replica]->coordinator().FlushPending();
    Note(fmt::format("flush at {}: {}", replica, flushed.ok() ? "ok" : flushed.error().reason));
  } else if (what < 87) {
    const std::size_t replica = Chance(80) ? leader_ : AnyReplica();
    const Status driven = replicas_[replica]->coordinator().Redrive();
    Note(fmt::format("redrive at {}: {}", replica, driven.ok() ? "ok" : driven.error().reason));
  } else if (what < 90) {
    Notify(AnyReplica());
  } else if (what < 93) {
    const auto partition = static_cast<std::size_t>(Below(kPartitions));
    reader_[partition] = AnyReplica();
    if (Chance(30)) leader_ = AnyReplica();
    Note(fmt::format("partitions are with {}, {} leads", fmt::join(reader_, ","), leader_));
  } else if (what < 95) {
    const std::size_t replica = AnyReplica();
    Note(fmt::format("{} dies", replica));
    Open(replica);
  } else if (what < 97) {
    paused_ = paused_.empty() ? std::next(participants_.begin(), Below(4))->first : "";
    Note("paused: " + paused_);
  }
  clock_.Advance(Chance(10) ? 1'000'000 * (1 + Below(20)) : 1'000 * Below(20));
  if (Chance(20)) Rows();
}

bool ReplicasWorld::ComeToRest() {
  // What is canceled last stays in the memory of whoever began it.
  if (Chance(50)) {
    for (int i = 0; i < kLeads; ++i) Begin();
    Collect();
    DeliverCommands(1'000'000);
    DeliverReplies(1'000'000);
    Collect();
    for (const Row& row : Rows()) Cancel(row);
  }
  calm_ = true;
  paused_.clear();
  for (int round = 0; round < 120; ++round) {
    for (int i = 0; i < 10; ++i) {
      Collect();
      DeliverCommands(1'000'000);
      DeliverReplies(1'000'000);
    }
    for (std::size_t replica = 0; replica < replicas_.size(); ++replica) {
      Require(replicas_[replica]->coordinator().FlushPending());
      Notify(replica);
    }
    Require(replicas_[leader_]->coordinator().Redrive());
    // Who was asked by a replica that had the row in memory only need not be among those who are told.
    for (auto& [topic, participant] : participants_) participant.ResolveHeld(replies_);
    clock_.Advance(round % 4 == 3 ? 31'000'000 : 2'000'000);
    Collect();
    if (!commands_.empty() || !replies_.empty()) continue;
    const auto rows = Rows();
    if (std::ranges::all_of(rows, [](const Row& row) { return row.redrive_time_us == 0; })) return true;
  }
  return false;
}

void ReplicasWorld::CheckRest() {
  const auto rows = Rows();
  for (const Row& row : rows) {
    EXPECT_TRUE(qualification::IsOver(row)) << row.stored.ShortDebugString();
    EXPECT_EQ(row.redrive_time_us, 0);
    EXPECT_EQ(row.waits_for, "");
  }
  // Nothing is sent for ever.
  for (int i = 0; i < 6; ++i) {
    clock_.Advance(31'000'000);
    for (std::size_t replica = 0; replica < replicas_.size(); ++replica) {
      Require(replicas_[replica]->coordinator().FlushPending());
      Require(replicas_[replica]->coordinator().Redrive());
      Notify(replica);
    }
    Collect();
  }
  EXPECT_TRUE(commands_.empty()) << commands_.size() << " commands, the first "
                                 << commands_.front().command.ShortDebugString();
  for (const auto& told : told_) {
    if (told->life != lives_[told->replica]) continue;
    EXPECT_EQ(told->times, 1) << told->name << " at " << told->replica;
  }
  for (const auto& [topic, participant] : participants_) {
    EXPECT_TRUE(participant.faults().empty()) << topic << ": " << participant.faults().front();
    EXPECT_TRUE(participant.Held().empty()) << topic << " still holds " << *participant.Held().begin();
    for (const std::string& name : participant.final()) EXPECT_TRUE(decided_[name].starts_with("COMMITTED")) << name;
  }
  EXPECT_EQ(counters_.Get("contradictions_total{kind=\"unknown_qualification\"}").value(), 0);
}

std::string ReplicasWorld::Trace() const {
  std::string text;
  for (const std::string& line : trace_) text += line + "\n";
  return text;
}

}  // namespace quartet::test
