#include "services/lead/lead_handlers.h"

#include "common/base/limits.h"
#include "common/rpc/client_stream.h"

namespace quartet::lead {

grpc::ServerUnaryReactor* LeadHandlers::CreateLead(grpc::CallbackServerContext* context,
                                                   const v1::CreateLeadRequest* request, v1::Lead* response) {
  return rpc::ServeQueued<v1::CreateLeadRequest, v1::Lead>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Create(request->lead(), request->request_id(), request->validate_only(), response, responder);
      });
}

grpc::ServerUnaryReactor* LeadHandlers::GetLead(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                                grpc::ByteBuffer* response) {
  return rpc::ServeRead<v1::GetLeadRequest>(
      context, workers_, request, response,
      [this](const v1::GetLeadRequest& wanted, bool may_wait, std::string& answer) {
        return methods_.Get(wanted.name(), may_wait, answer);
      });
}

grpc::ServerUnaryReactor* LeadHandlers::BatchGetLeads(grpc::CallbackServerContext* context,
                                                      const v1::BatchGetLeadsRequest* request,
                                                      v1::BatchGetLeadsResponse* response) {
  return rpc::Serve<v1::BatchGetLeadsRequest, v1::BatchGetLeadsResponse>(context, workers_, [this, request, response] {
    return methods_.BatchGet(request->names(), response->mutable_leads());
  });
}

grpc::ServerUnaryReactor* LeadHandlers::ListLeads(grpc::CallbackServerContext* context,
                                                  const v1::ListLeadsRequest* request,
                                                  v1::ListLeadsResponse* response) {
  return rpc::Serve<v1::ListLeadsRequest, v1::ListLeadsResponse>(context, workers_, [this, request, response] {
    return methods_.ListPage({.collection = "leads",
                              .page_size = request->page_size(),
                              .page_token = request->page_token(),
                              .filter = request->filter(),
                              .order_by = request->order_by(),
                              .show_deleted = request->show_deleted()},
                             response->mutable_leads(), response->mutable_next_page_token(),
                             response->mutable_unreachable());
  });
}

grpc::ServerUnaryReactor* LeadHandlers::UpdateLead(grpc::CallbackServerContext* context,
                                                   const v1::UpdateLeadRequest* request, v1::Lead* response) {
  return rpc::ServeQueued<v1::UpdateLeadRequest, v1::Lead>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Update(request->lead(), request->update_mask(), request->validate_only(), response, responder);
      });
}

grpc::ServerUnaryReactor* LeadHandlers::DeleteLead(grpc::CallbackServerContext* context,
                                                   const v1::DeleteLeadRequest* request, v1::Lead* response) {
  return rpc::ServeQueued<v1::DeleteLeadRequest, v1::Lead>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Delete(request->name(), request->etag(), /*force=*/false, response, responder);
      });
}

grpc::ServerUnaryReactor* LeadHandlers::UndeleteLead(grpc::CallbackServerContext* context,
                                                     const v1::UndeleteLeadRequest* request, v1::Lead* response) {
  return rpc::ServeQueued<v1::UndeleteLeadRequest, v1::Lead>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Undelete(request->name(), response, responder);
      });
}

grpc::ServerUnaryReactor* LeadHandlers::DisqualifyLead(grpc::CallbackServerContext* context,
                                                       const v1::DisqualifyLeadRequest* request, v1::Lead* response) {
  return rpc::ServeQueued<v1::DisqualifyLeadRequest, v1::Lead>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Change(
            request->name(), request->etag(), v1::LeadEvent::DISQUALIFIED,
            [this, request](v1::Lead& lead) {
              return Disqualify(lead, request->reason(), request->note(), clock_.NowMicros());
            },
            response, responder);
      });
}

grpc::ServerUnaryReactor* LeadHandlers::ReactivateLead(grpc::CallbackServerContext* context,
                                                       const v1::ReactivateLeadRequest* request, v1::Lead* response) {
  return rpc::ServeQueued<v1::ReactivateLeadRequest, v1::Lead>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Change(
            request->name(), request->etag(), v1::LeadEvent::REACTIVATED,
            [request](v1::Lead& lead) { return Reactivate(lead, request->reason()); }, response, responder);
      });
}

grpc::ServerReadReactor<v1::ImportLeadsRequest>* LeadHandlers::ImportLeads(grpc::CallbackServerContext* context,
                                                                           v1::ImportLeadsResponse* response) {
  return rpc::ServeClientStream<v1::ImportLeadsRequest>(
      context, workers_, response,
      {.messages_max = limits::kImportRowsMax, .bytes_max = limits::kImportBytesMax, .room = import_room_},
      LeadImport::Admission(),
      [this, response](std::vector<v1::ImportLeadsRequest>& stream, const rpc::Responder& responder) {
        return import_.Run(
            stream, [&responder] { return responder.Cancelled(); }, *response);
      });
}

}  // namespace quartet::lead
