// quartet-bench-echo: a gRPC server that answers what the benchmark calls with so many bytes and does nothing else.
// What gRPC alone costs, over the callback API and with the settings of our own servers.

#include <signal.h>

#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <grpcpp/grpcpp.h>

#include "common/rpc/server.h"

#include "quartet/lead/v1/service.grpc.pb.h"
#include "quartet/qualification/v1/service.grpc.pb.h"

namespace quartet::bench {
namespace {

using Leads = lead::v1::LeadService;
using Qualifications = qualification::v1::QualificationService;
// Raw: requests and responses are not even parsed.
using RawLeads = Leads::WithRawCallbackMethod_GetLead<
    Leads::WithRawCallbackMethod_CreateLead<Leads::WithRawCallbackMethod_UpdateLead<
        Leads::WithRawCallbackMethod_ListLeads<Leads::WithRawCallbackMethod_BatchGetLeads<Leads::Service>>>>>;
using RawQualifications = Qualifications::WithRawCallbackMethod_PreviewQualification<Qualifications::Service>;

using Context = grpc::CallbackServerContext*;
using Bytes = grpc::ByteBuffer;

class Answer {
 public:
  explicit Answer(std::size_t response_bytes) {
    const grpc::Slice slice(std::string(response_bytes, 'x'));
    response_ = Bytes(&slice, 1);
  }

  grpc::ServerUnaryReactor* To(Context context, Bytes* response) const {
    *response = response_;
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  Bytes response_;
};

class LeadEcho final : public RawLeads {
 public:
  explicit LeadEcho(const Answer& answer) : answer_(answer) {}

  grpc::ServerUnaryReactor* GetLead(Context context, const Bytes* /*request*/, Bytes* response) override {
    return answer_.To(context, response);
  }
  grpc::ServerUnaryReactor* CreateLead(Context context, const Bytes* /*request*/, Bytes* response) override {
    return answer_.To(context, response);
  }
  grpc::ServerUnaryReactor* UpdateLead(Context context, const Bytes* /*request*/, Bytes* response) override {
    return answer_.To(context, response);
  }
  grpc::ServerUnaryReactor* ListLeads(Context context, const Bytes* /*request*/, Bytes* response) override {
    return answer_.To(context, response);
  }
  grpc::ServerUnaryReactor* BatchGetLeads(Context context, const Bytes* /*request*/, Bytes* response) override {
    return answer_.To(context, response);
  }

 private:
  const Answer answer_;
};

class QualificationEcho final : public RawQualifications {
 public:
  explicit QualificationEcho(const Answer& answer) : answer_(answer) {}

  grpc::ServerUnaryReactor* PreviewQualification(Context context, const Bytes* /*request*/, Bytes* response) override {
    return answer_.To(context, response);
  }

 private:
  const Answer answer_;
};

int Serve(const std::string& listen, std::size_t response_bytes) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto server = rpc::Server::Listen(listen, {std::make_shared<LeadEcho>(Answer(response_bytes)),
                                                   std::make_shared<QualificationEcho>(Answer(response_bytes))});
  if (!server.ok()) {
    std::cerr << ToString(server.error()) << '\n';
    return 1;
  }
  (*server)->SetServing(true);
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}

}  // namespace
}  // namespace quartet::bench

int main(int argc, char** argv) {
  CLI::App app("Example: quartet-bench-echo --listen 127.0.0.1:7500 --response-bytes 300");
  std::string listen;
  std::size_t response_bytes = 0;
  app.add_option("--listen", listen, "host:port")->required();
  app.add_option("--response-bytes", response_bytes, "Size of every response")->required();
  CLI11_PARSE(app, argc, argv);
  return quartet::bench::Serve(listen, response_bytes);
}
