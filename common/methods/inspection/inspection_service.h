#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/methods/inspection/participation_inspector.h"
#include "common/methods/inspection/record_inspector.h"
#include "common/rpc/worker_pool.h"

#include "quartet/qualification/v1/inspection_service.grpc.pb.h"

namespace quartet::methods {

// The ParticipantInspectionService of one service.
class InspectionHandlers final : public qualification::v1::ParticipantInspectionService::CallbackService {
 public:
  // Asks about qualifications, by their ids, and carries out what is decided.
  using ResolveAll = std::function<Status(const std::vector<std::string>& ids)>;

  InspectionHandlers(const RecordInspector& records, const ParticipationInspector& participations, ResolveAll resolve,
                     rpc::WorkerPool& workers)
      : records_(records), participations_(participations), resolve_(std::move(resolve)), workers_(workers) {}

  grpc::ServerUnaryReactor* InspectRecords(grpc::CallbackServerContext* context,
                                           const qualification::v1::InspectRecordsRequest* request,
                                           qualification::v1::InspectRecordsResponse* response) override;
  grpc::ServerUnaryReactor* InspectParticipations(grpc::CallbackServerContext* context,
                                                  const qualification::v1::InspectParticipationsRequest* request,
                                                  qualification::v1::InspectParticipationsResponse* response) override;
  grpc::ServerUnaryReactor* ResolveQualifications(grpc::CallbackServerContext* context,
                                                  const qualification::v1::ResolveQualificationsRequest* request,
                                                  qualification::v1::ResolveQualificationsResponse* response) override;

 private:
  const RecordInspector& records_;
  const ParticipationInspector& participations_;
  const ResolveAll resolve_;
  rpc::WorkerPool& workers_;
};

}  // namespace quartet::methods
