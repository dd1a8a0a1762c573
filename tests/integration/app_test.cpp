// A host with real SQLite and a real server, on a bus in memory.
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <future>
#include <latch>
#include <optional>
#include <stdexcept>
#include <utility>

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <gtest/gtest.h>

#include "common/app/host.h"
#include "common/app/run.h"
#include "common/events/memory_bus.h"
#include "common/rpc/channel.h"
#include "common/rpc/dispatch.h"
#include "tests/support/temp_directory.h"

#include "grpc/health/v1/health.grpc.pb.h"
#include "quartet/lead/v1/service.grpc.pb.h"
#include "quartet/operations/v1/service.grpc.pb.h"

namespace quartet::app {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using std::chrono::milliseconds;

// Hands calls of GetLead to whoever waits for them.
class KeepingService final : public lead::v1::LeadService::CallbackService {
 public:
  explicit KeepingService(rpc::WorkerPool& pool) : pool_(pool) {}
  grpc::ServerUnaryReactor* GetLead(grpc::CallbackServerContext* context, const lead::v1::GetLeadRequest* /*request*/,
                                    lead::v1::Lead* /*response*/) override {
    return rpc::ServeAsync<lead::v1::GetLeadRequest, lead::v1::Lead>(
        context, pool_, [this](const rpc::Responder& responder) { kept_.set_value(responder); });
  }
  rpc::Responder Next() { return kept_.get_future().get(); }

 private:
  rpc::WorkerPool& pool_;
  std::promise<rpc::Responder> kept_;
};

class HostTest : public ::testing::Test {
 protected:
  // A service that calls others needs their addresses; nobody is there.
  config::ServiceSettings Settings(const std::string& listen = "127.0.0.1:0") const {
    config::ServiceSettings settings{.service = "lead",
                                     .listen = listen,
                                     .data_dir = folder_.path() / "lead",
                                     .redis = {.hosts = {{.host = "127.0.0.1", .port = 1}}}};
    settings.account = settings.contact = "127.0.0.1:1";
    return settings;
  }
  std::unique_ptr<Host> Open(config::ServiceSettings settings) {
    auto host = Host::Open(std::move(settings), clock_, ids_, bus_);
    if (!host.ok()) {
      ADD_FAILURE() << ToString(host.error());
      return nullptr;
    }
    return std::move(host).value();
  }
  static std::string AddressOf(const Host& host) { return "127.0.0.1:" + std::to_string(host.port()); }
  static HealthCheckResponse::ServingStatus Health(const std::string& address, const std::string& service = "") {
    grpc::ClientContext context;
    HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    const auto stub = grpc::health::v1::Health::NewStub(rpc::MakeChannel(address));
    return stub->Check(&context, request, &response).ok() ? response.status() : HealthCheckResponse::UNKNOWN;
  }

  const test::TempDirectory folder_;
  const SystemClock clock_;
  UuidV7Source ids_{clock_};
  events::MemoryBus bus_{clock_};
};

TEST_F(HostTest, IsReadyOnceStartedAndGoneOnceStopped) {
  const auto host = Open(Settings());
  ASSERT_TRUE(host->Start().ok());
  const std::string address = AddressOf(*host);
  EXPECT_EQ(Health(address), HealthCheckResponse::SERVING);
  EXPECT_EQ(Health(address, "quartet.operations.v1.OperationsService"), HealthCheckResponse::SERVING);
  host->Stop();
  host->Stop();
  EXPECT_EQ(Health(address), HealthCheckResponse::UNKNOWN);
}

TEST_F(HostTest, EndsInPeaceWithoutEverHavingStarted) {
  const auto host = Open(Settings());
  EXPECT_EQ(host->port(), 0);
}

TEST_F(HostTest, APortThatIsTakenIsAnErrorAndLeavesNothingRunning) {
  const auto first = Open(Settings());
  ASSERT_TRUE(first->Start().ok());
  config::ServiceSettings settings = Settings(AddressOf(*first));
  settings.data_dir += "2";
  const auto second = Open(settings);
  const Status started = second->Start();
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().reason, "LISTEN_FAILED");
  EXPECT_EQ(Health(AddressOf(*first)), HealthCheckResponse::SERVING);
}

TEST_F(HostTest, TwoHostsDoNotShareADatabase) {
  const auto first = Open(Settings());
  const auto second = Host::Open(Settings(), clock_, ids_, bus_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().reason, "DATABASE_IN_USE");
}

