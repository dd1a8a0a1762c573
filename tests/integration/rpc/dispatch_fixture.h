#pragma once

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/channel.h>
#include <gtest/gtest.h>

#include "common/rpc/channel.h"
#include "common/rpc/client_stream.h"
#include "common/rpc/dispatch.h"
#include "common/rpc/server.h"

#include "grpc/health/v1/health.grpc.pb.h"
#include "quartet/lead/v1/service.grpc.pb.h"

namespace quartet::rpc {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using lead::v1::GetLeadRequest;
using lead::v1::ImportLeadsRequest;
using lead::v1::ImportLeadsResponse;
using lead::v1::Lead;
using lead::v1::LeadService;
using std::chrono::milliseconds;

// Does as the test says.
class TestService final : public LeadService::CallbackService {
 public:
  using Work = std::function<void(const GetLeadRequest&, Lead&, Responder)>;

  TestService(WorkerPool& pool, Work work) : pool_(pool), work_(std::move(work)) {}

  // The server's own idea of it, of the last call that has arrived: a little later than the caller's.
  std::chrono::system_clock::time_point latest_deadline() const { return latest_deadline_; }

  grpc::ServerUnaryReactor* GetLead(grpc::CallbackServerContext* context, const GetLeadRequest* request,
                                    Lead* response) override {
    latest_deadline_ = context->deadline();
    return ServeAsync<GetLeadRequest, Lead>(
        context, pool_, [this, request, response](Responder responder) { work_(*request, *response, responder); });
  }

  grpc::ServerReadReactor<ImportLeadsRequest>* ImportLeads(grpc::CallbackServerContext* context,
                                                           ImportLeadsResponse* response) override {
    return ServeClientStream<ImportLeadsRequest>(
        context, pool_, response, {.messages_max = 3, .bytes_max = 1'000, .room = room_},
        [](const ImportLeadsRequest& message) {
          return message.leads_size() > 5 ? InvalidArgument({{"leads", "too many"}}) : Status();
        },
        [this, response](std::vector<ImportLeadsRequest>& messages, const Responder&) -> Status {
          for (std::size_t i = 0; i < messages.size(); ++i) response->add_results();
          ++streams_;
          return {};
        });
  }

  StreamRoom& room() { return room_; }
  int streams() const { return streams_; }

 private:
  WorkerPool& pool_;
  const Work work_;
  std::atomic<std::chrono::system_clock::time_point> latest_deadline_;
  StreamRoom room_{2'000};
  std::atomic<int> streams_{0};
};

class Dispatch : public ::testing::Test {
 protected:
  void Serve(int threads, int queue_max, TestService::Work work) {
    pool_.emplace(threads, queue_max, &counters_);
    service_ = std::make_shared<TestService>(*pool_, std::move(work));
    auto server = Server::Listen("127.0.0.1:0", {service_});
    ASSERT_TRUE(server.ok()) << ToString(server.error());
    server_ = std::move(server).value();
    channel_ = MakeChannel(Address());
    stub_ = LeadService::NewStub(channel_);
  }
  std::string Address() const { return "127.0.0.1:" + std::to_string(server_->port()); }

  struct Outcome {
    grpc::Status status;
    Lead lead;
  };
  Outcome Get(milliseconds timeout = std::chrono::seconds(30)) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + timeout);
    Outcome outcome;
    outcome.status = stub_->GetLead(&context, GetLeadRequest(), &outcome.lead);
    return outcome;
  }
  std::future<Outcome> GetInBackground() {
    return std::async(std::launch::async, [this] { return Get(); });
  }
  // Over a connection of its own. UNKNOWN stands for an error.
  HealthCheckResponse::ServingStatus Health(const std::string& service = "") {
    grpc::ClientContext context;
    HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    const auto status = grpc::health::v1::Health::NewStub(MakeChannel(Address()))->Check(&context, request, &response);
    return status.ok() ? response.status() : HealthCheckResponse::UNKNOWN;
  }

  telemetry::Counters counters_;
  std::optional<WorkerPool> pool_;
  std::shared_ptr<TestService> service_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<LeadService::Stub> stub_;
};

}  // namespace quartet::rpc
