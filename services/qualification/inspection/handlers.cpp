#include "services/qualification/inspection/handlers.h"

#include "common/rpc/dispatch.h"

namespace quartet::qualification {

grpc::ServerUnaryReactor* InspectionHandlers::InspectQualifications(grpc::CallbackServerContext* context,
                                                                    const v1::InspectQualificationsRequest* request,
                                                                    v1::InspectQualificationsResponse* response) {
  return rpc::Serve<v1::InspectQualificationsRequest, v1::InspectQualificationsResponse>(
      context, workers_, [this, request, response]() -> Status {
        QUARTET_ASSIGN_OR_RETURN(const auto asked,
                                 resource::InspectionRequest::Parse("qualifications", request->page_size(),
                                                                    request->page_token(), request->names()));
        return inspector_.Qualifications(asked, *response);
      });
}

}  // namespace quartet::qualification
