#include "common/commit/participant.h"

#include <algorithm>
#include <utility>

#include "common/events/outbox/write_items.h"
#include "common/resource/identities.h"
#include "common/resource/resource_name.h"
#include "common/rpc/error_mapping.h"

namespace quartet::commit {
namespace {

using qualification::v1::Command;
using qualification::v1::PlannedRecord;
using qualification::v1::RecordOutcome;
using qualification::v1::Reply;
using State = Participation::State;

// A command may meet holders more than once: the record it waited for may be
// taken by the next in between. After so many rounds it is left to come again.
constexpr int kResolveRoundsMax = 4;
constexpr int kOldIntentsMax = 1'000;

std::vector<std::string> IdsOf(const std::vector<Intent>& intents) {
  std::vector<std::string> ids;
  for (const Intent& intent : intents) ids.push_back(intent.qualification_id);
  return ids;
}

const Intent& Oldest(const std::vector<Intent>& intents) {
  return *std::min_element(intents.begin(), intents.end(), [](const Intent& a, const Intent& b) {
    return std::tie(a.age_us, a.qualification_id) < std::tie(b.age_us, b.qualification_id);
  });
}

}  // namespace

struct Participant::Job {
  std::size_t delivery = 0;  // the one that it came with
  Command command;
  std::unique_ptr<Evaluation> evaluation;  // of a Prepare
  Status status;
  // What has to be asked about before it can be run: other qualifications, and names
  // of other services' records.
  std::vector<std::string> holders;
  std::vector<std::string> unknown;

  bool Waits() const { return !holders.empty() || !unknown.empty(); }
};

Participant::Participant(const RecordKind& kind, const resource::RecordRepository& records,
                         const IntentRepository& intents, const Resolution& resolution, storage::Database& database,
                         events::Outbox& outbox, DecisionSource& decisions, ReferenceSource& references,
                         const Watermark& watermark, const Clock& clock, IdSource& ids)
    : kind_(kind),
      records_(records),
      intents_(intents),
      resolution_(resolution),
      database_(database),
      outbox_(outbox),
      decisions_(decisions),
      references_(references),
      watermark_(watermark),
      clock_(clock),
      ids_(ids) {}

std::vector<Status> Participant::Handle(std::span<const events::Delivery> deliveries,
                                        std::vector<events::Message>* replies) {
  std::vector<Status> statuses(deliveries.size());
  std::vector<Job> jobs;
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    Command command;
    if (!command.ParseFromString(deliveries[i].message.data)) {
      statuses[i] = events::UnreadableMessage("not a serialised quartet.qualification.v1.Command");
    } else if (!command.has_decisions()) {
      jobs.push_back({.delivery = i, .command = std::move(command)});
    } else {
      // Joined on their way, they have nothing to do with each other.
      for (Decision& decision : *command.mutable_decisions()->mutable_decisions()) {
        Job& job = jobs.emplace_back(Job{.delivery = i});
        *job.command.mutable_decisions()->add_decisions() = std::move(decision);
      }
    }
  }
  std::vector<Job*> pending;
  for (Job& job : jobs) {
    if (job.command.has_prepare()) {
      auto evaluation = Evaluate(job.command.prepare());
      if (!evaluation.ok())
        job.status = std::move(evaluation).error();
      else
        job.evaluation = std::move(evaluation).value();
    }
    if (job.status.ok()) pending.push_back(&job);
  }
  Answers answers;
  for (int round = 0; !pending.empty(); ++round) {
    RunJobs(pending, answers, replies);
    std::erase_if(pending, [](const Job* job) { return !job->Waits(); });
    if (pending.empty()) break;
    Status asked = Ask(pending, answers);
    if (asked.ok() && round == kResolveRoundsMax)
      asked = Aborted("RECORD_IN_QUALIFICATION", "other qualifications keep the record");
    if (asked.ok()) continue;
    for (Job* job : pending) job->status = asked;
    break;
  }
  for (Job& job : jobs) {
    if (!job.status.ok()) statuses[job.delivery] = std::move(job.status);
  }
  return statuses;
}

Status Participant::Ask(std::span<Job*> jobs, Answers& answers) {
  std::vector<std::string> holders;
  std::vector<std::string> names;
  for (const Job* job : jobs) {
    holders.insert(holders.end(), job->holders.begin(), job->holders.end());
    names.insert(names.end(), job->unknown.begin(), job->unknown.end());
  }
  answers.decisions.clear();
  if (!holders.empty()) {
    QUARTET_ASSIGN_OR_RETURN(answers.decisions, decisions_.Ask(holders));
  }
  if (!names.empty()) {
    QUARTET_ASSIGN_OR_RETURN(auto states, references_.LookUp(names));
    answers.references.merge(states);
  }
  return {};
}

