#include "common/commit/resolution.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>

#include "common/base/id_source.h"
#include "common/events/outbox/write_items.h"
#include "common/resource/resource_name.h"

namespace quartet::commit {
namespace {

using State = Participation::State;
constexpr std::int64_t kAllAttempts = std::numeric_limits<std::int64_t>::max();

std::string DigestOf(const identity::Identity& identity) {
  return UuidV5(std::to_string(static_cast<int>(identity.kind)) + " " + identity.value);
}

bool IsDecided(const Decision& decision) {
  return decision.outcome() == Decision::COMMITTED || decision.outcome() == Decision::ABORTED;
}

bool HoldsLock(const std::vector<Intent>& held) {
  return std::any_of(held.begin(), held.end(), [](const Intent& intent) { return OutlivesAttempts(intent.kind); });
}

// What cannot be if the protocol holds and no database has lost anything; nothing if all is well.
std::optional<std::string_view> Contradiction(const Participation& mine, bool lock, qualification::v1::Participant self,
                                              const Decision& decision) {
  if (decision.outcome() == Decision::ABORTED && mine.state == State::kFinal) return "aborted_but_final";
  if (decision.outcome() == Decision::FORGOTTEN && mine.state == State::kHeld) return "held_but_forgotten";
  if (decision.outcome() != Decision::COMMITTED) return std::nullopt;
  // The orchestrator commits what was prepared here in that attempt. A lock is of all attempts; whether one was held
  // is not known any more once it is final.
  if (mine.state == State::kNone)
    return mine.void_through >= decision.attempt() || mine.void_through == kAllAttempts ? "committed_but_voided"
                                                                                        : "committed_but_unknown";
  if (lock || mine.attempt == decision.attempt()) return std::nullopt;
  if (mine.state == State::kFinal && self == qualification::v1::LEAD) return std::nullopt;
  return "committed_in_another_attempt";
}

}  // namespace

bool Resolution::IsCommitted(const Intent& intent, const Decision& decision) {
  return decision.outcome() == Decision::COMMITTED &&
         (OutlivesAttempts(intent.kind) || intent.attempt == decision.attempt());
}

bool Resolution::IsUndecided(const Intent& intent, const Decision& decision) {
  // What was decided is not known any more, so nothing may be concluded from it.
  if (decision.outcome() == Decision::FORGOTTEN) return true;
  return decision.outcome() == Decision::UNDECIDED &&
         (OutlivesAttempts(intent.kind) || intent.attempt >= decision.attempt());
}

Status Resolution::Resolve(storage::Transaction& transaction, const Decision& decision, bool acknowledge,
                           std::vector<events::Message>& out) const {
  const std::string id = resource::IdOf(decision.qualification());
  QUARTET_ASSIGN_OR_RETURN(Participation mine, intents_.FindParticipation(transaction, id));
  std::vector<Intent> held;
  if (mine.state == State::kHeld) {
    QUARTET_ASSIGN_OR_RETURN(held, intents_.Of(transaction, mine));
  }
  // Intents of one participation share an attempt, so the first speaks for all.
  const bool lock = HoldsLock(held);
  if (const auto contradiction = Contradiction(mine, lock, kind_.participant(), decision)) {
    contradictions_.Report(*contradiction, {{"qualification", decision.qualification()},
                                            {"service", std::string(records_.schema().table)},
                                            {"outcome", Decision::Outcome_Name(decision.outcome())},
                                            {"attempt", std::to_string(decision.attempt())},
                                            {"attempt_here", std::to_string(mine.attempt)},
                                            {"void_through", std::to_string(mine.void_through)}});
    // Whatever else is true, lower attempts are void.
    if (mine.state != State::kHeld || mine.attempt >= decision.attempt()) return {};
    QUARTET_RETURN_IF_ERROR(Void(transaction, mine, decision.attempt() - 1));
    return intents_.SaveParticipation(transaction, mine, clock_.NowMicros());
  }
  const Participation before = mine;
  if (decision.outcome() == Decision::COMMITTED && mine.state == State::kHeld) {
    QUARTET_RETURN_IF_ERROR(Finalise(transaction, mine, held, decision, out));
  } else if (decision.outcome() == Decision::UNDECIDED && mine.state == State::kHeld && !lock &&
             mine.attempt < decision.attempt()) {
    QUARTET_RETURN_IF_ERROR(Void(transaction, mine, decision.attempt() - 1));
  } else if (decision.outcome() == Decision::ABORTED && mine.void_through != kAllAttempts) {
    QUARTET_RETURN_IF_ERROR(Void(transaction, mine, kAllAttempts));
  }
  if (mine.state != before.state || mine.void_through != before.void_through)
    QUARTET_RETURN_IF_ERROR(intents_.SaveParticipation(transaction, mine, clock_.NowMicros()));
  const bool over = mine.state == State::kFinal || mine.void_through == kAllAttempts;
  if (acknowledge && over && IsDecided(decision)) {
    qualification::v1::Reply reply;
    reply.set_participant(kind_.participant());
    reply.mutable_acknowledged()->add_qualifications(decision.qualification());
    out.push_back(ReplyMessage(reply));
    out.back().subject = decision.qualification();
    out.back().carriage = events::Carriage::kJoined;
  }
  return {};
}

Status Resolution::ResolveEach(events::Outbox& outbox, const Decisions& decisions) const {
  std::vector<const Decision*> each;
  for (const auto& [id, decision] : decisions) each.push_back(&decision);
  events::ItemWork work{.count = each.size()};
  work.run = [&](std::size_t item, storage::Transaction& transaction, std::vector<events::Message>& out) {
    return Resolve(transaction, *each[item], /*acknowledge=*/true, out);
  };
  for (Status& status : events::WriteItems(outbox, work)) {
    if (!status.ok()) return std::move(status);
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
  participation.undo.clear();
  participation.records.clear();
  participation.void_through = std::max(participation.void_through, through);
  return {};
}

Status Resolution::Finalise(storage::Transaction& transaction, Participation& participation,
                            const std::vector<Intent>& held, const Decision& decision,
                            std::vector<events::Message>& out) const {
  qualification::v1::Undo undo;
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
    if (change.after) QUARTET_RETURN_IF_ERROR(FinaliseIdentities(transaction, intent, *change.after));
    if (change.undo) {
      change.undo->set_id(intent.record_id);
      for (const identity::Identity& identity : intent.reserved) change.undo->add_identities(DigestOf(identity));
      *undo.add_records() = *std::move(change.undo);
    }
    out.push_back(std::move(change.event));
  }
  QUARTET_RETURN_IF_ERROR(intents_.DeleteAllOf(transaction, participation));
  participation.state = State::kFinal;
  participation.records.clear();
  participation.undo = undo.SerializeAsString();
  return {};
}

Status Resolution::FinaliseIdentities(storage::Transaction& transaction, const Intent& intent,
                                      const resource::Record& after) const {
  if (intent.kind == IntentKind::kFill) {
    // One that it had formerly may be shown again.
    for (const identity::Identity& identity : after.identities)
      QUARTET_RETURN_IF_ERROR(records_.MarkFormer(transaction, identity, intent.record_id, false));
  }
  if (intent.kind == IntentKind::kRestore) {
    qualification::v1::RecordUndo undo;
    if (!undo.ParseFromString(intent.proposal)) return DataLoss("a stored undo cannot be read");
    // What it shows no more goes if it came by what is taken back, and leads here still if not.
    QUARTET_ASSIGN_OR_RETURN(const auto own, records_.IdentitiesOf(transaction, intent.record_id));
    for (const auto& [identity, former] : own) {
      if (former || std::ranges::binary_search(after.identities, identity)) continue;
      const auto& came = undo.identities();
      QUARTET_RETURN_IF_ERROR(std::ranges::find(came, DigestOf(identity)) != came.end()
                                  ? records_.Free(transaction, identity, intent.record_id)
                                  : records_.MarkFormer(transaction, identity, intent.record_id, true));
    }
  }
  return {};
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
