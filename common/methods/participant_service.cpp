#include "common/methods/participant_service.h"

#include <chrono>

#include <grpcpp/client_context.h>

#include "common/resource/resource_name.h"
#include "common/rpc/dispatch.h"
#include "common/rpc/error_mapping.h"

#include "quartet/qualification/v1/service.grpc.pb.h"

namespace quartet::methods {
namespace {

// Decisions are one look-up; who does not answer by now is not there.
constexpr std::chrono::seconds kDecisionsDeadline{2};
constexpr std::size_t kDecisionsMax = 10'000;

}  // namespace

grpc::ServerUnaryReactor* ParticipantHandlers::PreviewPrepare(grpc::CallbackServerContext* context,
                                                              const qualification::v1::Prepare* request,
                                                              qualification::v1::PreviewPrepareResponse* response) {
  return rpc::Serve<qualification::v1::Prepare, qualification::v1::PreviewPrepareResponse>(
      context, workers_, [this, request, response]() -> Status {
        QUARTET_ASSIGN_OR_RETURN(*response, participant_.Preview(*request));
        return {};
      });
}

commit::CachingDecisionSource::Fetch FetchDecisions(std::shared_ptr<grpc::Channel> channel) {
  using qualification::v1::QualificationService;
  std::shared_ptr<QualificationService::Stub> stub = QualificationService::NewStub(std::move(channel));
  return [stub](const std::vector<std::string>& ids) -> Result<std::vector<commit::Decision>> {
    std::vector<commit::Decision> decisions;
    decisions.reserve(ids.size());
    for (std::size_t begin = 0; begin < ids.size(); begin += kDecisionsMax) {
      qualification::v1::GetDecisionsRequest request;
      for (std::size_t i = begin; i < std::min(ids.size(), begin + kDecisionsMax); ++i)
        request.add_qualifications(resource::NameOf("qualifications", ids[i]));
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + kDecisionsDeadline);
      qualification::v1::GetDecisionsResponse response;
      const grpc::Status status = stub->GetDecisions(&context, request, &response);
      if (!status.ok())
        return Unavailable(
            "DECISIONS_UNAVAILABLE",
            "the qualification service cannot be asked whether this is final: " + status.error_message());
      for (auto& decision : *response.mutable_decisions()) decisions.push_back(std::move(decision));
    }
    return decisions;
  };
}

}  // namespace quartet::methods
