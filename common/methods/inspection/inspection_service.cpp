#include "common/methods/inspection/inspection_service.h"

#include "common/resource/inspection_request.h"
#include "common/rpc/dispatch.h"

namespace quartet::methods {
namespace {

using namespace qualification::v1;  // NOLINT(google-build-using-namespace): the file speaks of nothing else
using resource::InspectionRequest;

constexpr std::string_view kQualifications = "qualifications";

}  // namespace

grpc::ServerUnaryReactor* InspectionHandlers::InspectRecords(grpc::CallbackServerContext* context,
                                                             const InspectRecordsRequest* request,
                                                             InspectRecordsResponse* response) {
  return rpc::Serve<InspectRecordsRequest, InspectRecordsResponse>(
      context, workers_, [this, request, response]() -> Status {
        QUARTET_ASSIGN_OR_RETURN(const auto asked,
                                 InspectionRequest::Parse(records_.schema().collection, request->page_size(),
                                                          request->page_token(), request->names()));
        return records_.Records(asked, request->identities(), *response);
      });
}

grpc::ServerUnaryReactor* InspectionHandlers::InspectParticipations(grpc::CallbackServerContext* context,
                                                                    const InspectParticipationsRequest* request,
                                                                    InspectParticipationsResponse* response) {
  return rpc::Serve<InspectParticipationsRequest, InspectParticipationsResponse>(
      context, workers_, [this, request, response]() -> Status {
        QUARTET_ASSIGN_OR_RETURN(const auto asked, InspectionRequest::Parse(kQualifications, request->page_size(),
                                                                            request->page_token(), request->names()));
        return participations_.Participations(asked, *response);
      });
}

grpc::ServerUnaryReactor* InspectionHandlers::ResolveQualifications(grpc::CallbackServerContext* context,
                                                                    const ResolveQualificationsRequest* request,
                                                                    ResolveQualificationsResponse* /*response*/) {
  return rpc::Serve<ResolveQualificationsRequest, ResolveQualificationsResponse>(
      context, workers_, [this, request]() -> Status {
        QUARTET_ASSIGN_OR_RETURN(const auto asked, InspectionRequest::Parse(kQualifications, 0, "", request->names()));
        if (!asked.by_name) return InvalidArgument({{"names", "at least one"}});
        return resolve_(asked.ids);
      });
}

}  // namespace quartet::methods
