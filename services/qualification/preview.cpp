#include "services/qualification/preview.h"

#include <algorithm>
#include <chrono>

#include <grpcpp/client_context.h>

#include "common/rpc/error_mapping.h"
#include "services/qualification/qualification_plan.h"
#include "services/qualification/qualification_rules.h"

namespace quartet::qualification {
namespace {

// Of all of it: a preview holds a thread meanwhile.
constexpr std::chrono::seconds kPatience{5};

}  // namespace

Preview::Preview(std::shared_ptr<grpc::Channel> lead, std::shared_ptr<grpc::Channel> account,
                 std::shared_ptr<grpc::Channel> contact, std::shared_ptr<grpc::Channel> opportunity)
    : leads_(lead::v1::LeadService::NewStub(lead)),
      lead_(v1::ParticipantService::NewStub(lead)),
      account_(v1::ParticipantService::NewStub(account)),
      contact_(v1::ParticipantService::NewStub(contact)),
      opportunity_(v1::ParticipantService::NewStub(opportunity)) {}

Result<v1::PreviewPrepareResponse> Preview::Ask(Participant& participant, const v1::Prepare& prepare, Time deadline) {
  grpc::ClientContext context;
  context.set_deadline(deadline);
  v1::PreviewPrepareResponse response;
  const grpc::Status status = participant.PreviewPrepare(&context, prepare, &response);
  if (!status.ok()) return rpc::FromGrpcStatus(status);
  return response;
}

Status Preview::Run(const std::string& lead, const v1::QualifyOptions& options, Time caller_deadline,
                    v1::PreviewQualificationResponse& response) {
  const Time deadline = std::min<Time>(caller_deadline, std::chrono::system_clock::now() + kPatience);
  grpc::ClientContext context;
  context.set_deadline(deadline);
  lead::v1::GetLeadRequest request;
  request.set_name(lead);
  lead::v1::Lead snapshot;
  if (const grpc::Status status = leads_->GetLead(&context, request, &snapshot); !status.ok()) {
    Error error = rpc::FromGrpcStatus(status);
    if (error.code == Code::kNotFound) error.reason = "LEAD_NOT_FOUND";
    return error;
  }
  v1::Prepare lock;
  lock.mutable_lead()->set_name(lead);
  QUARTET_ASSIGN_OR_RETURN(const auto lockable, Ask(*lead_, lock, deadline));
  if (lockable.has_refusal()) *response.mutable_failure() = lockable.refusal();
  // The first refusal is the one that QualifyLead would end with; what the other
  // participants would do is shown all the same.
  const auto refuse = [&](const v1::PreviewPrepareResponse& answer) {
    if (answer.has_refusal() && !response.has_failure()) *response.mutable_failure() = answer.refusal();
  };
  std::string contact_account;
  const v1::Plan plan = MakePlan(snapshot, options, "");
  for (const v1::Prepare& prepare : plan.prepares()) {
    Participant& participant = prepare.has_account() ? *account_ : prepare.has_contact() ? *contact_ : *opportunity_;
    QUARTET_ASSIGN_OR_RETURN(auto answer, Ask(participant, prepare, deadline));
    refuse(answer);
    for (v1::PlannedRecord& record : *answer.mutable_records()) {
      if (prepare.has_account()) {
        *response.mutable_account() = std::move(record);
      } else if (prepare.has_contact()) {
        *response.mutable_contact() = std::move(record);
        contact_account = answer.contact_account();
      } else {
        *response.add_opportunities() = std::move(record);
      }
    }
  }
  if (const auto misfit = Misfit(response.contact().outcome().name(), contact_account, response.account().outcome());
      misfit && !response.has_failure())
    *response.mutable_failure() = rpc::ToRpcStatus(*misfit);
  return {};
}

Status Preview::RunRevert(const v1::Qualification& qualification, Time caller_deadline,
                          v1::PreviewRevertResponse& response) {
  const Time deadline = std::min<Time>(caller_deadline, std::chrono::system_clock::now() + kPatience);
  if (const auto refused = CheckRevertible(qualification)) {
    *response.mutable_failure() = rpc::ToRpcStatus(*refused);
    return {};
  }
  v1::Prepare prepare;
  prepare.mutable_revert()->set_qualification(qualification.name());
  for (const std::string& name : OpenedBy(qualification)) prepare.mutable_revert()->add_gone(name);
  std::vector<Participant*> participants = {lead_.get()};
  if (!qualification.account().name().empty()) participants.push_back(account_.get());
  participants.push_back(contact_.get());
  if (!qualification.opportunities().empty()) participants.push_back(opportunity_.get());
  for (Participant* participant : participants) {
    QUARTET_ASSIGN_OR_RETURN(auto answer, Ask(*participant, prepare, deadline));
    if (answer.has_refusal() && !response.has_failure()) *response.mutable_failure() = answer.refusal();
    for (v1::PlannedRecord& record : *answer.mutable_records())
      *response.add_records() = std::move(*record.mutable_outcome());
  }
  return {};
}

}  // namespace quartet::qualification
