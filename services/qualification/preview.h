#pragma once

#include <chrono>
#include <memory>
#include <string>

#include <grpcpp/channel.h>

#include "common/base/result.h"

#include "quartet/lead/v1/service.grpc.pb.h"
#include "quartet/qualification/v1/participant_service.grpc.pb.h"
#include "quartet/qualification/v1/service.pb.h"

namespace quartet::qualification {

// Tells what a qualification would do now: the same plan, evaluated by the same
// participants, with nothing written. Blocks on their answers.
class Preview {
 public:
  Preview(std::shared_ptr<grpc::Channel> lead, std::shared_ptr<grpc::Channel> account,
          std::shared_ptr<grpc::Channel> contact, std::shared_ptr<grpc::Channel> opportunity);

  // Errors: NOT_FOUND LEAD_NOT_FOUND; UNAVAILABLE when a service cannot be
  // asked, DEADLINE_EXCEEDED when it does not answer before `deadline`, or
  // before the preview has taken five seconds. What would make the qualification fail is in the
  // response.
  Status Run(const std::string& lead, const v1::QualifyOptions& options, std::chrono::system_clock::time_point deadline,
             v1::PreviewQualificationResponse& response);

  // The same for taking `qualification` back. Errors: UNAVAILABLE when a service
  // cannot be asked. What would make the revert fail is in the response.
  Status RunRevert(const v1::Qualification& qualification, std::chrono::system_clock::time_point deadline,
                   v1::PreviewRevertResponse& response);

 private:
  using Participant = v1::ParticipantService::Stub;
  using Time = std::chrono::system_clock::time_point;
  static Result<v1::PreviewPrepareResponse> Ask(Participant& participant, const v1::Prepare& prepare, Time deadline);

  const std::unique_ptr<lead::v1::LeadService::Stub> leads_;
  const std::unique_ptr<Participant> lead_;
  const std::unique_ptr<Participant> account_;
  const std::unique_ptr<Participant> contact_;
  const std::unique_ptr<Participant> opportunity_;
};

}  // namespace quartet::qualification
