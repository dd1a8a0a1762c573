#pragma once

#include "common/commit/decisions.h"
#include "common/commit/participant.h"
#include "common/rpc/worker_pool.h"

#include "quartet/qualification/v1/participant_service.grpc.pb.h"

namespace quartet::methods {

// The ParticipantService of one service.
class ParticipantHandlers final : public qualification::v1::ParticipantService::CallbackService {
 public:
  ParticipantHandlers(commit::Participant& participant, rpc::WorkerPool& workers)
      : participant_(participant), workers_(workers) {}

  grpc::ServerUnaryReactor* PreviewPrepare(grpc::CallbackServerContext* context,
                                           const qualification::v1::Prepare* request,
                                           qualification::v1::PreviewPrepareResponse* response) override;

 private:
  commit::Participant& participant_;
  rpc::WorkerPool& workers_;
};

// Asks the orchestrator behind `channel` for decisions, each request anew.
commit::CachingDecisionSource::Fetch FetchDecisions(std::shared_ptr<grpc::Channel> channel);

}  // namespace quartet::methods
