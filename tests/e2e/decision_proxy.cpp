#include "tests/e2e/decision_proxy.h"

#include <stdexcept>

#include <grpcpp/grpcpp.h>

#include "common/rpc/channel.h"

#include "quartet/qualification/v1/service.grpc.pb.h"

namespace quartet::test {

using qualification::v1::Decision;
using qualification::v1::GetDecisionsRequest;
using qualification::v1::GetDecisionsResponse;
using qualification::v1::QualificationService;

class DecisionProxy::Service final : public QualificationService::Service {
 public:
  grpc::Status GetDecisions(grpc::ServerContext* context, const GetDecisionsRequest* request,
                            GetDecisionsResponse* response) override {
    if (undecided_) {
      for (const std::string& name : request->qualifications()) {
        Decision& decision = *response->add_decisions();
        decision.set_qualification(name);
        decision.set_outcome(Decision::UNDECIDED);
      }
      return grpc::Status::OK;
    }
    const auto stub = Stub();
    if (stub == nullptr) return {grpc::StatusCode::UNAVAILABLE, "the orchestrator is not known yet"};
    const auto to_orchestrator = grpc::ClientContext::FromServerContext(*context);
    grpc::Status status = stub->GetDecisions(to_orchestrator.get(), *request, response);
    for (const Decision& decision : response->decisions()) committed_ += decision.outcome() == Decision::COMMITTED;
    return status;
  }

  std::shared_ptr<QualificationService::Stub> Stub() {
    std::lock_guard lock(mutex_);
    return stub_;
  }
  void SetStub(std::shared_ptr<QualificationService::Stub> stub) {
    std::lock_guard lock(mutex_);
    stub_ = std::move(stub);
  }

  std::atomic<bool> undecided_ = false;
  std::atomic<int> committed_ = 0;

 private:
  std::mutex mutex_;
  std::shared_ptr<QualificationService::Stub> stub_;
};

struct DecisionProxy::Parts {
  Service service;
  int port = 0;
  std::unique_ptr<grpc::Server> server;
};

DecisionProxy::DecisionProxy() : parts_(std::make_unique<Parts>()) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &parts_->port);
  builder.RegisterService(&parts_->service);
  parts_->server = builder.BuildAndStart();
  if (parts_->server == nullptr || parts_->port == 0)
    throw std::runtime_error("cannot listen on the loopback interface");
}

DecisionProxy::~DecisionProxy() {
  parts_->server->Shutdown(std::chrono::system_clock::now());
  parts_->server->Wait();
}

std::string DecisionProxy::address() const {
  return "127.0.0.1:" + std::to_string(parts_->port);
}

void DecisionProxy::PassOnTo(const std::string& orchestrator) {
  parts_->service.SetStub(QualificationService::NewStub(rpc::MakeChannel(orchestrator)));
}

void DecisionProxy::ClaimUndecided() {
  parts_->service.undecided_ = true;
}

int DecisionProxy::committed() const {
  return parts_->service.committed_;
}

}  // namespace quartet::test