void Participant::RunJobs(std::span<Job*> jobs, const Answers& answers, std::vector<events::Message>* replies) {
  // What was decided comes before the jobs that met it. Where that fails, the jobs meet the same holders again.
  std::vector<const Decision*> decided;
  for (const auto& [id, decision] : answers.decisions) decided.push_back(&decision);
  events::ItemWork work{.count = decided.size() + jobs.size()};
  work.run = [&](std::size_t item, storage::Transaction& transaction, std::vector<events::Message>& out) -> Status {
    if (item < decided.size()) return resolution_.Resolve(transaction, *decided[item], /*acknowledge=*/true, out);
    Job& job = *jobs[item - decided.size()];
    job.holders.clear();
    job.unknown.clear();
    return RunCommand(transaction, job, answers, out);
  };
  work.expect = [&](std::span<const std::size_t> items, storage::Transaction& transaction) {
    std::vector<Job*> some;
    std::vector<std::string> ids;
    for (const std::size_t item : items) {
      if (item < decided.size())
        ids.push_back(resource::IdOf(decided[item]->qualification()));
      else
        some.push_back(jobs[item - decided.size()]);
    }
    return Expect(transaction, some, std::move(ids));
  };
  work.bytes_of = [&](std::size_t item) {
    return item < decided.size() ? decided[item]->ByteSizeLong() : jobs[item - decided.size()]->command.ByteSizeLong();
  };
  std::vector<Status> statuses = events::WriteItems(outbox_, work, replies);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    jobs[i]->status = std::move(statuses[decided.size() + i]);
    if (jobs[i]->status.ok()) continue;
    jobs[i]->holders.clear();
    jobs[i]->unknown.clear();
  }
}

Status Participant::Expect(storage::Transaction& transaction, std::span<Job* const> jobs,
                           std::vector<std::string> decided) const {
  for (const Job* job : jobs) {
    for (const Decision& decision : job->command.decisions().decisions())
      decided.push_back(resource::IdOf(decision.qualification()));
    if (!job->evaluation) continue;
    intents_.ExpectParticipation(transaction, resource::IdOf(job->command.prepare().qualification()));
    QUARTET_RETURN_IF_ERROR(job->evaluation->Expect(transaction, 0));
  }
  for (const std::string& id : decided) intents_.ExpectParticipation(transaction, id);
  std::vector<Participation> held;
  for (const std::string& id : decided) {
    QUARTET_ASSIGN_OR_RETURN(held.emplace_back(), intents_.FindParticipation(transaction, id));
    intents_.ExpectOf(transaction, held.back());
  }
  for (const Job* job : jobs) {
    if (job->evaluation) QUARTET_RETURN_IF_ERROR(job->evaluation->Expect(transaction, 1));
  }
  for (const Participation& participation : held) {
    QUARTET_ASSIGN_OR_RETURN(const auto intents, intents_.Of(transaction, participation));
    for (const Intent& intent : intents) {
      if (intent.kind != IntentKind::kOpen) records_.ExpectFind(transaction, intent.record_id);
    }
  }
  return {};
}

Status Participant::RunCommand(storage::Transaction& transaction, Job& job, const Answers& answers,
                               std::vector<events::Message>& out) const {
  const Command& command = job.command;
  switch (command.kind_case()) {
    case Command::kPrepare:
      return Prepare(transaction, job, answers, out);
    case Command::kRelease:
      return resolution_.Release(transaction, resource::IdOf(command.release().qualification()),
                                 command.release().attempt());
    case Command::kDecisions:
      for (const Decision& decision : command.decisions().decisions())
        QUARTET_RETURN_IF_ERROR(resolution_.Resolve(transaction, decision, /*acknowledge=*/true, out));
      return {};
    case Command::KIND_NOT_SET:
      break;
  }
  return events::UnreadableMessage("a command of an unknown kind");
}

