#include "tests/simulation/model_participant.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/base/result.h"
#include "common/rpc/error_mapping.h"

namespace quartet::test {

using qualification::v1::Command;
using qualification::v1::Participant;

namespace {

constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();

}  // namespace

std::set<std::string> ModelParticipant::Held() const {
  std::set<std::string> held;
  for (const auto& [name, part] : parts_) {
    if (part.attempt >= 0 && !final_.contains(name)) held.insert(name);
  }
  return held;
}

void ModelParticipant::Handle(const Command& command, std::vector<Reply>& out) {
  if (command.has_prepare()) return Prepare(command.prepare(), out);
  if (command.has_release()) {
    // It never changes what is final (rule 5).
    if (const std::string& name = command.release().qualification(); !final_.contains(name))
      Void(parts_[name], command.release().attempt());
    return;
  }
  for (const Decision& decision : command.decisions().decisions()) Resolve(decision, out);
}

void ModelParticipant::ResolveHeld(std::vector<Reply>& out) {
  for (const std::string& name : Held()) {
    if (const auto decision = ask_(name)) Resolve(*decision, out);
  }
}

void ModelParticipant::Void(Part& part, std::int64_t through) {
  part.void_through = std::max(part.void_through, through);
  if (part.attempt > through) return;
  if (!part.record.empty()) holders_.erase(part.record);
  part.record.clear();
  part.attempt = -1;
}

void ModelParticipant::Resolve(const Decision& decision, std::vector<Reply>& out) {
  const std::string& name = decision.qualification();
  Part& part = parts_[name];
  const bool is_final = final_.contains(name);
  switch (decision.outcome()) {
    case Decision::UNDECIDED:
      // The lead's lock belongs to the qualification.
      if (!is_final && self_ != qualification::v1::LEAD && part.attempt < decision.attempt())
        Void(part, decision.attempt() - 1);
      return;
    case Decision::COMMITTED:
      if (!is_final) {
        const bool held = part.attempt >= 0 && (self_ == qualification::v1::LEAD || part.attempt == decision.attempt());
        if (!held) faults_.push_back(name + " is committed, and nothing is held here");
        if (self_ == qualification::v1::LEAD) {
          const auto reverted = reverts_.find(name);
          if (reverted == reverts_.end())
            qualified_[part.record] = name;
          else
            qualified_.erase(part.record);
        }
        if (!part.record.empty()) holders_.erase(part.record);
        final_.insert(name);
      }
      break;
    case Decision::ABORTED:
      if (is_final) faults_.push_back(name + " is aborted, and final here");
      Void(part, kAll);
      break;
    default:
      faults_.push_back(name + " got an outcome that nobody knows");
      return;
  }
  Reply reply;
  reply.set_participant(self_);
  reply.mutable_acknowledged()->add_qualifications(name);
  out.push_back(std::move(reply));
}

std::optional<std::string> ModelParticipant::HolderOf(const std::string& record, const std::string& own, bool& unknown,
                                                      std::vector<Reply>& out) {
  for (int round = 0; round < 4; ++round) {
    const auto held = holders_.find(record);
    if (held == holders_.end() || held->second == own) return std::nullopt;
    const std::string holder = held->second;
    const auto decision = ask_(holder);
    unknown = !decision;
    if (!decision) return std::nullopt;
    Resolve(*decision, out);
    const auto still = holders_.find(record);
    if (still != holders_.end() && still->second == holder) return holder;
  }
  unknown = true;
  return std::nullopt;
}

// Few, so that they are fought for.
std::string ModelParticipant::RecordOf(const qualification::v1::Prepare& prepare) const {
  if (prepare.has_lead()) return prepare.lead().name();
  if (prepare.has_account()) return prepare.account().record().display_name();
  if (prepare.has_contact() && !prepare.contact().record().emails().empty())
    return prepare.contact().record().emails(0).address();
  return "";
}

ModelParticipant::Reply ModelParticipant::ReplyTo(const qualification::v1::Prepare& prepare) const {
  Reply reply;
  reply.set_qualification(prepare.qualification());
  reply.set_attempt(prepare.attempt());
  reply.set_participant(self_);
  return reply;
}

void ModelParticipant::Prepare(const qualification::v1::Prepare& prepare, std::vector<Reply>& out) {
  const std::string& name = prepare.qualification();
  Part& part = parts_[name];
  Reply reply = ReplyTo(prepare);
  const auto prepared = [&] {
    auto& record = *reply.mutable_prepared()->add_records();
    record.set_name("records/" + std::to_string(static_cast<int>(self_)) + name);
    record.set_kind(qualification::v1::RecordOutcome::OPENED);
    if (prepare.has_lead()) {
      lead::v1::Lead& lead = *reply.mutable_prepared()->mutable_lead();
      lead.set_name(prepare.lead().name());
      lead.mutable_person()->set_family_name("Doe");
      // The last digit decides what it fights for.
      lead.add_emails()->set_address(prepare.lead().name().substr(prepare.lead().name().size() - 1) + "@example.com");
      lead.set_company(prepare.lead().name().back() % 2 == 0 ? "Even" : "Odd");
    }
    out.push_back(reply);
  };
  if (final_.contains(name) || (part.attempt >= 0 && part.attempt == prepare.attempt())) return prepared();
  if (prepare.attempt() <= part.void_through || prepare.attempt() < part.attempt) return;
  Void(part, prepare.attempt() - 1);
  const auto refuse = [&](const Error& error, const std::string& holder) {
    *reply.mutable_refused()->mutable_status() = rpc::ToRpcStatus(error);
    reply.mutable_refused()->set_holder(holder);
    out.push_back(reply);
  };
  std::string record = RecordOf(prepare);
  if (prepare.has_revert()) {
    const std::string& reverted = prepare.revert().qualification();
    if (const auto held = parts_.find(reverted); held != parts_.end() && !final_.contains(reverted)) {
      const auto decision = ask_(reverted);
      if (!decision) return;
      Resolve(*decision, out);
    }
    if (!final_.contains(reverted)) return refuse(FailedPrecondition("NOT_COMMITTED", "it has no part here"), "");
    record = parts_[reverted].record;
    if (self_ == qualification::v1::LEAD && (!qualified_.contains(record) || qualified_[record] != reverted))
      return refuse(FailedPrecondition("RECORD_CHANGED", "it was reverted"), "");
    reverts_[name] = reverted;
  }
  bool unknown = false;
  const auto holder = HolderOf(record, name, unknown, out);
  if (unknown) return;
  if (prepare.has_lead()) {
    if (holder) return refuse(Aborted("LEAD_BEING_QUALIFIED", "it is held"), *holder);
    if (qualified_.contains(record))
      return refuse(FailedPrecondition("LEAD_ALREADY_QUALIFIED", "it is"), qualified_[record]);
  } else if (holder) {
    reply.mutable_busy()->set_holder(*holder);
    out.push_back(reply);
    return;
  }
  if (refuses_()) return refuse(FailedPrecondition("DUPLICATE_FOUND", "by chance"), "");
  part.attempt = prepare.attempt();
  part.record = record;
  if (!record.empty()) holders_[record] = name;
  prepared();
}

}  // namespace quartet::test
