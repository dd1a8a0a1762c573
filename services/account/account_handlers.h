#pragma once

#include "common/methods/standard_methods.h"
#include "common/rpc/worker_pool.h"
#include "services/account/account_rules.h"

#include "quartet/account/v1/service.grpc.pb.h"

namespace quartet::account {

// AccountService over gRPC: each method goes to the standard methods or a move of the
// domain, by way of the worker pool if it may have to wait. GetAccount answers with the
// bytes that are stored.
class AccountHandlers final
    : public v1::AccountService::WithRawCallbackMethod_GetAccount<v1::AccountService::CallbackService> {
 public:
  AccountHandlers(methods::StandardMethods<AccountTraits>& methods, rpc::WorkerPool& workers)
      : methods_(methods), workers_(workers) {}

  grpc::ServerUnaryReactor* CreateAccount(grpc::CallbackServerContext* context, const v1::CreateAccountRequest* request,
                                          v1::Account* response) override;
  grpc::ServerUnaryReactor* GetAccount(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* BatchGetAccounts(grpc::CallbackServerContext* context,
                                             const v1::BatchGetAccountsRequest* request,
                                             v1::BatchGetAccountsResponse* response) override;
  grpc::ServerUnaryReactor* ListAccounts(grpc::CallbackServerContext* context, const v1::ListAccountsRequest* request,
                                         v1::ListAccountsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateAccount(grpc::CallbackServerContext* context, const v1::UpdateAccountRequest* request,
                                          v1::Account* response) override;
  grpc::ServerUnaryReactor* DeleteAccount(grpc::CallbackServerContext* context, const v1::DeleteAccountRequest* request,
                                          v1::Account* response) override;
  grpc::ServerUnaryReactor* UndeleteAccount(grpc::CallbackServerContext* context,
                                            const v1::UndeleteAccountRequest* request, v1::Account* response) override;

 private:
  methods::StandardMethods<AccountTraits>& methods_;
  rpc::WorkerPool& workers_;
};

}  // namespace quartet::account
