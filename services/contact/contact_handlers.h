#pragma once

#include "common/methods/standard_methods.h"
#include "common/rpc/worker_pool.h"
#include "services/contact/contact_rules.h"

#include "quartet/contact/v1/service.grpc.pb.h"

namespace quartet::contact {

// ContactService over gRPC: each method goes to the standard methods or a move of the
// domain, by way of the worker pool if it may have to wait. GetContact answers with the
// bytes that are stored.
class ContactHandlers final
    : public v1::ContactService::WithRawCallbackMethod_GetContact<v1::ContactService::CallbackService> {
 public:
  ContactHandlers(methods::StandardMethods<ContactTraits>& methods, rpc::WorkerPool& workers)
      : methods_(methods), workers_(workers) {}

  grpc::ServerUnaryReactor* CreateContact(grpc::CallbackServerContext* context, const v1::CreateContactRequest* request,
                                          v1::Contact* response) override;
  grpc::ServerUnaryReactor* GetContact(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* BatchGetContacts(grpc::CallbackServerContext* context,
                                             const v1::BatchGetContactsRequest* request,
                                             v1::BatchGetContactsResponse* response) override;
  grpc::ServerUnaryReactor* ListContacts(grpc::CallbackServerContext* context, const v1::ListContactsRequest* request,
                                         v1::ListContactsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateContact(grpc::CallbackServerContext* context, const v1::UpdateContactRequest* request,
                                          v1::Contact* response) override;
  grpc::ServerUnaryReactor* DeleteContact(grpc::CallbackServerContext* context, const v1::DeleteContactRequest* request,
                                          v1::Contact* response) override;
  grpc::ServerUnaryReactor* UndeleteContact(grpc::CallbackServerContext* context,
                                            const v1::UndeleteContactRequest* request, v1::Contact* response) override;

 private:
  methods::StandardMethods<ContactTraits>& methods_;
  rpc::WorkerPool& workers_;
};

}  // namespace quartet::contact
