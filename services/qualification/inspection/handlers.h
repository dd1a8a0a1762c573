#pragma once

#include "common/base/clock.h"
#include "common/resource/inspection_request.h"
#include "common/rpc/worker_pool.h"
#include "common/storage/database.h"

#include "quartet/qualification/v1/inspection_service.grpc.pb.h"

namespace quartet::qualification {

// QualificationInspectionService: what lies in the database, good or bad.
class InspectionHandlers final : public v1::QualificationInspectionService::CallbackService {
 public:
  InspectionHandlers(storage::Database& database, const Clock& clock, rpc::WorkerPool& workers)
      : database_(database), clock_(clock), workers_(workers) {}

  grpc::ServerUnaryReactor* InspectQualifications(grpc::CallbackServerContext* context,
                                                  const v1::InspectQualificationsRequest* request,
                                                  v1::InspectQualificationsResponse* response) override;

 private:
  Status Inspect(const resource::InspectionRequest& request, v1::InspectQualificationsResponse& response) const;

  storage::Database& database_;
  const Clock& clock_;
  rpc::WorkerPool& workers_;
};

}  // namespace quartet::qualification
