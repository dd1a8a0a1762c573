// Clients and the replicas of a service, over real connections.
#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "common/rpc/channel.h"
#include "common/rpc/retry_policy.h"
#include "common/rpc/server.h"
#include "tests/support/eventually.h"

#include "quartet/lead/v1/service.grpc.pb.h"

namespace quartet::rpc {
namespace {

using lead::v1::CreateLeadRequest;
using lead::v1::GetLeadRequest;
using lead::v1::Lead;
using lead::v1::LeadService;
using test::Eventually;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

// Counts its calls, and answers as it is told to.
class Counting final : public LeadService::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetLead(grpc::CallbackServerContext* context, const GetLeadRequest*, Lead*) override {
    return Answer(context);
  }
  grpc::ServerUnaryReactor* CreateLead(grpc::CallbackServerContext* context, const CreateLeadRequest*, Lead*) override {
    return Answer(context);
  }
  void AnswerWith(grpc::StatusCode code) { code_ = code; }
  int calls() const { return calls_; }
  std::set<std::string> peers() {
    const std::lock_guard lock(mutex_);
    return peers_;
  }

 private:
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context) {
    ++calls_;
    {
      const std::lock_guard lock(mutex_);
      peers_.insert(context->peer());
    }
    auto* reactor = context->DefaultReactor();
    const grpc::StatusCode code = code_;
    reactor->Finish(code == grpc::StatusCode::OK ? grpc::Status() : grpc::Status(code, "as told"));
    return reactor;
  }

  std::atomic<int> calls_ = 0;
  std::atomic<grpc::StatusCode> code_ = grpc::StatusCode::OK;
  std::mutex mutex_;
  std::set<std::string> peers_;
};

class Balance : public ::testing::Test {
 protected:
  void Serve(int count, Server::Options options = {}) {
    std::string addresses;
    for (int i = 0; i < count; ++i) {
      services_.push_back(std::make_shared<Counting>());
      auto server = Server::Listen("127.0.0.1:0", {services_.back()}, options);
      ASSERT_TRUE(server.ok()) << ToString(server.error());
      addresses += (i == 0 ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string((*server)->port());
      servers_.push_back(std::move(server).value());
    }
    stub_ = LeadService::NewStub(MakeChannel(addresses));
  }
  grpc::StatusCode Get() {
    grpc::ClientContext context;
    Lead lead;
    return stub_->GetLead(&context, GetLeadRequest(), &lead).error_code();
  }
  grpc::StatusCode Create() {
    grpc::ClientContext context;
    Lead lead;
    return stub_->CreateLead(&context, CreateLeadRequest(), &lead).error_code();
  }

  std::vector<std::shared_ptr<Counting>> services_;
  std::vector<std::unique_ptr<Server>> servers_;
  std::unique_ptr<LeadService::Stub> stub_;
};

TEST_F(Balance, CallsGoToAllReplicasInTurn) {
  Serve(3);
  // Connections come one by one.
  EXPECT_TRUE(Eventually([&] {
    EXPECT_EQ(Get(), grpc::StatusCode::OK);
    return services_[0]->calls() > 0 && services_[1]->calls() > 0 && services_[2]->calls() > 0;
  }));
  const std::vector<int> before = {services_[0]->calls(), services_[1]->calls(), services_[2]->calls()};
  for (int i = 0; i < 30; ++i) EXPECT_EQ(Get(), grpc::StatusCode::OK);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(services_[i]->calls() - before[i], 10);
}

TEST_F(Balance, AReplicaThatGoesAwayIsNotMissed) {
  Serve(2);
  EXPECT_TRUE(Eventually([&] { return Get() == grpc::StatusCode::OK && services_[1]->calls() > 0; }));
  servers_[0].reset();
  for (int i = 0; i < 50; ++i) EXPECT_EQ(Get(), grpc::StatusCode::OK);
}

TEST_F(Balance, AReadThatAReplicaCannotAnswerIsRepeatedAtAnother) {
  Serve(2);
  EXPECT_TRUE(Eventually([&] { return Get() == grpc::StatusCode::OK && services_[1]->calls() > 0; }));
  services_[0]->AnswerWith(grpc::StatusCode::UNAVAILABLE);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Get(), grpc::StatusCode::OK);
}

TEST_F(Balance, AWriteIsTheCallersToRepeat) {
  Serve(1);
  services_[0]->AnswerWith(grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Create(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(services_[0]->calls(), 1);
  EXPECT_EQ(Get(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(services_[0]->calls(), 1 + 4) << "a read is tried four times";
}

TEST_F(Balance, OldConnectionsAreRenewedAndNoCallFails) {
  Serve(1, {.connection_age = std::chrono::milliseconds(50)});
  EXPECT_TRUE(Eventually([&] {
    EXPECT_EQ(Create(), grpc::StatusCode::OK);
    return services_[0]->peers().size() >= 3;
  }));
}

TEST_F(Balance, ConnectionsStayUnlessTheyAreToldToAge) {
  Serve(1);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  while (std::chrono::steady_clock::now() < end) EXPECT_EQ(Create(), grpc::StatusCode::OK);
  EXPECT_THAT(services_[0]->peers(), SizeIs(1));
}

TEST(RetryPolicy, NamesWhatOnlyReads) {
  const std::string config = RetryServiceConfig();
  EXPECT_THAT(config, HasSubstr(R"({"service":"quartet.lead.v1.LeadService","method":"GetLead"})"));
  EXPECT_THAT(config,
              HasSubstr(R"({"service":"quartet.qualification.v1.QualificationService","method":"GetDecisions"})"));
  EXPECT_THAT(config, HasSubstr("ParticipantService"));
  for (const char* writing : {"Create", "Update", "Delete", "QualifyLead", "Import", "Cancel", "Replay"}) {
    EXPECT_THAT(config, Not(HasSubstr(std::string("\"method\":\"") + writing)));
  }
}

}  // namespace
}  // namespace quartet::rpc
