#include "services/account/account_handlers.h"

#include "common/rpc/dispatch.h"

namespace quartet::account {

grpc::ServerUnaryReactor* AccountHandlers::CreateAccount(grpc::CallbackServerContext* context,
                                                         const v1::CreateAccountRequest* request,
                                                         v1::Account* response) {
  return rpc::ServeQueued<v1::CreateAccountRequest, v1::Account>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Create(request->account(), request->request_id(), request->validate_only(), response, responder);
      });
}

grpc::ServerUnaryReactor* AccountHandlers::GetAccount(grpc::CallbackServerContext* context,
                                                      const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
  return rpc::ServeRead<v1::GetAccountRequest>(
      context, workers_, request, response,
      [this](const v1::GetAccountRequest& wanted, bool may_wait, std::string& answer) {
        return methods_.Get(wanted.name(), may_wait, answer);
      });
}

grpc::ServerUnaryReactor* AccountHandlers::BatchGetAccounts(grpc::CallbackServerContext* context,
                                                            const v1::BatchGetAccountsRequest* request,
                                                            v1::BatchGetAccountsResponse* response) {
  return rpc::Serve<v1::BatchGetAccountsRequest, v1::BatchGetAccountsResponse>(
      context, workers_,
      [this, request, response] { return methods_.BatchGet(request->names(), response->mutable_accounts()); });
}

grpc::ServerUnaryReactor* AccountHandlers::ListAccounts(grpc::CallbackServerContext* context,
                                                        const v1::ListAccountsRequest* request,
                                                        v1::ListAccountsResponse* response) {
  return rpc::Serve<v1::ListAccountsRequest, v1::ListAccountsResponse>(context, workers_, [this, request, response] {
    return methods_.ListPage({.collection = "accounts",
                              .page_size = request->page_size(),
                              .page_token = request->page_token(),
                              .filter = request->filter(),
                              .order_by = request->order_by(),
                              .show_deleted = request->show_deleted()},
                             response->mutable_accounts(), response->mutable_next_page_token(),
                             response->mutable_unreachable());
  });
}

grpc::ServerUnaryReactor* AccountHandlers::UpdateAccount(grpc::CallbackServerContext* context,
                                                         const v1::UpdateAccountRequest* request,
                                                         v1::Account* response) {
  return rpc::ServeQueued<v1::UpdateAccountRequest, v1::Account>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Update(request->account(), request->update_mask(), request->validate_only(), response, responder);
      });
}

grpc::ServerUnaryReactor* AccountHandlers::DeleteAccount(grpc::CallbackServerContext* context,
                                                         const v1::DeleteAccountRequest* request,
                                                         v1::Account* response) {
  return rpc::ServeQueued<v1::DeleteAccountRequest, v1::Account>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Delete(request->name(), request->etag(), request->force(), response, responder);
      });
}

grpc::ServerUnaryReactor* AccountHandlers::UndeleteAccount(grpc::CallbackServerContext* context,
                                                           const v1::UndeleteAccountRequest* request,
                                                           v1::Account* response) {
  return rpc::ServeQueued<v1::UndeleteAccountRequest, v1::Account>(
      context, workers_, [this, request, response](const rpc::Responder& responder) {
        methods_.Undelete(request->name(), response, responder);
      });
}

}  // namespace quartet::account
