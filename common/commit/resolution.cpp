#include "common/commit/resolution.h"

#include <algorithm>
#include <limits>

#include "common/resource/resource_name.h"

namespace quartet::commit {
namespace {

using State = Participation::State;
constexpr std::int64_t kAllAttempts = std::numeric_limits<std::int64_t>::max();

bool HoldsLock(const std::vector<Intent>& held) {
  return std::any_of(held.begin(), held.end(), [](const Intent& intent) { return OutlivesAttempts(intent.kind); });
}

}  // namespace

bool Resolution::IsCommitted(const Intent& intent, const Decision& decision) {
  return decision.outcome() == Decision::COMMITTED &&
         (OutlivesAttempts(intent.kind) || intent.attempt == decision.attempt());
}

bool Resolution::IsUndecided(const Intent& intent, const Decision& decision) {
  return decision.outcome() == Decision::UNDECIDED &&
         (OutlivesAttempts(intent.kind) || intent.attempt >= decision.attempt());
}

Status Resolution::Resolve(storage::Transaction& transaction, const Decision& decision, bool acknowledge,
                           std::vector<events::Message>& out) const {
  const std::string id = resource::IdOf(decision.qualification());
  QUARTET_ASSIGN_OR_RETURN(Participation mine, intents_.FindParticipation(transaction, id));
  const Participation before = mine;
  if (mine.state == State::kHeld) {
    QUARTET_ASSIGN_OR_RETURN(const auto held, intents_.Of(transaction, mine));
    // Intents of one participation share an attempt, so the first speaks for all.
    const bool lock = HoldsLock(held);
    const bool committed = decision.outcome() == Decision::COMMITTED;
    if (committed && (lock || mine.attempt == decision.attempt())) {
      QUARTET_RETURN_IF_ERROR(Finalise(transaction, mine, held, decision, out));
      mine.state = State::kFinal;
      mine.records.clear();
    } else if (committed || (!lock && mine.attempt < decision.attempt() && decision.outcome() == Decision::UNDECIDED)) {
      QUARTET_RETURN_IF_ERROR(Void(transaction, mine, decision.attempt() - 1));
    }
  }
  if (decision.outcome() == Decision::ABORTED && mine.state != State::kFinal && mine.void_through != kAllAttempts)
    QUARTET_RETURN_IF_ERROR(Void(transaction, mine, kAllAttempts));
  if (mine.state != before.state || mine.void_through != before.void_through)
    QUARTET_RETURN_IF_ERROR(intents_.SaveParticipation(transaction, mine, clock_.NowMicros()));
  const bool over = mine.state == State::kFinal || mine.void_through == kAllAttempts;
  if (acknowledge && over && decision.outcome() != Decision::UNDECIDED) {
    qualification::v1::Reply reply;
    reply.set_participant(kind_.participant());
    reply.mutable_acknowledged()->add_qualifications(decision.qualification());
    out.push_back(ReplyMessage(reply));
    out.back().subject = decision.qualification();
    out.back().carriage = events::Carriage::kJoined;
  }
  return {};
}

Status Resolution::Release(storage::Transaction& transaction, const std::string& qualification_id,
                           std::int64_t attempt) const {
  QUARTET_ASSIGN_OR_RETURN(Participation mine, intents_.FindParticipation(transaction, qualification_id));
  if (mine.state == State::kFinal || mine.void_through >= attempt) return {};
  if (mine.state == State::kHeld && mine.attempt > attempt) {
    mine.void_through = attempt;
  } else {
    QUARTET_RETURN_IF_ERROR(Void(transaction, mine, attempt));
  }
  return intents_.SaveParticipation(transaction, mine, clock_.NowMicros());
}

Status Resolution::Void(storage::Transaction& transaction, Participation& participation, std::int64_t through) const {
  if (participation.state == State::kHeld) {
    QUARTET_ASSIGN_OR_RETURN(const auto held, intents_.Of(transaction, participation));
    for (const Intent& intent : held) {
      for (const identity::Identity& identity : intent.reserved)
        QUARTET_RETURN_IF_ERROR(records_.Free(transaction, identity, intent.record_id));
    }
    QUARTET_RETURN_IF_ERROR(intents_.DeleteAllOf(transaction, participation));
  }
  participation.state = State::kNone;
  participation.attempt = -1;
  participation.reply.clear();
  participation.records.clear();
  participation.void_through = std::max(participation.void_through, through);
  return {};
}

Status Resolution::Finalise(storage::Transaction& transaction, const Participation& participation,
                            const std::vector<Intent>& held, const Decision& decision,
                            std::vector<events::Message>& out) const {
  for (const Intent& intent : held) {
    std::optional<resource::Record> before;
    if (intent.kind != IntentKind::kOpen) {
      QUARTET_ASSIGN_OR_RETURN(before, records_.Find(transaction, intent.record_id));
    }
    QUARTET_ASSIGN_OR_RETURN(Change change, kind_.Apply(intent, before, decision));
    if (!change.after)
      QUARTET_RETURN_IF_ERROR(records_.Remove(transaction, intent.record_id));
    else if (before)
      QUARTET_RETURN_IF_ERROR(records_.Update(transaction, *change.after, *before));
    else
      QUARTET_RETURN_IF_ERROR(records_.Insert(transaction, *change.after));
    if (intent.kind == IntentKind::kFill && change.after) {
      // One that it had formerly may be shown again.
      for (const identity::Identity& identity : change.after->identities)
        QUARTET_RETURN_IF_ERROR(records_.MarkFormer(transaction, identity, intent.record_id, false));
    }
    out.push_back(std::move(change.event));
  }
  return intents_.DeleteAllOf(transaction, participation);
}

events::Message Resolution::ReplyMessage(const qualification::v1::Reply& reply) const {
  events::Message message;
  message.topic = "qualification.replies";
  message.type = "quartet.qualification.v1.Reply";
  message.source = "/" + std::string(records_.schema().table);
  message.subject = reply.qualification();
  message.data = reply.SerializeAsString();
  // The command comes again until the orchestrator has heard this.
  message.carriage = events::Carriage::kResent;
  return message;
}

}  // namespace quartet::commit
