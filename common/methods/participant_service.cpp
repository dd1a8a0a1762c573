#include "common/methods/participant_service.h"

#include <algorithm>
#include <chrono>

#include <grpcpp/client_context.h>

#include "common/base/limits.h"
#include "common/methods/paging.h"
#include "common/methods/prepare_rules.h"
#include "common/resource/resource_name.h"
#include "common/rpc/dispatch.h"
#include "common/rpc/error_mapping.h"

#include "quartet/qualification/v1/service.grpc.pb.h"

namespace quartet::methods {
namespace {

// Decisions are one look-up; who does not answer by now is not there.
constexpr std::chrono::seconds kDecisionsDeadline{2};
constexpr std::size_t kDecisionsMax = limits::kDecisionsMax;

}  // namespace

grpc::ServerUnaryReactor* ParticipantHandlers::PreviewPrepare(grpc::CallbackServerContext* context,
                                                              const qualification::v1::Prepare* request,
                                                              qualification::v1::PreviewPrepareResponse* response) {
  return rpc::Serve<qualification::v1::Prepare, qualification::v1::PreviewPrepareResponse>(
      context, workers_, [this, request, response]() -> Status {
        QUARTET_RETURN_IF_ERROR(CheckPrepare(*request));
        QUARTET_ASSIGN_OR_RETURN(*response, participant_.Preview(*request));
        return {};
      });
}

grpc::ServerUnaryReactor* ParticipantHandlers::LookUpRecords(grpc::CallbackServerContext* context,
                                                             const qualification::v1::LookUpRecordsRequest* request,
                                                             qualification::v1::LookUpRecordsResponse* response) {
  return rpc::Serve<qualification::v1::LookUpRecordsRequest, qualification::v1::LookUpRecordsResponse>(
      context, workers_, [this, request, response] { return LookUp(*request, *response); });
}

Status ParticipantHandlers::LookUp(const qualification::v1::LookUpRecordsRequest& request,
                                   qualification::v1::LookUpRecordsResponse& response) {
  QUARTET_ASSIGN_OR_RETURN(const auto ids, ParseIds(store_.records().schema().collection, request.names()));
  QUARTET_ASSIGN_OR_RETURN(const auto records, store_.Get(ids));
  response.Clear();
  for (const auto& record : records) {
    using State = qualification::v1::LookUpRecordsResponse;
    response.add_states(!record ? State::MISSING : record->delete_time_us != 0 ? State::DELETED : State::LIVE);
  }
  return {};
}

grpc::ServerUnaryReactor* ParticipantHandlers::CountReferences(grpc::CallbackServerContext* context,
                                                               const qualification::v1::CountReferencesRequest* request,
                                                               qualification::v1::CountReferencesResponse* response) {
  return rpc::Serve<qualification::v1::CountReferencesRequest, qualification::v1::CountReferencesResponse>(
      context, workers_, [this, request, response]() -> Status {
        QUARTET_ASSIGN_OR_RETURN(const commit::Uses uses, count_users_(request->name()));
        response->set_count(uses.count);
        response->set_more(uses.more);
        return {};
      });
}

commit::CachingDecisionSource::Fetch FetchDecisions(std::shared_ptr<grpc::Channel> channel) {
  using qualification::v1::QualificationService;
  std::shared_ptr<QualificationService::Stub> stub = QualificationService::NewStub(std::move(channel));
  return [stub](const std::vector<std::string>& ids) -> Result<commit::CachingDecisionSource::Fetched> {
    commit::CachingDecisionSource::Fetched fetched;
    fetched.decisions.reserve(ids.size());
    std::size_t begin = 0;
    do {
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
      for (auto& decision : *response.mutable_decisions()) fetched.decisions.push_back(std::move(decision));
      fetched.watermark_us = std::max(fetched.watermark_us, response.watermark_us());
      begin += kDecisionsMax;
    } while (begin < ids.size());
    return fetched;
  };
}

}  // namespace quartet::methods
