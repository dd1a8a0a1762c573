// What everybody depends on answers while a service hangs that others wait for.
#include <chrono>
#include <latch>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include "common/app/host.h"
#include "common/events/memory_bus.h"
#include "common/rpc/channel.h"
#include "common/rpc/dispatch.h"
#include "common/rpc/server.h"
#include "services/qualification/service.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_directory.h"

#include "quartet/lead/v1/service.grpc.pb.h"
#include "quartet/qualification/v1/service.grpc.pb.h"

namespace quartet::test {
namespace {

using namespace qualification::v1;
using std::chrono::milliseconds;

// Accepts every call and answers none before Release.
class HangingLeads final : public lead::v1::LeadService::CallbackService {
 public:
  grpc::ServerUnaryReactor* GetLead(grpc::CallbackServerContext* context, const lead::v1::GetLeadRequest* /*request*/,
                                    lead::v1::Lead* /*response*/) override {
    return rpc::ServeAsync<lead::v1::GetLeadRequest, lead::v1::Lead>(context, pool_, [this](rpc::Responder responder) {
      const std::lock_guard lock(mutex_);
      ++count_;
      if (!released_) kept_.push_back(std::move(responder));
    });
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  void Release() {
    std::vector<rpc::Responder> kept;
    {
      const std::lock_guard lock(mutex_);
      released_ = true;
      kept.swap(kept_);
    }
    for (const rpc::Responder& responder : kept) responder.Finish(Unavailable("LATE", "too late", {}));
  }

 private:
  rpc::WorkerPool pool_{2, 10'000};
  std::mutex mutex_;
  std::vector<rpc::Responder> kept_;
  std::size_t count_ = 0;
  bool released_ = false;
};

class DecisionLane : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = rpc::Server::Listen("127.0.0.1:0", {leads_});
    ASSERT_TRUE(server.ok());
    server_ = std::move(server).value();
    config::ServiceSettings settings{.service = "qualification",
                                     .listen = "127.0.0.1:0",
                                     .data_dir = folder_.path() / "qualification",
                                     .redis = {.hosts = {{.host = "127.0.0.1", .port = 1}}}};
    settings.lead = settings.account = settings.contact = settings.opportunity =
        "127.0.0.1:" + std::to_string(server_->port());
    auto host = app::Host::Open(std::move(settings), clock_, ids_, bus_);
    ASSERT_TRUE(host.ok());
    host_ = std::move(host).value();
    ASSERT_TRUE(qualification::Bind(*host_).ok());
    ASSERT_TRUE(host_->Start().ok());
    stub_ = QualificationService::NewStub(rpc::MakeChannel("127.0.0.1:" + std::to_string(host_->port())));
  }
  void TearDown() override {
    leads_->Release();
    for (Preview& preview : previews_) preview.done.wait();
    if (host_ != nullptr) host_->Stop(milliseconds(0));
    if (server_ != nullptr) server_->Shutdown(milliseconds(0));
  }

  void BeginPreviews(int count, milliseconds deadline) {
    for (int i = 0; i < count; ++i) {
      Preview& preview = previews_.emplace_back();
      preview.context.set_deadline(std::chrono::system_clock::now() + deadline);
      preview.request.set_lead("leads/" + ids_.NewUuid());
      stub_->async()->PreviewQualification(&preview.context, &preview.request, &preview.response,
                                           [&preview](const grpc::Status& status) {
                                             preview.status = status;
                                             preview.done.count_down();
                                           });
    }
  }
  void AwaitPreviews() {
    for (Preview& preview : previews_) preview.done.wait();
  }
  // A call that has so long, and no longer.
  template <class Call>
  grpc::Status Within(milliseconds limit, Call call) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + limit);
    return call(context);
  }

  struct Preview {
    grpc::ClientContext context;
    PreviewQualificationRequest request;
    PreviewQualificationResponse response;
    grpc::Status status;
    std::latch done{1};
  };

  const TempDirectory folder_;
  const SystemClock clock_;
  UuidV7Source ids_{clock_};
  events::MemoryBus bus_{clock_};
  const std::shared_ptr<HangingLeads> leads_ = std::make_shared<HangingLeads>();
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<app::Host> host_;
  std::unique_ptr<QualificationService::Stub> stub_;
  std::list<Preview> previews_;
};

TEST_F(DecisionLane, DecisionsAnswerWhileAServiceHangsThatPreviewsWaitFor) {
  BeginPreviews(100, std::chrono::seconds(60));
  ASSERT_TRUE(Eventually([&] { return leads_->count() >= 16; }));

  GetDecisionsRequest request;
  for (int i = 0; i < 100; ++i) request.add_qualifications("qualifications/" + ids_.NewUuid());
  GetDecisionsResponse response;
  const grpc::Status many =
      Within(milliseconds(3'000), [&](auto& context) { return stub_->GetDecisions(&context, request, &response); });
  EXPECT_TRUE(many.ok()) << many.error_message();
  EXPECT_EQ(response.decisions_size(), 100);

  const grpc::Status listed = Within(milliseconds(3'000), [&](auto& context) {
    ListQualificationsResponse page;
    return stub_->ListQualifications(&context, ListQualificationsRequest(), &page);
  });
  EXPECT_TRUE(listed.ok()) << listed.error_message();
}

TEST_F(DecisionLane, APreviewIsGivenUpWhenItsCallerHasGivenItUp) {
  BeginPreviews(100, milliseconds(300));
  AwaitPreviews();
  const std::size_t before = leads_->count();
  BeginPreviews(1, std::chrono::seconds(60));
  // Those before it hold no worker any more, though nobody has answered them.
  EXPECT_TRUE(Eventually([&] { return leads_->count() > before; }, milliseconds(3'000)));
}

TEST_F(DecisionLane, ANameThatIsNoneIsRefused) {
  for (const char* const name : {"qualifications/1", "leads/00000000-0000-7000-8000-000000000001", ""}) {
    GetDecisionsRequest request;
    request.add_qualifications(name);
    const grpc::Status status = Within(milliseconds(10'000), [&](auto& context) {
      GetDecisionsResponse response;
      return stub_->GetDecisions(&context, request, &response);
    });
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << name;
  }
}

}  // namespace
}  // namespace quartet::test
