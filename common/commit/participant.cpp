#include "common/commit/participant.h"

#include <algorithm>
#include <latch>
#include <utility>

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
constexpr int kRoundsMax = 4;
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
  std::vector<std::string> holders;
};

Participant::Participant(const RecordKind& kind, const resource::RecordRepository& records,
                         const IntentRepository& intents, const Resolution& resolution, storage::Database& database,
                         events::Outbox& outbox, DecisionSource& decisions, const Clock& clock, IdSource& ids)
    : kind_(kind),
      records_(records),
      intents_(intents),
      resolution_(resolution),
      database_(database),
      outbox_(outbox),
      decisions_(decisions),
      clock_(clock),
      ids_(ids) {}

std::vector<Status> Participant::Handle(std::span<const events::Delivery> deliveries,
                                        std::vector<events::Message>* replies) {
  std::vector<Status> statuses(deliveries.size());
  std::vector<Job> jobs;
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    Command command;
    if (!command.ParseFromString(deliveries[i].message.data)) {
      statuses[i] = Internal("not a serialised quartet.qualification.v1.Command");
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
  Decisions asked;
  for (int round = 0; !pending.empty(); ++round) {
    RunJobs(pending, asked, replies);
    std::erase_if(pending, [](const Job* job) { return job->holders.empty(); });
    if (pending.empty()) break;
    std::vector<std::string> holders;
    for (const Job* job : pending) holders.insert(holders.end(), job->holders.begin(), job->holders.end());
    auto answer = decisions_.Ask(holders);
    for (Job* job : pending) {
      if (!answer.ok())
        job->status = answer.error();
      else if (round == kRoundsMax)
        job->status = Aborted("RECORD_IN_QUALIFICATION", "other qualifications keep the record");
    }
    if (!answer.ok() || round == kRoundsMax) break;
    asked = std::move(answer).value();
  }
  for (Job& job : jobs) {
    if (!job.status.ok()) statuses[job.delivery] = std::move(job.status);
  }
  return statuses;
}

void Participant::RunJobs(std::span<Job*> jobs, const Decisions& asked, std::vector<events::Message>* replies) {
  const auto run = [this, &asked](Job* job, storage::Transaction& transaction, std::vector<events::Message>& out) {
    job->holders.clear();
    return RunCommand(transaction, *job, asked, out);
  };
  const Status all = outbox_.Write(
      [&](storage::Transaction& transaction, std::vector<events::Message>& out) -> Status {
        if (transaction.IsRemote()) QUARTET_RETURN_IF_ERROR(Expect(transaction, jobs, asked));
        QUARTET_RETURN_IF_ERROR(ResolveAll(transaction, asked, out));
        for (Job* job : jobs) QUARTET_RETURN_IF_ERROR(run(job, transaction, out));
        return {};
      },
      replies);
  for (Job* job : jobs) job->status = all;
  if (all.ok()) return;
  // One that fails holds up no other.
  std::latch finished(std::ssize(jobs) + 1);
  // Runs before the jobs, for operations run in their order. If it fails, the
  // jobs meet the same holders again.
  outbox_.Enqueue([this, &asked](storage::Transaction& transaction,
                                 std::vector<events::Message>& out) { return ResolveAll(transaction, asked, out); },
                  [&finished](const Status&) { finished.count_down(); });
  for (Job* job : jobs) {
    outbox_.Enqueue([&run, job](storage::Transaction& transaction,
                                std::vector<events::Message>& out) { return run(job, transaction, out); },
                    [job, &finished](Status status) {
                      if (!status.ok()) job->holders.clear();
                      job->status = std::move(status);
                      finished.count_down();
                    });
  }
  finished.wait();
}

Status Participant::Expect(storage::Transaction& transaction, std::span<Job*> jobs, const Decisions& asked) const {
  std::vector<std::string> decided;
  for (const auto& [id, decision] : asked) decided.push_back(id);
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

Status Participant::ResolveAll(storage::Transaction& transaction, const Decisions& asked,
                               std::vector<events::Message>& out) const {
  for (const auto& [id, decision] : asked)
    QUARTET_RETURN_IF_ERROR(resolution_.Resolve(transaction, decision, /*acknowledge=*/true, out));
  return {};
}

Status Participant::RunCommand(storage::Transaction& transaction, Job& job, const Decisions& asked,
                               std::vector<events::Message>& out) const {
  const Command& command = job.command;
  switch (command.kind_case()) {
    case Command::kPrepare:
      return Prepare(transaction, job, asked, out);
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
  return Internal("a command of an unknown kind");
}

Status Participant::Prepare(storage::Transaction& transaction, Job& job, const Decisions& asked,
                            std::vector<events::Message>& out) const {
  const qualification::v1::Prepare& prepare = job.command.prepare();
  const std::string id = resource::IdOf(prepare.qualification());
  const std::int64_t attempt = prepare.attempt();
  QUARTET_ASSIGN_OR_RETURN(Participation mine, intents_.FindParticipation(transaction, id));
  if (mine.state == State::kFinal || (mine.state == State::kHeld && mine.attempt == attempt)) {
    Reply again;
    if (!again.ParseFromString(mine.reply)) return Internal("a stored reply cannot be read");
    out.push_back(resolution_.ReplyMessage(again));
    return {};
  }
  if (attempt <= mine.void_through || attempt < mine.attempt) return {};
  // Lower attempts are void from here on, whatever this one comes to.
  if (mine.void_through < attempt - 1) {
    QUARTET_RETURN_IF_ERROR(resolution_.Void(transaction, mine, attempt - 1));
    QUARTET_RETURN_IF_ERROR(intents_.SaveParticipation(transaction, mine, clock_.NowMicros()));
  }
  QUARTET_ASSIGN_OR_RETURN(Verdict verdict, job.evaluation->Run(transaction));
  if (auto* ready = std::get_if<Ready>(&verdict)) return Hold(transaction, prepare, std::move(*ready), mine, out);
  Reply reply;
  if (const auto* blocked = std::get_if<Blocked>(&verdict)) {
    for (const Intent& intent : blocked->by) {
      const auto answer = asked.find(intent.qualification_id);
      if (answer == asked.end() || !Resolution::IsUndecided(intent, answer->second)) {
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
    QUARTET_ASSIGN_OR_RETURN(intent.reserved,
                             resource::ClaimIdentities(transaction, records_, intent.reserved, intent.record_id));
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
  mine.reply = message.data;
  QUARTET_RETURN_IF_ERROR(intents_.SaveParticipation(transaction, mine, now_us));
  out.push_back(std::move(message));
  return {};
}

Status Participant::KeepOwned(storage::Transaction& transaction, Intent& intent) const {
  std::vector<identity::Identity> fresh;
  for (identity::Identity& identity : intent.reserved) {
    QUARTET_ASSIGN_OR_RETURN(const auto owner, records_.Owner(transaction, identity));
    if (owner != intent.record_id) fresh.push_back(std::move(identity));
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
    Result<Verdict> Run(storage::Transaction& transaction) const override {
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
  Reply reply;
  if (then.state != State::kFinal || !reply.ParseFromString(then.reply))
    return Verdict(Refuse(FailedPrecondition("NOT_COMMITTED", prepare.revert().qualification() + " has no part here")));
  Ready ready;
  Blocked blocked;
  for (const RecordOutcome& outcome : reply.prepared().records()) {
    if (outcome.kind() != RecordOutcome::OPENED && kind_.participant() != qualification::v1::LEAD) continue;
    const std::string id = resource::IdOf(outcome.name());
    QUARTET_ASSIGN_OR_RETURN(auto intents, intents_.OnRecord(transaction, id));
    std::erase_if(intents, [&](const Intent& i) { return i.qualification_id == own; });
    blocked.by.insert(blocked.by.end(), intents.begin(), intents.end());
    QUARTET_ASSIGN_OR_RETURN(const auto record, records_.Find(transaction, id));
    if (!record || record->delete_time_us != 0)
      return Verdict(Refuse(FailedPrecondition("RECORD_CHANGED", outcome.name() + " has been deleted since")));
    if (Status untouched = kind_.CheckUntouched(*record, reverted); !untouched.ok())
      return Verdict(Refuse(untouched.error()));
    ready.intents.push_back(
        Intent{.record_id = id, .qualification_id = "", .kind = IntentKind::kRevert, .proposal = "", .reserved = {}});
    *ready.prepared.add_records() = outcome;
  }
  if (!blocked.by.empty()) return Verdict(std::move(blocked));
  return Verdict(std::move(ready));
}

Result<qualification::v1::PreviewPrepareResponse> Participant::Preview(const qualification::v1::Prepare& prepare) {
  QUARTET_ASSIGN_OR_RETURN(const auto evaluation, Evaluate(prepare));
  for (int round = 0;; ++round) {
    std::optional<Verdict> verdict;
    QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) -> Status {
      if (transaction.IsRemote()) {
        QUARTET_RETURN_IF_ERROR(evaluation->Expect(transaction, 0));
        QUARTET_RETURN_IF_ERROR(evaluation->Expect(transaction, 1));
      }
      QUARTET_ASSIGN_OR_RETURN(verdict, evaluation->Run(transaction));
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
    const auto& by = std::get<Blocked>(*verdict).by;
    QUARTET_ASSIGN_OR_RETURN(const Decisions asked, decisions_.Ask(IdsOf(by)));
    const bool undecided = std::any_of(by.begin(), by.end(), [&](const Intent& intent) {
      return Resolution::IsUndecided(intent, asked.at(intent.qualification_id));
    });
    if (undecided || round == kRoundsMax) {
      *response.mutable_refusal() = rpc::ToRpcStatus(Aborted(
          "RECORD_IN_QUALIFICATION", "a record it needs is being qualified right now", std::chrono::milliseconds(100)));
      return response;
    }
    QUARTET_RETURN_IF_ERROR(outbox_.Write([&](storage::Transaction& transaction, std::vector<events::Message>& out) {
      return ResolveAll(transaction, asked, out);
    }));
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
  return outbox_.Write([&](storage::Transaction& transaction, std::vector<events::Message>& out) {
    return ResolveAll(transaction, asked, out);
  });
}

}  // namespace quartet::commit
