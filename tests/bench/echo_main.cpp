// quartet-bench-echo: a gRPC server that answers any GetLead and CreateLead with so many bytes and does nothing else.
// What gRPC alone costs, over the callback API and with the settings of our own servers.

#include <signal.h>

#include <iostream>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <grpcpp/grpcpp.h>

#include "common/rpc/server.h"

#include "quartet/lead/v1/service.grpc.pb.h"

namespace quartet::bench {
namespace {

using Leads = lead::v1::LeadService;
// Raw: requests and responses are not even parsed.
using RawLeads = Leads::WithRawCallbackMethod_GetLead<Leads::WithRawCallbackMethod_CreateLead<Leads::Service>>;

class EchoHandlers final : public RawLeads {
 public:
  explicit EchoHandlers(std::size_t response_bytes) {
    const grpc::Slice slice(std::string(response_bytes, 'x'));
    response_ = grpc::ByteBuffer(&slice, 1);
  }

  grpc::ServerUnaryReactor* GetLead(grpc::CallbackServerContext* context, const grpc::ByteBuffer* /*request*/,
                                    grpc::ByteBuffer* response) override {
    return Answer(context, response);
  }
  grpc::ServerUnaryReactor* CreateLead(grpc::CallbackServerContext* context, const grpc::ByteBuffer* /*request*/,
                                       grpc::ByteBuffer* response) override {
    return Answer(context, response);
  }

 private:
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, grpc::ByteBuffer* response) const {
    *response = response_;
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::ByteBuffer response_;
};

int Serve(const std::string& listen, std::size_t response_bytes) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto server = rpc::Server::Listen(listen, {std::make_shared<EchoHandlers>(response_bytes)});
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