TEST_F(HostTest, ACallThatWaitsForAMessageGetsItsAnswerEvenWhileTheHostDrains) {
  const auto host = Open(Settings());
  const auto service = std::make_shared<KeepingService>(host->workers());
  host->AddService(service);
  std::promise<rpc::Responder> waiting;
  host->AddConsumer("lead.replies", [&](std::span<const events::Delivery> deliveries) {
    waiting.get_future().get().Finish({});
    return std::vector<Status>(deliveries.size());
  });
  ASSERT_TRUE(host->Start().ok());

  const std::string address = AddressOf(*host);
  auto call = std::async(std::launch::async, [&] {
    grpc::ClientContext context;
    lead::v1::Lead lead;
    return lead::v1::LeadService::NewStub(rpc::MakeChannel(address))
        ->GetLead(&context, lead::v1::GetLeadRequest(), &lead);
  });
  const rpc::Responder responder = service->Next();
  auto stopped = std::async(std::launch::async, [&] { host->Stop(std::chrono::seconds(30)); });
  while (Health(address) == HealthCheckResponse::SERVING) std::this_thread::yield();

  waiting.set_value(responder);
  const std::vector<events::Message> messages = {{.id = ids_.NewUuid(), .topic = "lead.replies", .subject = "x"}};
  ASSERT_TRUE(bus_.Publish(messages).ok());
  EXPECT_TRUE(call.get().ok());
  stopped.get();
}

TEST_F(HostTest, WorksWithoutItsBrokerAndDeliversWhenItComes) {
  bus_.SetDown(true);
  const auto host = Open(Settings());
  std::promise<std::string> delivered;
  host->AddConsumer("lead.commands", [&](std::span<const events::Delivery> deliveries) {
    if (!deliveries.empty()) delivered.set_value(deliveries[0].message.data);
    return std::vector<Status>(deliveries.size());
  });
  ASSERT_TRUE(host->Start().ok());
  EXPECT_EQ(Health(AddressOf(*host)), HealthCheckResponse::SERVING);

  grpc::ClientContext context;
  operations::v1::ListDeadLettersResponse letters;
  const auto operations = operations::v1::OperationsService::NewStub(rpc::MakeChannel(AddressOf(*host)));
  const auto listed = operations->ListDeadLetters(&context, operations::v1::ListDeadLettersRequest(), &letters);
  EXPECT_TRUE(listed.ok()) << listed.error_message();

  ASSERT_TRUE(host->outbox()
                  .Write([](storage::Transaction&, std::vector<events::Message>& messages) -> Status {
                    messages.push_back({.topic = "lead.commands", .subject = "leads/1", .data = "hello"});
                    return {};
                  })
                  .ok());
  bus_.SetDown(false);
  EXPECT_EQ(delivered.get_future().get(), "hello");
}

