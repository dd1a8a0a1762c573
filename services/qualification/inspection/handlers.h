#pragma once

#include "common/rpc/worker_pool.h"
#include "services/qualification/inspection/qualification_inspector.h"

#include "quartet/qualification/v1/inspection_service.grpc.pb.h"

namespace quartet::qualification {

// QualificationInspectionService.
class InspectionHandlers final : public v1::QualificationInspectionService::CallbackService {
 public:
  InspectionHandlers(storage::Database& database, const Clock& clock, rpc::WorkerPool& workers)
      : inspector_(database, clock), workers_(workers) {}

  grpc::ServerUnaryReactor* InspectQualifications(grpc::CallbackServerContext* context,
                                                  const v1::InspectQualificationsRequest* request,
                                                  v1::InspectQualificationsResponse* response) override;

 private:
  const QualificationInspector inspector_;
  rpc::WorkerPool& workers_;
};

}  // namespace quartet::qualification