Status Participant::Prepare(storage::Transaction& transaction, Job& job, const Answers& answers,
                            std::vector<events::Message>& out) const {
  const qualification::v1::Prepare& prepare = job.command.prepare();
  const std::string id = resource::IdOf(prepare.qualification());
  const std::int64_t attempt = prepare.attempt();
  // It is over, and its participation may be deleted; nobody waits for an answer.
  if (watermark_.Covers(id)) return {};
  QUARTET_ASSIGN_OR_RETURN(Participation mine, intents_.FindParticipation(transaction, id));
  if (mine.state == State::kFinal || (mine.state == State::kHeld && mine.attempt == attempt)) {
    Reply again;
    if (!again.ParseFromString(mine.reply)) return Internal("a stored reply cannot be read");
    if (mine.state == State::kHeld) {
      // What has become unreadable since is refused, as it would have been before.
      const Status completed = kind_.Complete(transaction, records_, prepare, again);
      if (!completed.ok() && completed.error().code != Code::kDataLoss) return completed;
      if (!completed.ok()) *again.mutable_refused() = Refuse(completed.error());
    }
    out.push_back(resolution_.ReplyMessage(again));
    return {};
  }
  if (attempt <= mine.void_through || attempt < mine.attempt) return {};
  // Lower attempts are void from here on, whatever this one comes to.
  if (mine.void_through < attempt - 1) {
    QUARTET_RETURN_IF_ERROR(resolution_.Void(transaction, mine, attempt - 1));
    QUARTET_RETURN_IF_ERROR(intents_.SaveParticipation(transaction, mine, clock_.NowMicros()));
  }
  auto evaluated = job.evaluation->Run(transaction, answers.references);
  // What cannot be read now will not be later; the caller is told rather than left waiting.
  Verdict verdict = evaluated.ok() ? *std::move(evaluated) : Verdict(Refuse(evaluated.error()));
  if (!evaluated.ok() && evaluated.error().code != Code::kDataLoss) return std::move(evaluated).error();
  if (auto* ready = std::get_if<Ready>(&verdict)) return Hold(transaction, prepare, std::move(*ready), mine, out);
  if (auto* unknown = std::get_if<Unknown>(&verdict)) {
    job.unknown = std::move(unknown->names);
    return {};
  }
  Reply reply;
  if (const auto* blocked = std::get_if<Blocked>(&verdict)) {
    for (const Intent& intent : blocked->by) {
      const auto answer = answers.decisions.find(intent.qualification_id);
      if (answer == answers.decisions.end() || !Resolution::IsUndecided(intent, answer->second)) {
        job.holders = IdsOf(blocked->by);
        return {};
      }
    }
    reply = kind_.HeldBy(prepare, Oldest(blocked->by));
  } else {
    *reply.mutable_refused() = std::get<qualification::v1::Refused>(std::move(verdict));
  }
  reply.set_qualification(prepare.qualification());
  reply.set_attempt(attempt);
  reply.set_participant(kind_.participant());
  out.push_back(resolution_.ReplyMessage(reply));
  return {};
}

Status Participant::Hold(storage::Transaction& transaction, const qualification::v1::Prepare& prepare, Ready ready,
                         Participation& mine, std::vector<events::Message>& out) const {
  const std::int64_t now_us = clock_.NowMicros();
  mine.records.clear();
  for (Intent& intent : ready.intents) {
    mine.records.push_back(intent.record_id);
    intent.qualification_id = mine.qualification_id;
    intent.attempt = prepare.attempt();
    intent.age_us = prepare.create_time_us();
    // The intent was found to fit a record as it is now, and free of others.
    if (intent.kind != IntentKind::kOpen) QUARTET_RETURN_IF_ERROR(records_.Touch(transaction, intent.record_id));
    if (intent.kind == IntentKind::kFill) QUARTET_RETURN_IF_ERROR(KeepOwned(transaction, intent));
    // A record that is there would be found by what it does not show yet; one that will be opened is found by nothing.
    const auto as = intent.kind == IntentKind::kFill ? resource::RecordRepository::Claimed::kReserved
                                                     : resource::RecordRepository::Claimed::kShown;
    QUARTET_RETURN_IF_ERROR(resource::ClaimIdentities(transaction, records_, intent.reserved, intent.record_id, as));
    QUARTET_RETURN_IF_ERROR(intents_.Insert(transaction, intent, now_us));
  }
  Reply reply;
  reply.set_qualification(prepare.qualification());
  reply.set_attempt(prepare.attempt());
  reply.set_participant(kind_.participant());
  *reply.mutable_prepared() = std::move(ready.prepared);
  std::ranges::sort(mine.records);
  mine.state = State::kHeld;
  mine.attempt = prepare.attempt();
  events::Message message = resolution_.ReplyMessage(reply);
  // A copy of a lead would only be in the way of its erasure; while it is held it cannot change, so it is read again.
  if (reply.prepared().has_lead()) {
    reply.mutable_prepared()->clear_lead();
    mine.reply = reply.SerializeAsString();
  } else {
    mine.reply = message.data;
  }
  QUARTET_RETURN_IF_ERROR(intents_.SaveParticipation(transaction, mine, now_us));
  out.push_back(std::move(message));
  return {};
}

