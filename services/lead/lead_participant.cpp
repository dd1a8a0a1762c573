#include "services/lead/lead_participant.h"

#include <google/protobuf/util/time_util.h>

#include "common/methods/typed_record.h"
#include "common/resource/resource_name.h"
#include "common/rpc/error_mapping.h"
#include "services/lead/lead_rules.h"

namespace quartet::lead {
namespace {

using commit::Intent;
using commit::IntentKind;
using Typed = methods::TypedRecord<LeadTraits>;

constexpr std::chrono::milliseconds kRetryAfter{100};

using commit::Refuse;

class Locking final : public commit::Evaluation {
 public:
  Locking(const std::string& name, const resource::RecordRepository& records, const commit::IntentRepository& intents)
      : name_(name), id_(resource::IdOf(name)), records_(records), intents_(intents) {}

  Status Expect(storage::Transaction& transaction, int step) const override {
    if (step > 0) return {};
    intents_.ExpectOnRecord(transaction, id_);
    records_.ExpectFind(transaction, id_);
    return {};
  }

  Result<commit::Verdict> Run(storage::Transaction& transaction,
                              const commit::ReferenceStates& /*known*/) const override {
    QUARTET_ASSIGN_OR_RETURN(auto held, intents_.OnRecord(transaction, id_));
    if (!held.empty()) return commit::Verdict(commit::Blocked{std::move(held)});
    QUARTET_ASSIGN_OR_RETURN(const auto record, records_.Find(transaction, id_));
    if (!record) return commit::Verdict(Refuse(NotFound("LEAD_NOT_FOUND", name_ + " does not exist"), ""));
    QUARTET_ASSIGN_OR_RETURN(v1::Lead lead, Typed::Decode(*record));
    if (Status open = CheckQualifiable(lead); !open.ok())
      return commit::Verdict(Refuse(open.error(), lead.qualification()));
    commit::Ready ready;
    ready.intents.push_back(
        Intent{.record_id = id_, .qualification_id = "", .kind = IntentKind::kLock, .proposal = "", .reserved = {}});
    auto& outcome = *ready.prepared.add_records();
    outcome.set_name(name_);
    outcome.set_kind(qualification::v1::RecordOutcome::ATTACHED);
    *ready.prepared.mutable_lead() = std::move(lead);
    *ready.planned.emplace_back().mutable_outcome() = outcome;
    return commit::Verdict(std::move(ready));
  }

 private:
  const std::string name_;
  const std::string id_;
  const resource::RecordRepository& records_;
  const commit::IntentRepository& intents_;
};

}  // namespace

Result<std::unique_ptr<commit::Evaluation>> LeadKind::Evaluate(const qualification::v1::Prepare& prepare,
                                                               const resource::RecordRepository& records,
                                                               const commit::IntentRepository& intents,
                                                               IdSource& /*ids*/) const {
  if (!prepare.has_lead())
    return Error{
        .code = Code::kInvalidArgument, .reason = "INVALID_INPUT", .message = "the lead service only locks leads"};
  return std::unique_ptr<commit::Evaluation>(new Locking(prepare.lead().name(), records, intents));
}

Status LeadKind::Complete(storage::Transaction& transaction, const resource::RecordRepository& records,
                          const qualification::v1::Prepare& prepare, qualification::v1::Reply& reply) const {
  if (!prepare.has_lead() || reply.prepared().has_lead()) return {};
  QUARTET_ASSIGN_OR_RETURN(const auto record, records.Find(transaction, resource::IdOf(prepare.lead().name())));
  if (!record) return Internal(prepare.lead().name() + " is locked, but does not exist");
  QUARTET_ASSIGN_OR_RETURN(*reply.mutable_prepared()->mutable_lead(), Typed::Decode(*record));
  return {};
}

Status LeadKind::CheckUntouched(const resource::Record& record, const std::string& qualification_id) const {
  QUARTET_ASSIGN_OR_RETURN(const v1::Lead lead, Typed::Decode(record));
  if (lead.state() == v1::Lead::STATE_QUALIFIED && resource::IdOf(lead.qualification()) == qualification_id) return {};
  return FailedPrecondition("RECORD_CHANGED", lead.name() + " is not closed by that qualification any more");
}

Result<commit::Change> LeadKind::Apply(const Intent& intent, const std::optional<resource::Record>& before,
                                       const qualification::v1::Decision& decision) const {
  if (!before) return Internal("an intent on a lead that does not exist");
  QUARTET_ASSIGN_OR_RETURN(v1::Lead lead, Typed::Decode(*before));
  const bool closes = intent.kind == IntentKind::kLock;
  std::optional<qualification::v1::RecordUndo> undo;
  if (closes) {
    undo.emplace().set_lead_reason(lead.reason());
    lead.set_state(v1::Lead::STATE_QUALIFIED);
    lead.clear_reason();
    lead.set_qualification(decision.qualification());
    lead.set_contact(decision.names().contact());
    lead.set_account(decision.names().account());
    *lead.mutable_opportunities() = decision.names().opportunities();
    *lead.mutable_close_time() = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(decision.decide_time_us());
  } else {
    qualification::v1::RecordUndo before_it;
    if (!before_it.ParseFromString(intent.proposal)) return DataLoss("a stored undo cannot be read");
    lead.set_state(v1::Lead::STATE_OPEN);
    // What was closed before reasons were kept was CONTACTED at least.
    lead.set_reason(IsOpenReason(static_cast<v1::Lead::Reason>(before_it.lead_reason()))
                        ? static_cast<v1::Lead::Reason>(before_it.lead_reason())
                        : v1::Lead::REASON_CONTACTED);
    lead.clear_qualification();
    lead.clear_contact();
    lead.clear_account();
    lead.clear_opportunities();
    lead.clear_close_time();
  }
  resource::Record after = Typed::Next(*before, lead, decision.decide_time_us());
  auto event = Typed::EventOf(closes ? v1::LeadEvent::QUALIFIED : v1::LeadEvent::QUALIFICATION_REVERTED, after, lead);
  return commit::Change{.after = std::move(after), .event = std::move(event), .undo = std::move(undo)};
}

qualification::v1::Reply LeadKind::HeldBy(const qualification::v1::Prepare& prepare, const Intent& holder) const {
  if (!prepare.has_lead()) return RecordKind::HeldBy(prepare, holder);
  const std::string holder_name = resource::NameOf("qualifications", holder.qualification_id);
  qualification::v1::Reply reply;
  *reply.mutable_refused() = Refuse(
      Aborted("LEAD_BEING_QUALIFIED", prepare.lead().name() + " is held by " + holder_name, kRetryAfter), holder_name);
  return reply;
}

}  // namespace quartet::lead
