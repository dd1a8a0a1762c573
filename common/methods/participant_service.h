#pragma once

#include "common/commit/decisions.h"
#include "common/commit/participant.h"
#include "common/commit/record_store.h"
#include "common/commit/references.h"
#include "common/rpc/worker_pool.h"

#include "quartet/qualification/v1/participant_service.grpc.pb.h"

namespace quartet::methods {

// The ParticipantService of one service.
class ParticipantHandlers final : public qualification::v1::ParticipantService::CallbackService {
 public:
  // Counts the records that have a use for the one of that name.
  using CountUsers = std::function<Result<commit::Uses>(const std::string& name)>;

  ParticipantHandlers(commit::Participant& participant, commit::RecordStore& store, CountUsers count_users,
                      rpc::WorkerPool& workers)
      : participant_(participant), store_(store), count_users_(std::move(count_users)), workers_(workers) {}

  grpc::ServerUnaryReactor* PreviewPrepare(grpc::CallbackServerContext* context,
                                           const qualification::v1::Prepare* request,
                                           qualification::v1::PreviewPrepareResponse* response) override;

  grpc::ServerUnaryReactor* LookUpRecords(grpc::CallbackServerContext* context,
                                          const qualification::v1::LookUpRecordsRequest* request,
                                          qualification::v1::LookUpRecordsResponse* response) override;
  grpc::ServerUnaryReactor* CountReferences(grpc::CallbackServerContext* context,
                                            const qualification::v1::CountReferencesRequest* request,
                                            qualification::v1::CountReferencesResponse* response) override;

 private:
  Status LookUp(const qualification::v1::LookUpRecordsRequest& request,
                qualification::v1::LookUpRecordsResponse& response);

  commit::Participant& participant_;
  commit::RecordStore& store_;
  const CountUsers count_users_;
  rpc::WorkerPool& workers_;
};

// Asks the orchestrator behind `channel` for decisions, each request anew.
commit::CachingDecisionSource::Fetch FetchDecisions(std::shared_ptr<grpc::Channel> channel);

}  // namespace quartet::methods