TEST_F(HostTest, DeadLettersThatAreNotThereAreNotFound) {
  const auto host = Open(Settings());
  ASSERT_TRUE(host->Start().ok());
  const auto operations = operations::v1::OperationsService::NewStub(rpc::MakeChannel(AddressOf(*host)));
  grpc::ClientContext context;
  operations::v1::DropDeadLettersRequest request;
  request.add_ids("0190d8a3-0000-7000-8000-000000000000");
  operations::v1::DropDeadLettersResponse response;
  EXPECT_EQ(operations->DropDeadLetters(&context, request, &response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(HostTest, CountersTellWhatTheDatabaseHasDoneAndWhichCallsWereServed) {
  const auto host = Open(Settings());
  ASSERT_TRUE(host->Start().ok());
  const auto operations = operations::v1::OperationsService::NewStub(rpc::MakeChannel(AddressOf(*host)));
  const auto counters = [&operations] {
    grpc::ClientContext context;
    operations::v1::GetCountersResponse response;
    EXPECT_TRUE(operations->GetCounters(&context, {}, &response).ok());
    return response.counters();
  };
  const auto before = counters();
  ASSERT_TRUE(host->database()
                  .Write([](storage::Transaction& transaction) {
                    return transaction.Run("DELETE FROM dead_letter WHERE id = $1", {std::string_view("x")});
                  })
                  .ok());
  const auto after = counters();
  EXPECT_EQ(after.at("database_operations_total"), before.at("database_operations_total") + 1);
  EXPECT_GT(after.at("database_statements_total"), before.at("database_statements_total"));
  EXPECT_EQ(after.at("rpc_calls_total{method=\"quartet.operations.v1.GetCounters\",code=\"OK\"}"), 1);
}

TEST_F(HostTest, ATimerThatThrowsGoesOnAndStopsNoOther) {
  const auto host = Open(Settings());
  std::latch thrown(3);
  std::latch ticked(3);
  // Not latches alone: they may not be counted below zero.
  int throws = 0;
  int ticks = 0;
  host->AddTimer(milliseconds(1), [&] {
    if (++throws <= 3) thrown.count_down();
    throw std::runtime_error("on purpose");
  });
  host->AddTimer(milliseconds(1), [&] {
    if (++ticks <= 3) ticked.count_down();
  });
  ASSERT_TRUE(host->Start().ok());
  thrown.wait();
  ticked.wait();
}

TEST_F(HostTest, ATimerThatFailsIsOneLineInTheLogAndNotOneForEachRound) {
  const auto host = Open(Settings());
  std::latch failed(50);
  int times = 0;
  host->AddTimer(milliseconds(1), "the work waits", [&]() -> Status {
    if (++times <= 50) failed.count_down();
    return Unavailable("DATABASE_UNAVAILABLE", "away");
  });
  testing::internal::CaptureStderr();
  ASSERT_TRUE(host->Start().ok());
  failed.wait();
  host->Stop();
  const std::string log = testing::internal::GetCapturedStderr();
  const auto first = log.find("the work waits");
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_EQ(log.find("the work waits", first + 1), std::string::npos) << log;
}

TEST_F(HostTest, ThereIsOneChannelPerService) {
  const auto host = Open(Settings());
  EXPECT_EQ(host->ChannelTo("account"), host->ChannelTo("account"));
  EXPECT_NE(host->ChannelTo("account"), host->ChannelTo("contact"));
}

TEST_F(HostTest, WhatIsOwnedDiesInReverseAndAfterTheLastCall) {
  std::vector<int> died;
  const auto mark = [&died](int number) {
    return std::shared_ptr<int>(new int(number), [&died](const int* owned) {
      died.push_back(*owned);
      delete owned;
    });
  };
  {
    const auto host = Open(Settings());
    EXPECT_EQ(host->Own(mark(1)), 1);
    host->Own(mark(2));
    ASSERT_TRUE(host->Start().ok());
    host->Stop();
    EXPECT_THAT(died, ::testing::IsEmpty());
  }
  EXPECT_THAT(died, ::testing::ElementsAre(2, 1));
}

// Ends its own process as soon as it is up. With one signal: a second would be the impatient one.
Status StopAtOnce(Host& host) {
  host.AddTimer(milliseconds(1), [sent = false]() mutable {
    if (!std::exchange(sent, true)) kill(getpid(), SIGTERM);
  });
  return {};
}

Status Refuse(Host& /*host*/) {
  return FailedPrecondition("SCHEMA_NEWER", "made by a newer program");
}

class RunTest : public ::testing::Test {
 protected:
  RunTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
  // In a process that the death test makes for it, which has a folder of its own to clear away.
  [[noreturn]] void RunAndExit(Bind bind, const std::string& listen) {
    std::vector<std::string> arguments = {"quartet-lead",  "--listen", listen,       "--data-dir",
                                          folder_->path(), "--redis",  "127.0.0.1:1"};
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    const int code = RunService(static_cast<int>(argv.size()), argv.data(), "lead", bind);
    folder_.reset();
    std::exit(code);
  }

  std::optional<test::TempDirectory> folder_{std::in_place};
};

TEST_F(RunTest, ASignalDrainsAndEndsWithZero) {
  EXPECT_EXIT(
      RunAndExit(StopAtOnce, "127.0.0.1:0"), ::testing::ExitedWithCode(0),
      "ready service=lead address=127.0.0.1:[0-9]+\n(.*\n)*.*stopping signal=SIGTERM\n(.*\n)*.*stopped service=lead");
}

TEST_F(RunTest, AServiceThatCannotStartEndsWithOne) {
  EXPECT_EXIT(RunAndExit(Refuse, "127.0.0.1:0"), ::testing::ExitedWithCode(1), "cannot start error=.*SCHEMA_NEWER");
}

TEST_F(RunTest, WrongSettingsEndWithTwoAndAreNamed) {
  EXPECT_EXIT(RunAndExit(StopAtOnce, "everywhere"), ::testing::ExitedWithCode(2),
              "--listen: 'everywhere' is not host:port");
}

}  // namespace
}  // namespace quartet::app
