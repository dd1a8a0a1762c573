#include "services/opportunity/opportunity_handlers.h"

#include "common/rpc/dispatch.h"

namespace quartet::opportunity {

grpc::ServerUnaryReactor* OpportunityHandlers::CreateOpportunity(grpc::CallbackServerContext* context,
                                                                 const v1::CreateOpportunityRequest* request,
                                                                 v1::Opportunity* response) {
  return rpc::ServeQueued<v1::CreateOpportunityRequest, v1::Opportunity>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Create(request->opportunity(), request->request_id(), request->validate_only(), response, responder);
      });
}

grpc::ServerUnaryReactor* OpportunityHandlers::GetOpportunity(grpc::CallbackServerContext* context,
                                                              const grpc::ByteBuffer* request,
                                                              grpc::ByteBuffer* response) {
  return rpc::ServeRead<v1::GetOpportunityRequest>(
      context, workers_, request, response,
      [this](const v1::GetOpportunityRequest& wanted, bool may_wait, std::string& answer) {
        return methods_.Get(wanted.name(), may_wait, answer);
      });
}

grpc::ServerUnaryReactor* OpportunityHandlers::BatchGetOpportunities(grpc::CallbackServerContext* context,
                                                                     const v1::BatchGetOpportunitiesRequest* request,
                                                                     v1::BatchGetOpportunitiesResponse* response) {
  return rpc::Serve<v1::BatchGetOpportunitiesRequest, v1::BatchGetOpportunitiesResponse>(
      context, workers_,
      [this, request, response] { return methods_.BatchGet(request->names(), response->mutable_opportunities()); });
}

grpc::ServerUnaryReactor* OpportunityHandlers::ListOpportunities(grpc::CallbackServerContext* context,
                                                                 const v1::ListOpportunitiesRequest* request,
                                                                 v1::ListOpportunitiesResponse* response) {
  return rpc::Serve<v1::ListOpportunitiesRequest, v1::ListOpportunitiesResponse>(
      context, workers_, [this, request, response] {
        return methods_.ListPage({.collection = "opportunities",
                                  .page_size = request->page_size(),
                                  .page_token = request->page_token(),
                                  .filter = request->filter(),
                                  .order_by = request->order_by(),
                                  .show_deleted = request->show_deleted()},
                                 response->mutable_opportunities(), response->mutable_next_page_token(),
                                 response->mutable_unreachable());
      });
}

grpc::ServerUnaryReactor* OpportunityHandlers::UpdateOpportunity(grpc::CallbackServerContext* context,
                                                                 const v1::UpdateOpportunityRequest* request,
                                                                 v1::Opportunity* response) {
  return rpc::ServeQueued<v1::UpdateOpportunityRequest, v1::Opportunity>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Update(request->opportunity(), request->update_mask(), request->validate_only(), response, responder);
      });
}

grpc::ServerUnaryReactor* OpportunityHandlers::DeleteOpportunity(grpc::CallbackServerContext* context,
                                                                 const v1::DeleteOpportunityRequest* request,
                                                                 v1::Opportunity* response) {
  return rpc::ServeQueued<v1::DeleteOpportunityRequest, v1::Opportunity>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Delete(request->name(), request->etag(), /*force=*/false, response, responder);
      });
}

grpc::ServerUnaryReactor* OpportunityHandlers::UndeleteOpportunity(grpc::CallbackServerContext* context,
                                                                   const v1::UndeleteOpportunityRequest* request,
                                                                   v1::Opportunity* response) {
  return rpc::ServeQueued<v1::UndeleteOpportunityRequest, v1::Opportunity>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Undelete(request->name(), response, responder);
      });
}

grpc::ServerUnaryReactor* OpportunityHandlers::MoveOpportunityStage(grpc::CallbackServerContext* context,
                                                                    const v1::MoveOpportunityStageRequest* request,
                                                                    v1::Opportunity* response) {
  return rpc::ServeQueued<v1::MoveOpportunityStageRequest, v1::Opportunity>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Change(
            request->name(), request->etag(), v1::OpportunityEvent::STAGE_MOVED,
            [this, request](v1::Opportunity& opportunity) { return MoveStage(opportunity, request->stage(), stages_); },
            response, responder);
      });
}

grpc::ServerUnaryReactor* OpportunityHandlers::CloseOpportunity(grpc::CallbackServerContext* context,
                                                                const v1::CloseOpportunityRequest* request,
                                                                v1::Opportunity* response) {
  return rpc::ServeQueued<v1::CloseOpportunityRequest, v1::Opportunity>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Change(
            request->name(), request->etag(),
            request->outcome() == v1::Opportunity::STATE_WON ? v1::OpportunityEvent::WON : v1::OpportunityEvent::LOST,
            [this, request](v1::Opportunity& opportunity) {
              return Close(opportunity, request->outcome(), request->reason(), clock_.NowMicros());
            },
            response, responder);
      });
}

grpc::ServerUnaryReactor* OpportunityHandlers::ReopenOpportunity(grpc::CallbackServerContext* context,
                                                                 const v1::ReopenOpportunityRequest* request,
                                                                 v1::Opportunity* response) {
  return rpc::ServeQueued<v1::ReopenOpportunityRequest, v1::Opportunity>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Change(
            request->name(), request->etag(), v1::OpportunityEvent::REOPENED,
            [this](v1::Opportunity& opportunity) { return Reopen(opportunity, stages_); }, response, responder);
      });
}

grpc::ServerUnaryReactor* OpportunityHandlers::GetPipeline(grpc::CallbackServerContext* context,
                                                           const v1::GetPipelineRequest* request,
                                                           v1::Pipeline* response) {
  return rpc::Serve<v1::GetPipelineRequest, v1::Pipeline>(context, workers_, [this, request, response] {
    return SumUpPipeline(store_, stages_, request->filter(), *response);
  });
}

}  // namespace quartet::opportunity
