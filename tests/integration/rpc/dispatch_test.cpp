// Calls through a real server and a real channel, to handlers that do as the test says.
#include "common/rpc/dispatch.h"

#include <latch>
#include <stdexcept>
#include <thread>

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>

#include "common/rpc/error_mapping.h"
#include "tests/integration/rpc/dispatch_fixture.h"
#include "tests/support/eventually.h"

namespace quartet::rpc {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(Dispatch, TheAnswerReachesTheCallerAndIsCounted) {
  Serve(2, 8, [](const GetLeadRequest&, Lead& lead, const Responder& responder) {
    lead.set_name("leads/1");
    responder.Finish({});
  });
  const Outcome outcome = Get();
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_message();
  EXPECT_EQ(outcome.lead.name(), "leads/1");
  EXPECT_EQ(counters_.Values().at("rpc_calls_total{method=\"quartet.lead.v1.GetLead\",code=\"OK\"}"), 1);
}

TEST_F(Dispatch, AnErrorReachesTheCallerWithAllItsDetails) {
  Serve(2, 8, [](const GetLeadRequest&, Lead&, const Responder& responder) {
    responder.Finish(Error{.code = Code::kNotFound, .reason = "LEAD_NOT_FOUND", .metadata = {{"name", "leads/1"}}});
  });
  const Error error = FromGrpcStatus(Get().status);
  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_EQ(error.reason, "LEAD_NOT_FOUND");
  EXPECT_EQ(error.metadata.at("name"), "leads/1");
}

TEST_F(Dispatch, AFullPoolShedsAtOnceWithADelayToRetryAfter) {
  std::latch begun(1);
  std::latch open(1);
  Serve(1, 1, [&](const GetLeadRequest&, Lead&, const Responder& responder) {
    begun.count_down();
    open.wait();
    responder.Finish({});
  });
  auto running = GetInBackground();
  begun.wait();
  ASSERT_TRUE(pool_->TrySubmit([] {}));  // takes the one place in the queue
  const Error error = FromGrpcStatus(Get().status);
  EXPECT_EQ(error.code, Code::kResourceExhausted);
  EXPECT_EQ(error.reason, "OVERLOADED");
  EXPECT_TRUE(error.retry_after.has_value());
  open.count_down();
  EXPECT_TRUE(running.get().status.ok());
}

TEST_F(Dispatch, AnExceptionIsInternalAndItsWordsStayHere) {
  Serve(1, 8, [](const GetLeadRequest&, Lead&, const Responder&) { throw std::runtime_error("the secret"); });
  const grpc::Status status = Get().status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(status.error_message(), Not(HasSubstr("secret")));
  EXPECT_THAT(status.error_details(), Not(HasSubstr("secret")));
}

TEST_F(Dispatch, WorkWhoseDeadlineHasPassedIsNotBegun) {
  std::latch begun(1);
  std::latch open(1);
  std::atomic<int> works{0};
  Serve(1, 8, [&](const GetLeadRequest&, Lead&, const Responder& responder) {
    if (works.fetch_add(1) == 0) {
      begun.count_down();
      open.wait();
    }
    responder.Finish({});
  });
  auto running = GetInBackground();
  begun.wait();
  const auto deadline_of_first = service_->latest_deadline();
  EXPECT_EQ(Get(milliseconds(200)).status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  ASSERT_LT(service_->latest_deadline(), deadline_of_first) << "the second call never arrived";
  while (std::chrono::system_clock::now() < service_->latest_deadline()) std::this_thread::yield();
  open.count_down();
  EXPECT_TRUE(running.get().status.ok());
  server_->Shutdown(milliseconds(10'000));
  pool_->Stop();
  EXPECT_EQ(works.load(), 1);
}

TEST_F(Dispatch, WhoeverKeepsAResponderSeesThatTheCallerHasGone) {
  std::promise<Responder> kept;
  Serve(1, 8, [&](const GetLeadRequest&, Lead&, const Responder& responder) { kept.set_value(responder); });
  grpc::ClientContext context;
  auto call = std::async(std::launch::async, [&] {
    Lead lead;
    return stub_->GetLead(&context, GetLeadRequest(), &lead);
  });
  const Responder responder = kept.get_future().get();
  EXPECT_FALSE(responder.Cancelled());
  EXPECT_EQ(responder.deadline(), std::chrono::system_clock::time_point::max());
  context.TryCancel();
  while (!responder.Cancelled()) std::this_thread::yield();
  EXPECT_EQ(call.get().error_code(), grpc::StatusCode::CANCELLED);
  responder.Finish({});
}

TEST_F(Dispatch, OnlyTheFirstFinishCountsWhoeverCallsIt) {
  std::promise<Responder> kept;
  Serve(1, 8, [&](const GetLeadRequest&, Lead&, const Responder& responder) { kept.set_value(responder); });
  auto call = GetInBackground();
  const Responder responder = kept.get_future().get();
  responder.Finish({});
  responder.Finish(Internal("too late"));
  EXPECT_TRUE(responder.Cancelled());
  EXPECT_TRUE(call.get().status.ok());
  responder.Finish(Internal("much too late"));
}

// The calls of GetLead that ended with the code. A caller may hear of the end a moment before it is counted.
bool IsCountedAs(const telemetry::Counters& counters, const std::string& code) {
  return test::Eventually([&] {
    const auto values = counters.Values();
    const auto found = values.find("rpc_calls_total{method=\"quartet.lead.v1.GetLead\",code=\"" + code + "\"}");
    return found != values.end() && found->second == 1;
  });
}

TEST_F(Dispatch, ACallIsCountedAsCancelledIfItsCallerGaveUpAndNobodyAnsweredIt) {
  std::promise<std::shared_ptr<Responder>> kept;
  Serve(1, 8, [&](const GetLeadRequest&, Lead&, const Responder& responder) {
    kept.set_value(std::make_shared<Responder>(responder));
  });
  grpc::ClientContext context;
  auto call = std::async(std::launch::async, [&] {
    Lead lead;
    return stub_->GetLead(&context, GetLeadRequest(), &lead);
  });
  auto responder = kept.get_future().get();
  context.TryCancel();
  EXPECT_EQ(call.get().error_code(), grpc::StatusCode::CANCELLED);
  ASSERT_TRUE(test::Eventually([&] { return responder->Cancelled(); }));
  responder.reset();
  EXPECT_TRUE(IsCountedAs(counters_, "CANCELLED"));
}

TEST_F(Dispatch, ACallIsCountedAsLateIfItsDeadlinePassedAndNobodyAnsweredIt) {
  std::promise<std::shared_ptr<Responder>> kept;
  Serve(1, 8, [&](const GetLeadRequest&, Lead&, const Responder& responder) {
    kept.set_value(std::make_shared<Responder>(responder));
  });
  auto call = std::async(std::launch::async, [&] { return Get(milliseconds(100)); });
  auto responder = kept.get_future().get();
  EXPECT_EQ(call.get().status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  ASSERT_TRUE(test::Eventually([&] { return std::chrono::system_clock::now() >= responder->deadline(); }));
  responder.reset();
  EXPECT_TRUE(IsCountedAs(counters_, "DEADLINE_EXCEEDED"));
}

TEST_F(Dispatch, ACallThatIsForgottenIsInternal) {
  Serve(1, 8, [](const GetLeadRequest&, Lead&, const Responder&) {});
  EXPECT_EQ(Get().status.error_code(), grpc::StatusCode::INTERNAL);
}

TEST_F(Dispatch, HealthIsServingOnlyWhenTold) {
  Serve(1, 8, {});
  EXPECT_EQ(Health(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(Health("quartet.lead.v1.LeadService"), HealthCheckResponse::NOT_SERVING);
  server_->SetServing(true);
  EXPECT_EQ(Health(), HealthCheckResponse::SERVING);
  EXPECT_EQ(Health("quartet.lead.v1.LeadService"), HealthCheckResponse::SERVING);
}

TEST_F(Dispatch, ReflectionNamesTheServices) {
  Serve(1, 8, {});
  // A serialised ServerReflectionRequest with list_services = "": its proto is not part of the build.
  const grpc::Slice slice(std::string("\x3a\x00", 2));
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::ClientContext context;
  std::promise<grpc::Status> done;
  grpc::GenericStub stub(channel_);
  stub.UnaryCall(&context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", grpc::StubOptions(),
                 &request, &response, [&](grpc::Status status) { done.set_value(std::move(status)); });
  EXPECT_TRUE(done.get_future().get().ok());
  grpc::Slice whole;
  ASSERT_TRUE(response.DumpToSingleSlice(&whole).ok());
  EXPECT_THAT(std::string(reinterpret_cast<const char*>(whole.begin()), whole.size()),
              HasSubstr("quartet.lead.v1.LeadService"));
}

TEST_F(Dispatch, APortThatIsTakenIsAnError) {
  Serve(1, 8, {});
  const auto second = Server::Listen(Address(), {});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().reason, "LISTEN_FAILED");
  EXPECT_THAT(second.error().message, HasSubstr(Address()));
}

TEST_F(Dispatch, DrainingRefusesNewCallsAndLetsARunningOneFinish) {
  std::latch begun(1);
  std::latch open(1);
  Serve(2, 8, [&](const GetLeadRequest&, Lead&, const Responder& responder) {
    begun.count_down();
    open.wait();
    responder.Finish({});
  });
  server_->SetServing(true);
  auto running = GetInBackground();
  begun.wait();
  auto drained = std::async(std::launch::async, [this] { server_->Shutdown(std::chrono::seconds(30)); });
  while (Health() == HealthCheckResponse::SERVING) std::this_thread::yield();
  open.count_down();
  EXPECT_TRUE(running.get().status.ok());
  drained.get();
}

TEST_F(Dispatch, ACallThatOutlivesTheGraceIsCancelled) {
  std::promise<Responder> kept;
  Serve(1, 8, [&](const GetLeadRequest&, Lead&, const Responder& responder) { kept.set_value(responder); });
  auto call = GetInBackground();
  const Responder responder = kept.get_future().get();
  auto drained = std::async(std::launch::async, [this] { server_->Shutdown(milliseconds(0)); });
  while (!responder.Cancelled()) std::this_thread::yield();
  responder.Finish(Error{.code = Code::kCancelled});
  drained.get();
  EXPECT_THAT(call.get().status.error_code(), AnyOf(grpc::StatusCode::CANCELLED, grpc::StatusCode::UNAVAILABLE));
}

// A pool that has no room, until the object dies. A call may be answered a moment before its thread is free again, so
// the pool may refuse at first.
class Occupied {
 public:
  Occupied(WorkerPool& pool, int threads, int queue_max) {
    for (int i = 0; i < threads + queue_max; ++i) {
      while (!pool.TrySubmit([over = over_] { over->wait(); })) std::this_thread::yield();
    }
  }
  ~Occupied() { over_->count_down(); }
  Occupied(const Occupied&) = delete;
  Occupied& operator=(const Occupied&) = delete;

 private:
  const std::shared_ptr<std::latch> over_ = std::make_shared<std::latch>(1);
};

// Reads that may or may not wait, and writes that are queued.
class HereService final : public LeadService::WithRawCallbackMethod_GetLead<LeadService::CallbackService> {
 public:
  using Read = std::function<std::optional<Status>(const GetLeadRequest&, bool may_wait, std::string& answer)>;
  using Create = std::function<void(Responder)>;

  HereService(WorkerPool& pool, Read read, Create create)
      : pool_(pool), read_(std::move(read)), create_(std::move(create)) {}

  grpc::ServerUnaryReactor* GetLead(grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
                                    grpc::ByteBuffer* response) override {
    return ServeRead<GetLeadRequest>(context, pool_, request, response, read_);
  }
  grpc::ServerUnaryReactor* CreateLead(grpc::CallbackServerContext* context, const lead::v1::CreateLeadRequest*,
                                       Lead*) override {
    return ServeQueued<lead::v1::CreateLeadRequest, Lead>(context, pool_, create_);
  }

 private:
  WorkerPool& pool_;
  const Read read_;
  const Create create_;
};

class DispatchHere : public ::testing::Test {
 protected:
  void Serve(HereService::Read read, HereService::Create create = nullptr) {
    server_ = std::move(Server::Listen("127.0.0.1:0",
                                       {std::make_shared<HereService>(pool_, std::move(read), std::move(create))}))
                  .value();
    channel_ = MakeChannel("127.0.0.1:" + std::to_string(server_->port()));
    stub_ = LeadService::NewStub(channel_);
  }
  grpc::Status Get(Lead& lead) {
    grpc::ClientContext context;
    GetLeadRequest request;
    request.set_name("leads/1");
    return stub_->GetLead(&context, request, &lead);
  }
  grpc::Status Create() {
    grpc::ClientContext context;
    Lead lead;
    return stub_->CreateLead(&context, lead::v1::CreateLeadRequest(), &lead);
  }

  telemetry::Counters counters_;
  WorkerPool pool_{1, 1, &counters_};
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<LeadService::Stub> stub_;
};

std::string SerialisedLead(const std::string& name) {
  Lead lead;
  lead.set_name(name);
  return lead.SerializeAsString();
}

TEST_F(DispatchHere, AReadThatNeedsNoWaitingNeedsNoPool) {
  Serve([](const GetLeadRequest& request, bool may_wait, std::string& answer) -> std::optional<Status> {
    EXPECT_FALSE(may_wait);
    answer = SerialisedLead(request.name());
    return Status();
  });
  const Occupied occupied(pool_, 1, 1);
  Lead lead;
  EXPECT_TRUE(Get(lead).ok());
  EXPECT_EQ(lead.name(), "leads/1");
  EXPECT_EQ(counters_.Get("rpc_calls_total{method=\"quartet.lead.v1.GetLead\",code=\"OK\"}").value(), 1);
}

TEST_F(DispatchHere, AReadThatWouldWaitIsTriedAgainOnThePool) {
  Serve([](const GetLeadRequest& request, bool may_wait, std::string& answer) -> std::optional<Status> {
    if (!may_wait) return std::nullopt;
    answer = SerialisedLead(request.name());
    return Status();
  });
  Lead lead;
  EXPECT_TRUE(Get(lead).ok());
  EXPECT_EQ(lead.name(), "leads/1");
  const Occupied occupied(pool_, 1, 1);
  EXPECT_EQ(Get(lead).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(DispatchHere, AReadThatFailsSaysWhyAndAnExceptionIsInternal) {
  bool throws = false;
  Serve([&](const GetLeadRequest&, bool, std::string&) -> std::optional<Status> {
    if (throws) throw std::runtime_error("secret");
    return Status(NotFound("NOT_FOUND", "leads/1 does not exist"));
  });
  Lead lead;
  EXPECT_EQ(Get(lead).error_code(), grpc::StatusCode::NOT_FOUND);
  throws = true;
  const grpc::Status thrown = Get(lead);
  EXPECT_EQ(thrown.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(thrown.error_message(), Not(HasSubstr("secret")));
}

TEST_F(DispatchHere, ARequestThatCannotBeReadIsInvalid) {
  Serve([](const GetLeadRequest&, bool, std::string&) -> std::optional<Status> {
    ADD_FAILURE() << "there is nothing to look for";
    return Status();
  });
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  const grpc::Slice garbage("\x0a\xff");
  const grpc::ByteBuffer request(&garbage, 1);
  grpc::ByteBuffer response;
  std::promise<grpc::Status> answered;
  stub.UnaryCall(&context, "/quartet.lead.v1.LeadService/GetLead", grpc::StubOptions(), &request, &response,
                 [&](grpc::Status status) { answered.set_value(std::move(status)); });
  EXPECT_EQ(answered.get_future().get().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(DispatchHere, AQueuedCallNeedsNoPoolAndMayBeFinishedLater) {
  std::promise<void> begun;
  std::optional<Responder> kept;
  Serve(nullptr, [&](Responder responder) {
    kept = std::move(responder);
    begun.set_value();
  });
  const Occupied occupied(pool_, 1, 1);
  auto created = std::async(std::launch::async, [this] { return Create(); });
  begun.get_future().wait();
  kept->Finish(FailedPrecondition("NO", "not so"));
  EXPECT_EQ(created.get().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

}  // namespace
}  // namespace quartet::rpc
