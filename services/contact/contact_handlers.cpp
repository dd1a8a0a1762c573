#include "services/contact/contact_handlers.h"

#include "common/rpc/dispatch.h"

namespace quartet::contact {

grpc::ServerUnaryReactor* ContactHandlers::CreateContact(grpc::CallbackServerContext* context,
                                                         const v1::CreateContactRequest* request,
                                                         v1::Contact* response) {
  return rpc::ServeQueued<v1::CreateContactRequest, v1::Contact>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Create(request->contact(), request->request_id(), request->validate_only(), response, responder);
      });
}

grpc::ServerUnaryReactor* ContactHandlers::GetContact(grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return rpc::ServeRead<v1::GetContactRequest>(
      context, workers_, request, response,
      [this](const v1::GetContactRequest& wanted, bool may_wait, std::string& answer) {
        return methods_.Get(wanted.name(), may_wait, answer);
      });
}

grpc::ServerUnaryReactor* ContactHandlers::BatchGetContacts(grpc::CallbackServerContext* context,
                                                            const v1::BatchGetContactsRequest* request,
                                                            v1::BatchGetContactsResponse* response) {
  return rpc::Serve<v1::BatchGetContactsRequest, v1::BatchGetContactsResponse>(
      context, workers_,
      [this, request, response] { return methods_.BatchGet(request->names(), response->mutable_contacts()); });
}

grpc::ServerUnaryReactor* ContactHandlers::ListContacts(grpc::CallbackServerContext* context,
                                                        const v1::ListContactsRequest* request,
                                                        v1::ListContactsResponse* response) {
  return rpc::Serve<v1::ListContactsRequest, v1::ListContactsResponse>(context, workers_, [this, request, response] {
    return methods_.ListPage({.collection = "contacts",
                              .page_size = request->page_size(),
                              .page_token = request->page_token(),
                              .filter = request->filter(),
                              .order_by = request->order_by(),
                              .show_deleted = request->show_deleted()},
                             response->mutable_contacts(), response->mutable_next_page_token(),
                             response->mutable_unreachable());
  });
}

grpc::ServerUnaryReactor* ContactHandlers::UpdateContact(grpc::CallbackServerContext* context,
                                                         const v1::UpdateContactRequest* request,
                                                         v1::Contact* response) {
  return rpc::ServeQueued<v1::UpdateContactRequest, v1::Contact>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Update(request->contact(), request->update_mask(), request->validate_only(), response, responder);
      });
}

grpc::ServerUnaryReactor* ContactHandlers::DeleteContact(grpc::CallbackServerContext* context,
                                                         const v1::DeleteContactRequest* request,
                                                         v1::Contact* response) {
  return rpc::ServeQueued<v1::DeleteContactRequest, v1::Contact>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Delete(request->name(), request->etag(), request->force(), response, responder);
      });
}

grpc::ServerUnaryReactor* ContactHandlers::UndeleteContact(grpc::CallbackServerContext* context,
                                                           const v1::UndeleteContactRequest* request,
                                                           v1::Contact* response) {
  return rpc::ServeQueued<v1::UndeleteContactRequest, v1::Contact>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Undelete(request->name(), response, responder);
      });
}

}  // namespace quartet::contact