Status Participant::KeepOwned(storage::Transaction& transaction, Intent& intent) const {
  std::vector<identity::Identity> fresh;
  for (identity::Identity& identity : intent.reserved) {
    QUARTET_ASSIGN_OR_RETURN(const bool has, records_.Has(transaction, intent.record_id, identity));
    if (!has) fresh.push_back(std::move(identity));
  }
  intent.reserved = std::move(fresh);
  return {};
}

Result<std::unique_ptr<Evaluation>> Participant::Evaluate(const qualification::v1::Prepare& prepare) const {
  if (!prepare.has_revert()) return kind_.Evaluate(prepare, records_, intents_, ids_);
  class Reverting final : public Evaluation {
   public:
    Reverting(const Participant& participant, const qualification::v1::Prepare& revert)
        : participant_(participant), prepare_(revert) {}
    Result<Verdict> Run(storage::Transaction& transaction, const ReferenceStates& /*known*/) const override {
      return participant_.EvaluateRevert(transaction, prepare_);
    }

   private:
    const Participant& participant_;
    const qualification::v1::Prepare& prepare_;
  };
  return std::unique_ptr<Evaluation>(new Reverting(*this, prepare));
}

Result<Verdict> Participant::EvaluateRevert(storage::Transaction& transaction,
                                            const qualification::v1::Prepare& prepare) const {
  const std::string own = resource::IdOf(prepare.qualification());
  const std::string reverted = resource::IdOf(prepare.revert().qualification());
  QUARTET_ASSIGN_OR_RETURN(const Participation then, intents_.FindParticipation(transaction, reverted));
  if (then.state == State::kHeld) {
    QUARTET_ASSIGN_OR_RETURN(auto held, intents_.Of(transaction, then));
    return Verdict(Blocked{std::move(held)});
  }
  if (then.state != State::kFinal)
    return Verdict(Refuse(FailedPrecondition("NOT_COMMITTED", prepare.revert().qualification() + " has no part here")));
  Reply reply;
  qualification::v1::Undo undo;
  if (!reply.ParseFromString(then.reply) || !undo.ParseFromString(then.undo))
    return DataLoss("what " + prepare.revert().qualification() + " did here cannot be read");
  Ready ready;
  Blocked blocked;
  for (const RecordOutcome& outcome : reply.prepared().records()) {
    if (Status refused = GiveBack(transaction, outcome, reverted, undo, own, ready, blocked); !refused.ok()) {
      if (refused.error().code != Code::kFailedPrecondition) return std::move(refused).error();
      return Verdict(Refuse(refused.error()));
    }
  }
  if (!blocked.by.empty()) return Verdict(std::move(blocked));
  if (Status unused = CheckUnused(transaction, prepare.revert(), ready); !unused.ok()) {
    if (unused.error().code != Code::kFailedPrecondition) return std::move(unused).error();
    return Verdict(Refuse(unused.error()));
  }
  return Verdict(std::move(ready));
}

Status Participant::GiveBack(storage::Transaction& transaction, const RecordOutcome& outcome,
                             const std::string& reverted, const qualification::v1::Undo& undo, const std::string& own,
                             Ready& ready, Blocked& blocked) const {
  const std::string id = resource::IdOf(outcome.name());
  const auto undone = std::ranges::find(undo.records(), id, &qualification::v1::RecordUndo::id);
  const bool is_lead = kind_.participant() == qualification::v1::LEAD;
  const bool was_there = outcome.kind() != RecordOutcome::OPENED && !is_lead;
  // An attach that filled nothing has left nothing.
  if (was_there && undone == undo.records().end()) return {};
  QUARTET_ASSIGN_OR_RETURN(auto intents, intents_.OnRecord(transaction, id));
  std::erase_if(intents, [&](const Intent& i) { return i.qualification_id == own; });
  blocked.by.insert(blocked.by.end(), intents.begin(), intents.end());
  QUARTET_ASSIGN_OR_RETURN(const auto record, records_.Find(transaction, id));
  RecordOutcome& planned = *ready.planned.emplace_back().mutable_outcome();
  planned.set_name(outcome.name());
  planned.set_kind(was_there || is_lead ? RecordOutcome::RESTORED : RecordOutcome::REMOVED);
  Intent intent{.record_id = id, .qualification_id = "", .kind = IntentKind::kRevert, .proposal = "", .reserved = {}};
  if (was_there) {
    std::vector<std::string> fields;
    if (record) {
      QUARTET_ASSIGN_OR_RETURN(fields, kind_.Restorable(*record, *undone));
    }
    // All that was filled has been changed since, and stays.
    if (fields.empty()) {
      ready.planned.pop_back();
      return {};
    }
    intent.kind = IntentKind::kRestore;
    planned.mutable_cleared_fields()->Assign(fields.begin(), fields.end());
  } else {
    if (!record || record->delete_time_us != 0)
      return FailedPrecondition("RECORD_CHANGED", outcome.name() + " has been deleted since");
    QUARTET_RETURN_IF_ERROR(kind_.CheckUntouched(*record, reverted));
  }
  if (undone != undo.records().end()) intent.proposal = undone->SerializeAsString();
  ready.intents.push_back(std::move(intent));
  *ready.prepared.add_records() = outcome;
  return {};
}

