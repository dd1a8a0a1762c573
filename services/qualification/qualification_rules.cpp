#include "services/qualification/qualification_rules.h"

#include <algorithm>
#include <tuple>

#include <google/protobuf/util/time_util.h>

#include "common/resource/resource_name.h"
#include "common/rpc/error_mapping.h"
#include "services/qualification/qualification_plan.h"

namespace quartet::qualification {
namespace {

using v1::Participant;
using State = v1::Qualification::State;

// A reply takes milliseconds; a message that is missing after so long is sent
// again, then ever more slowly so that a backlog is not made longer.
constexpr std::int64_t kRedriveFirst_us = 1'000'000;
constexpr std::int64_t kRedriveMax_us = 30'000'000;

template <class List>
bool Contains(const List& list, Participant participant) {
  return std::find(list.begin(), list.end(), participant) != list.end();
}

std::string NameOf(const Row& row) {
  return resource::NameOf("qualifications", row.id);
}

void ScheduleRedrive(Row& row, std::int64_t now_us) {
  const std::int64_t doublings = std::min<std::int64_t>(row.redrive_count, 5);
  row.redrive_time_us = now_us + std::min(kRedriveFirst_us << doublings, kRedriveMax_us);
}

void MoveTo(Row& row, State state, std::int64_t now_us) {
  row.qualification().set_state(state);
  row.update_time_us = now_us;
  *row.qualification().mutable_update_time() = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(now_us);
  if (row.decided()) row.plan.Clear();
  // The time set before will do unless it is near or far: each change of it is
  // a change of an index.
  const std::int64_t left_us = row.redrive_time_us - now_us;
  row.redrive_count = 0;
  if (left_us < kRedriveFirst_us / 2 || left_us > kRedriveFirst_us) ScheduleRedrive(row, now_us);
}

Participant ParticipantOf(const v1::Prepare& prepare) {
  switch (prepare.work_case()) {
    case v1::Prepare::kLead:
      return v1::LEAD;
    case v1::Prepare::kAccount:
      return v1::ACCOUNT;
    case v1::Prepare::kContact:
      return v1::CONTACT;
    case v1::Prepare::kOpportunities:
      return v1::OPPORTUNITY;
    case v1::Prepare::kRevert:
    case v1::Prepare::WORK_NOT_SET:
      break;
  }
  return v1::PARTICIPANT_UNSPECIFIED;
}

Send PrepareFor(const Row& row, Participant to, v1::Prepare prepare) {
  Send send{to, {}};
  prepare.set_qualification(NameOf(row));
  prepare.set_attempt(row.qualification().attempt());
  prepare.set_create_time_us(row.create_time_us);
  *send.command.mutable_prepare() = std::move(prepare);
  return send;
}

Send LockLead(const Row& row) {
  v1::Prepare prepare;
  prepare.mutable_lead()->set_name(row.qualification().lead());
  return PrepareFor(row, v1::LEAD, std::move(prepare));
}

// The prepares whose answers are missing: all, or only that of `only`.
void SendPrepares(const Row& row, Step& step, std::optional<Participant> only = std::nullopt) {
  const auto wanted = [&](Participant to) { return !Contains(row.stored.prepared(), to) && (!only || *only == to); };
  if (row.qualification().kind() == v1::Qualification::REVERT) {
    v1::Prepare prepare;
    prepare.mutable_revert()->set_qualification(row.qualification().reverts());
    *prepare.mutable_revert()->mutable_gone() = row.stored.gone();
    for (const int participant : row.stored.participants()) {
      const auto to = static_cast<Participant>(participant);
      if (wanted(to)) step.sends.push_back(PrepareFor(row, to, prepare));
    }
    return;
  }
  for (const v1::Prepare& prepare : row.plan.prepares()) {
    const Participant to = ParticipantOf(prepare);
    if (wanted(to)) step.sends.push_back(PrepareFor(row, to, prepare));
  }
}

// Attempts up to the one before this are void, at all but a locked lead.
void SendReleases(const Row& row, Step& step) {
  for (const int participant : row.stored.participants()) {
    const auto to = static_cast<Participant>(participant);
    if (to == v1::LEAD && row.qualification().kind() == v1::Qualification::QUALIFY) continue;
    Send send{to, {}};
    send.command.mutable_release()->set_qualification(NameOf(row));
    send.command.mutable_release()->set_attempt(row.qualification().attempt() - 1);
    step.sends.push_back(std::move(send));
  }
}

void SendDecision(const Row& row, Step& step) {
  for (const int participant : row.stored.participants()) {
    const auto to = static_cast<Participant>(participant);
    if (Contains(row.stored.acknowledged(), to)) continue;
    Send send{to, {}};
    *send.command.mutable_decisions()->add_decisions() = DecisionOf(row);
    step.sends.push_back(std::move(send));
  }
}

// What was prepared is void, and its names will never be seen.
void ForgetAttempt(Row& row) {
  row.stored.clear_prepared();
  row.stored.clear_contact_account();
  row.qualification().clear_account();
  row.qualification().clear_contact();
  row.qualification().clear_opportunities();
}

void Abort(Row& row, google::rpc::Status failure, std::int64_t now_us, Step& step) {
  *row.qualification().mutable_failure() = std::move(failure);
  ForgetAttempt(row);
  row.waits_for.clear();
  MoveTo(row, v1::Qualification::ABORTED, now_us);
  SendDecision(row, step);
  step.changed = true;
}

void Count(Row& row, const v1::Reply& reply) {
  const v1::Prepared& prepared = reply.prepared();
  row.stored.add_prepared(reply.participant());
  v1::Qualification& qualification = row.qualification();
  if (qualification.kind() == v1::Qualification::REVERT) return;
  switch (reply.participant()) {
    case v1::ACCOUNT:
      *qualification.mutable_account() = prepared.records(0);
      break;
    case v1::CONTACT:
      *qualification.mutable_contact() = prepared.records(0);
      row.stored.set_contact_account(prepared.contact_account());
      break;
    case v1::OPPORTUNITY:
      *qualification.mutable_opportunities() = prepared.records();
      break;
    default:
      break;
  }
}

// An account or a contact that is prepared has a name.
bool IsComplete(const Row& row, const v1::Reply& reply) {
  const bool names_one = reply.participant() == v1::ACCOUNT || reply.participant() == v1::CONTACT;
  return row.qualification().kind() == v1::Qualification::REVERT || !names_one || !reply.prepared().records().empty();
}

void OnPrepared(Row& row, const v1::Reply& reply, std::int64_t now_us, Step& step) {
  if (!IsComplete(row, reply)) return;
  Count(row, reply);
  step.changed = true;
  for (const int participant : row.stored.participants()) {
    const auto needed = static_cast<Participant>(participant);
    const bool locked = needed == v1::LEAD && row.qualification().kind() == v1::Qualification::QUALIFY;
    if (!locked && !Contains(row.stored.prepared(), needed)) return;
  }
  const v1::Qualification& qualification = row.qualification();
  if (const auto misfit =
          Misfit(qualification.contact().name(), row.stored.contact_account(), qualification.account())) {
    Abort(row, rpc::ToRpcStatus(*misfit), now_us, step);
    return;
  }
  row.waits_for.clear();
  MoveTo(row, v1::Qualification::COMMITTED, now_us);
  SendDecision(row, step);
}

void OnLocked(Row& row, const v1::Reply& reply, std::int64_t now_us, Step& step) {
  // Whoever began it may have used this attempt.
  if (row.is_read) row.qualification().set_attempt(row.qualification().attempt() + 1);
  row.plan = MakePlan(reply.prepared().lead(), row.qualification().options(), NameOf(row));
  row.stored.set_company_key(CompanyKey(row.plan));
  for (const v1::Prepare& prepare : row.plan.prepares()) row.stored.add_participants(ParticipantOf(prepare));
  MoveTo(row, v1::Qualification::PREPARING, now_us);
  SendPrepares(row, step);
  step.changed = true;
}

void OnBusy(Row& row, const v1::Reply& reply, const Holder& holder, std::int64_t now_us, Step& step) {
  const std::string holder_id = resource::IdOf(reply.busy().holder());
  if (holder.decided) {
    // The participant can know by now: it is asked again at once.
    SendPrepares(row, step, reply.participant());
    return;
  }
  if (row.waits_for == holder_id) return;
  row.waits_for = holder_id;
  step.changed = true;
  if (!IsOlder(holder.create_time_us, holder_id, row.create_time_us, row.id)) return;
  // Wait-die (rule 9): the younger releases what it holds, and asks again only
  // when the older one is decided.
  row.qualification().set_attempt(row.qualification().attempt() + 1);
  ForgetAttempt(row);
  MoveTo(row, v1::Qualification::PARKED, now_us);
  SendReleases(row, step);
}

void OnAcknowledged(Row& row, Participant from, Step& step) {
  if (!Contains(row.stored.participants(), from) || Contains(row.stored.acknowledged(), from)) return;
  row.stored.add_acknowledged(from);
  if (IsOver(row)) row.redrive_time_us = 0;
  step.changed = true;
}

void Unpark(Row& row, std::int64_t now_us, Step& step) {
  row.waits_for.clear();
  MoveTo(row, v1::Qualification::PREPARING, now_us);
  SendPrepares(row, step);
  step.changed = true;
}

}  // namespace

std::optional<Error> Misfit(const std::string& contact, const std::string& contact_account,
                            const v1::RecordOutcome& account) {
  const bool has_account = account.kind() != v1::RecordOutcome::KIND_UNSPECIFIED;
  if (contact_account.empty() || !has_account || contact_account == account.name()) return std::nullopt;
  const std::string chosen = account.name().empty() ? "a new account" : account.name();
  Error error =
      FailedPrecondition("CONTACT_ACCOUNT_MISMATCH", contact + " belongs to " + contact_account + ", not to " + chosen);
  error.metadata = {{"contact", contact}, {"contact_account", contact_account}, {"account", chosen}};
  return error;
}

std::optional<Error> CheckRevertible(const v1::Qualification& qualification) {
  if (qualification.state() == v1::Qualification::COMMITTED && qualification.kind() == v1::Qualification::QUALIFY)
    return std::nullopt;
  return FailedPrecondition("NOT_COMMITTED", qualification.name() + " is not a committed qualification of a lead");
}

std::vector<std::string> OpenedBy(const v1::Qualification& qualification) {
  std::vector<std::string> names;
  const auto note = [&names](const v1::RecordOutcome& record) {
    if (record.kind() == v1::RecordOutcome::OPENED) names.push_back(record.name());
  };
  note(qualification.account());
  note(qualification.contact());
  for (const v1::RecordOutcome& record : qualification.opportunities()) note(record);
  return names;
}

bool IsDue(const Row& row, std::int64_t now_us) {
  static_assert(kRedriveAheadMax_us > kRedriveMax_us);
  return row.redrive_time_us != 0 &&
         (row.redrive_time_us <= now_us || row.redrive_time_us > now_us + kRedriveAheadMax_us);
}

bool IsOver(const Row& row) {
  return row.decided() && row.stored.acknowledged_size() == row.stored.participants_size();
}

bool IsOlder(std::int64_t create_time_a_us, const std::string& a, std::int64_t create_time_b_us, const std::string& b) {
  return std::tie(create_time_a_us, a) < std::tie(create_time_b_us, b);
}

Step StartQualify(Row& row, std::int64_t now_us) {
  Step step{.changed = true, .sends = {}};
  row.create_time_us = now_us;
  row.stored.add_participants(v1::LEAD);
  *row.qualification().mutable_create_time() = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(now_us);
  MoveTo(row, v1::Qualification::STARTED, now_us);
  step.sends.push_back(LockLead(row));
  return step;
}

Step StartRevert(Row& row, const Row& reverted, std::int64_t now_us) {
  Step step{.changed = true, .sends = {}};
  row.create_time_us = now_us;
  *row.stored.mutable_participants() = reverted.stored.participants();
  row.stored.set_company_key(reverted.stored.company_key());
  for (std::string& name : OpenedBy(reverted.qualification())) row.stored.add_gone(std::move(name));
  *row.qualification().mutable_create_time() = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(now_us);
  MoveTo(row, v1::Qualification::PREPARING, now_us);
  SendPrepares(row, step);
  return step;
}

Step OnReply(Row& row, const v1::Reply& reply, const Holder& holder, std::int64_t now_us) {
  Step step;
  const bool from_lock = reply.participant() == v1::LEAD && row.qualification().kind() == v1::Qualification::QUALIFY;
  const State expected = from_lock ? v1::Qualification::STARTED : v1::Qualification::PREPARING;
  if (reply.has_acknowledged()) {
    if (row.decided()) OnAcknowledged(row, reply.participant(), step);
    return step;
  }
  // Rule 2: a reply counts only if its attempt is the row's, the row is in the
  // state that expects it, and that participant is not yet counted.
  if (row.state() != expected || reply.attempt() != row.qualification().attempt() ||
      !Contains(row.stored.participants(), reply.participant()) || Contains(row.stored.prepared(), reply.participant()))
    return step;
  switch (reply.kind_case()) {
    case v1::Reply::kPrepared:
      if (from_lock)
        OnLocked(row, reply, now_us, step);
      else
        OnPrepared(row, reply, now_us, step);
      break;
    case v1::Reply::kBusy:
      OnBusy(row, reply, holder, now_us, step);
      break;
    case v1::Reply::kRefused:
      row.qualification().set_holder(reply.refused().holder());
      Abort(row, reply.refused().status(), now_us, step);
      break;
    default:
      break;
  }
  return step;
}

Step OnLockedUnwritten(Row& row, const v1::Reply& reply, std::int64_t now_us) {
  if (row.is_read || row.state() != v1::Qualification::STARTED || reply.participant() != v1::LEAD ||
      !reply.has_prepared())
    return {};
  // The stored one is driven again when it was to be.
  const std::int64_t redrive_time_us = row.redrive_time_us;
  Step step = OnReply(row, reply, Holder{}, now_us);
  row.redrive_time_us = redrive_time_us;
  row.unwritten = step.changed;
  return step;
}

Step OnHolderGone(Row& row, bool holder_decided, std::int64_t now_us) {
  Step step;
  if (row.state() == v1::Qualification::PARKED && holder_decided) {
    Unpark(row, now_us, step);
  } else if (row.state() == v1::Qualification::PREPARING) {
    row.waits_for.clear();
    SendPrepares(row, step);
    step.changed = true;
  }
  return step;
}

Step OnRedrive(Row& row, bool holder_decided, std::int64_t now_us) {
  if (IsOver(row)) return {};
  Step step{.changed = true, .sends = {}};
  ++row.redrive_count;
  ScheduleRedrive(row, now_us);
  switch (row.state()) {
    case v1::Qualification::STARTED:
      step.sends.push_back(LockLead(row));
      break;
    case v1::Qualification::PREPARING:
      SendPrepares(row, step);
      break;
    case v1::Qualification::PARKED:
      if (holder_decided)
        Unpark(row, now_us, step);
      else
        SendReleases(row, step);
      break;
    default:
      SendDecision(row, step);
      break;
  }
  return step;
}

Step Cancel(Row& row, std::int64_t now_us) {
  Step step;
  if (row.decided()) return step;
  // Whoever began it may have asked all of them already.
  if (row.state() == v1::Qualification::STARTED) {
    for (const Participant other : {v1::ACCOUNT, v1::CONTACT, v1::OPPORTUNITY}) row.stored.add_participants(other);
  }
  Abort(row, rpc::ToRpcStatus(Aborted("QUALIFICATION_CANCELED", NameOf(row) + " was canceled")), now_us, step);
  return step;
}

v1::Decision DecisionOf(const Row& row) {
  v1::Decision decision;
  const v1::Qualification& qualification = row.qualification();
  decision.set_qualification(NameOf(row));
  decision.set_attempt(qualification.attempt());
  if (row.state() == v1::Qualification::ABORTED) {
    decision.set_outcome(v1::Decision::ABORTED);
  } else if (row.state() != v1::Qualification::COMMITTED) {
    decision.set_outcome(v1::Decision::UNDECIDED);
  } else {
    decision.set_outcome(v1::Decision::COMMITTED);
    decision.set_decide_time_us(row.update_time_us);
    v1::Names& names = *decision.mutable_names();
    names.set_lead(qualification.lead());
    names.set_account(qualification.account().name());
    names.set_contact(qualification.contact().name());
    for (const auto& record : qualification.opportunities()) names.add_opportunities(record.name());
  }
  return decision;
}

}  // namespace quartet::qualification
