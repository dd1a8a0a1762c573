#pragma once

#include "common/methods/standard_methods.h"
#include "common/rpc/worker_pool.h"
#include "services/opportunity/opportunity_rules.h"
#include "services/opportunity/pipeline.h"

#include "quartet/opportunity/v1/service.grpc.pb.h"

namespace quartet::opportunity {

// OpportunityService over gRPC: each method goes to the standard methods or a move of the
// domain, by way of the worker pool if it may have to wait. GetOpportunity answers with the
// bytes that are stored.
class OpportunityHandlers final
    : public v1::OpportunityService::WithRawCallbackMethod_GetOpportunity<v1::OpportunityService::CallbackService> {
 public:
  OpportunityHandlers(methods::StandardMethods<OpportunityTraits>& methods, commit::RecordStore& store,
                      const Stages& stages, const Clock& clock, rpc::WorkerPool& workers)
      : methods_(methods), store_(store), stages_(stages), clock_(clock), workers_(workers) {}

  grpc::ServerUnaryReactor* CreateOpportunity(grpc::CallbackServerContext* context,
                                              const v1::CreateOpportunityRequest* request,
                                              v1::Opportunity* response) override;
  grpc::ServerUnaryReactor* GetOpportunity(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* BatchGetOpportunities(grpc::CallbackServerContext* context,
                                                  const v1::BatchGetOpportunitiesRequest* request,
                                                  v1::BatchGetOpportunitiesResponse* response) override;
  grpc::ServerUnaryReactor* ListOpportunities(grpc::CallbackServerContext* context,
                                              const v1::ListOpportunitiesRequest* request,
                                              v1::ListOpportunitiesResponse* response) override;
  grpc::ServerUnaryReactor* UpdateOpportunity(grpc::CallbackServerContext* context,
                                              const v1::UpdateOpportunityRequest* request,
                                              v1::Opportunity* response) override;
  grpc::ServerUnaryReactor* DeleteOpportunity(grpc::CallbackServerContext* context,
                                              const v1::DeleteOpportunityRequest* request,
                                              v1::Opportunity* response) override;
  grpc::ServerUnaryReactor* UndeleteOpportunity(grpc::CallbackServerContext* context,
                                                const v1::UndeleteOpportunityRequest* request,
                                                v1::Opportunity* response) override;
  grpc::ServerUnaryReactor* MoveOpportunityStage(grpc::CallbackServerContext* context,
                                                 const v1::MoveOpportunityStageRequest* request,
                                                 v1::Opportunity* response) override;
  grpc::ServerUnaryReactor* CloseOpportunity(grpc::CallbackServerContext* context,
                                             const v1::CloseOpportunityRequest* request,
                                             v1::Opportunity* response) override;
  grpc::ServerUnaryReactor* ReopenOpportunity(grpc::CallbackServerContext* context,
                                              const v1::ReopenOpportunityRequest* request,
                                              v1::Opportunity* response) override;
  grpc::ServerUnaryReactor* GetPipeline(grpc::CallbackServerContext* context, const v1::GetPipelineRequest* request,
                                        v1::Pipeline* response) override;

 private:
  methods::StandardMethods<OpportunityTraits>& methods_;
  commit::RecordStore& store_;
  const Stages stages_;
  const Clock& clock_;
  rpc::WorkerPool& workers_;
};

}  // namespace quartet::opportunity