Status Participant::CheckUnused(storage::Transaction& transaction, const qualification::v1::Prepare::Revert& revert,
                                const Ready& ready) const {
  const int handled = static_cast<int>(ready.intents.size());
  for (const std::string& gone : revert.gone()) {
    for (const resource::Reference& reference : records_.schema().references) {
      QUARTET_ASSIGN_OR_RETURN(const auto users, records_.Referring(transaction, reference.column, gone, handled + 1));
      for (const std::string& user : users) {
        if (std::ranges::find(ready.intents, user, &Intent::record_id) != ready.intents.end()) continue;
        const std::string name = resource::NameOf(records_.schema().collection, user);
        Error error = FailedPrecondition("RECORD_IN_USE", name + " names " + gone + ", which this would remove");
        error.metadata = {{"record", gone}, {"used_by", name}};
        return error;
      }
    }
  }
  return {};
}

Result<qualification::v1::PreviewPrepareResponse> Participant::Preview(const qualification::v1::Prepare& prepare) {
  QUARTET_ASSIGN_OR_RETURN(const auto evaluation, Evaluate(prepare));
  ReferenceStates known;
  for (int round = 0;; ++round) {
    std::optional<Verdict> verdict;
    QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
      if (transaction.IsRemote()) {
        QUARTET_RETURN_IF_ERROR(evaluation->Expect(transaction, 0));
        QUARTET_RETURN_IF_ERROR(evaluation->Expect(transaction, 1));
      }
      QUARTET_ASSIGN_OR_RETURN(verdict, evaluation->Run(transaction, known));
      return {};
    }));
    qualification::v1::PreviewPrepareResponse response;
    if (auto* ready = std::get_if<Ready>(&*verdict)) {
      for (PlannedRecord& planned : ready->planned) {
        // The name that it would have now is not the one that it will have.
        if (planned.outcome().kind() == RecordOutcome::OPENED) planned.mutable_outcome()->clear_name();
        *response.add_records() = std::move(planned);
      }
      response.set_contact_account(ready->prepared.contact_account());
      return response;
    }
    if (auto* refused = std::get_if<qualification::v1::Refused>(&*verdict)) {
      *response.mutable_refusal() = std::move(*refused->mutable_status());
      return response;
    }
    if (const auto* unknown = std::get_if<Unknown>(&*verdict)) {
      QUARTET_ASSIGN_OR_RETURN(auto states, references_.LookUp(unknown->names));
      known.merge(states);
      continue;
    }
    const auto& by = std::get<Blocked>(*verdict).by;
    QUARTET_ASSIGN_OR_RETURN(const Decisions asked, decisions_.Ask(IdsOf(by)));
    const bool undecided = std::any_of(by.begin(), by.end(), [&](const Intent& intent) {
      return Resolution::IsUndecided(intent, asked.at(intent.qualification_id));
    });
    if (undecided || round == kResolveRoundsMax) {
      *response.mutable_refusal() = rpc::ToRpcStatus(Aborted(
          "RECORD_IN_QUALIFICATION", "a record it needs is being qualified right now", std::chrono::milliseconds(100)));
      return response;
    }
    QUARTET_RETURN_IF_ERROR(resolution_.ResolveEach(outbox_, asked));
  }
}

Status Participant::ResolveOldIntents(std::chrono::microseconds age) {
  std::vector<std::string> holders;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
    QUARTET_ASSIGN_OR_RETURN(holders,
                             intents_.OlderThan(transaction, clock_.NowMicros() - age.count(), kOldIntentsMax));
    return {};
  }));
  if (holders.empty()) return {};
  QUARTET_ASSIGN_OR_RETURN(const Decisions asked, decisions_.Ask(holders));
  return resolution_.ResolveEach(outbox_, asked);
}

}  // namespace quartet::commit
