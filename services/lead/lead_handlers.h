#pragma once

#include "common/base/limits.h"
#include "common/methods/standard_methods.h"
#include "common/rpc/client_stream.h"
#include "common/rpc/worker_pool.h"
#include "services/lead/lead_import.h"
#include "services/lead/lead_rules.h"

#include "quartet/lead/v1/service.grpc.pb.h"

namespace quartet::lead {

// LeadService over gRPC: each method goes to the standard methods or a move of the
// domain, by way of the worker pool if it may have to wait. GetLead answers with the
// bytes that are stored.
class LeadHandlers final : public v1::LeadService::WithRawCallbackMethod_GetLead<v1::LeadService::CallbackService> {
 public:
  LeadHandlers(methods::StandardMethods<LeadTraits>& methods, LeadImport& import, const Clock& clock,
               rpc::WorkerPool& workers)
      : methods_(methods), import_(import), clock_(clock), workers_(workers) {}

  grpc::ServerUnaryReactor* CreateLead(grpc::CallbackServerContext* context, const v1::CreateLeadRequest* request,
                                       v1::Lead* response) override;
  grpc::ServerUnaryReactor* GetLead(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* BatchGetLeads(grpc::CallbackServerContext* context, const v1::BatchGetLeadsRequest* request,
                                          v1::BatchGetLeadsResponse* response) override;
  grpc::ServerUnaryReactor* ListLeads(grpc::CallbackServerContext* context, const v1::ListLeadsRequest* request,
                                      v1::ListLeadsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateLead(grpc::CallbackServerContext* context, const v1::UpdateLeadRequest* request,
                                       v1::Lead* response) override;
  grpc::ServerUnaryReactor* DeleteLead(grpc::CallbackServerContext* context, const v1::DeleteLeadRequest* request,
                                       v1::Lead* response) override;
  grpc::ServerUnaryReactor* UndeleteLead(grpc::CallbackServerContext* context, const v1::UndeleteLeadRequest* request,
                                         v1::Lead* response) override;
  grpc::ServerUnaryReactor* DisqualifyLead(grpc::CallbackServerContext* context,
                                           const v1::DisqualifyLeadRequest* request, v1::Lead* response) override;
  grpc::ServerUnaryReactor* ReactivateLead(grpc::CallbackServerContext* context,
                                           const v1::ReactivateLeadRequest* request, v1::Lead* response) override;
  grpc::ServerReadReactor<v1::ImportLeadsRequest>* ImportLeads(grpc::CallbackServerContext* context,
                                                               v1::ImportLeadsResponse* response) override;

 private:
  methods::StandardMethods<LeadTraits>& methods_;
  LeadImport& import_;
  const Clock& clock_;
  rpc::WorkerPool& workers_;
  rpc::StreamRoom import_room_{limits::kImportRoomBytesMax};
};

}  // namespace quartet::lead
