#include "tests/support/suite/process.h"

#include <cstdlib>
#include <iostream>
#include <stdexcept>

#include <fmt/ranges.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "common/config/ports.h"
#include "tests/support/eventually.h"

#include "grpc/health/v1/health.grpc.pb.h"

namespace quartet::test {
namespace {

constexpr std::chrono::seconds kHealthyLimit{30};
constexpr std::chrono::milliseconds kProbeLimit{200};
constexpr std::size_t kLogShownMax = 20'000;

// In the block of ports.
constexpr int kStandbyOffset = 7;
constexpr int kPostgresOffset = 8;

bool IsHealthy(grpc::health::v1::Health::Stub& stub) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kProbeLimit);
  context.set_wait_for_ready(true);
  grpc::health::v1::HealthCheckResponse response;
  return stub.Check(&context, {}, &response).ok() &&
         response.status() == grpc::health::v1::HealthCheckResponse::SERVING;
}

std::unique_ptr<RedisServer> StartRedis(const PortBlock& ports) {
  return std::make_unique<RedisServer>(false, std::vector<std::string>{}, config::DefaultPort("redis", ports.base()));
}

}  // namespace

std::string SuiteDatabase(std::string_view service) {
  return fmt::format("quartet_{}", service);
}

std::filesystem::path ProgramFolder() {
  const char* folder = std::getenv("QUARTET_BIN_DIR");
  if (folder == nullptr) throw std::runtime_error("QUARTET_BIN_DIR is not set; run this through tests/run or ctest");
  return folder;
}

Suite::Suite(std::map<std::string, std::vector<std::string>> arguments, int replicas)
    : replicas_(replicas), arguments_(std::move(arguments)), redis_(StartRedis(ports_)) {
  StartAll();
}

Suite::Suite(InOneProcess /*how*/) : redis_(StartRedis(ports_)) {
  Start("all");
  for (const std::string_view service : config::kServices) WaitUntilHealthy(AddressOf(service), "all");
}

Suite::Suite(OnPostgres how)
    : replicas_(how.replicas),
      arguments_(std::move(how.arguments)),
      redis_(StartRedis(ports_)),
      postgres_(std::make_unique<PostgresServer>(std::vector<std::string>{}, ports_.base() + kPostgresOffset)) {
  for (const std::string_view service : config::kServices) postgres_->CreateDatabase(SuiteDatabase(service));
  if (how.standby) standby_ = postgres_->StartStandby(ports_.base() + kStandbyOffset);
  StartAll();
}

void Suite::StartAll() {
  for (int i = 1; i < replicas_; ++i) replica_ports_.push_back(std::make_unique<PortBlock>());
  for (const std::string_view service : config::kServices) {
    for (int i = 0; i < replicas_; ++i) Start(ProcessName(service, i));
  }
  for (const std::string_view service : config::kServices) {
    for (int i = 0; i < replicas_; ++i) WaitUntilHealthy(AddressOf(service, i), ProcessName(service, i));
  }
}

void Suite::FailOver() {
  postgres_->Kill();
  standby_->Promote();
  postgres_ = std::move(standby_);
}

Suite::~Suite() {
  for (const auto& [name, process] : processes_) process->Kill();
  if (!testing::Test::HasFailure()) return;
  for (const auto& [name, process] : processes_) {
    const std::string log = ReadFile(LogOf(name));
    std::cerr << "---- log of " << name << " ----\n"
              << log.substr(log.size() - std::min(log.size(), kLogShownMax)) << '\n';
  }
}

std::string Suite::AddressOf(std::string_view service, int replica) const {
  const int base = replica == 0 ? ports_.base() : replica_ports_[static_cast<std::size_t>(replica) - 1]->base();
  return fmt::format("127.0.0.1:{}", config::DefaultPort(service, base));
}

std::string Suite::AddressOf(std::string_view service) const {
  return fmt::format("{}", fmt::join(AddressesOf(service), ","));
}

std::vector<std::string> Suite::AddressesOf(std::string_view service) const {
  std::vector<std::string> addresses;
  for (int i = 0; i < replicas_; ++i) addresses.push_back(AddressOf(service, i));
  return addresses;
}

std::filesystem::path Suite::LogOf(std::string_view process) const {
  return folder_.path() / fmt::format("{}.log", process);
}

void Suite::Start(const std::string& process) {
  const std::string service = process.substr(0, process.find('.'));
  // The process that holds all makes a folder for each service in the one that it is given.
  const auto data = process == "all" ? folder_.path() : folder_.path() / service;
  std::vector<std::string> command = {(ProgramFolder() / ("quartet-" + service)).string(), "--base-port",
                                      std::to_string(ports_.base()), "--data-dir", data.string(),
                                      // As where Redis is on the same machine.
                                      "--redis", "unix://" + redis_->socket()};
  if (postgres_ != nullptr) {
    const std::vector<int> servers = {ports_.base() + kPostgresOffset, ports_.base() + kStandbyOffset};
    command.insert(command.end(), {"--database", PostgresServer::Target(servers, SuiteDatabase("{service}"))});
  }
  if (replicas_ > 1) {
    const int replica = process == service ? 0 : std::stoi(process.substr(service.size() + 1));
    command.insert(command.end(), {"--listen", AddressOf(service, replica)});
    for (const std::string_view other : config::kServices) {
      command.insert(command.end(), {fmt::format("--{}", other), AddressOf(other)});
    }
  }
  if (const auto more = arguments_.find(service); more != arguments_.end()) {
    command.insert(command.end(), more->second.begin(), more->second.end());
  }
  processes_[process] = std::make_unique<ChildProcess>(std::move(command), LogOf(process));
}

void Suite::WaitUntilHealthy(const std::string& address, const std::string& name) {
  ChildProcess& process = *processes_.at(name);
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto stub = grpc::health::v1::Health::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
  const bool is_healthy = Eventually([&] { return !process.Running() || IsHealthy(*stub); }, kHealthyLimit);
  if (is_healthy && process.Running()) return;
  throw std::runtime_error(fmt::format("{} does not get healthy:\n{}", name, ReadFile(LogOf(name))));
}

std::string Suite::ProcessName(std::string_view service, int replica) {
  return replica == 0 ? std::string(service) : fmt::format("{}.{}", service, replica);
}

void Suite::Kill(std::string_view process) {
  processes_.find(process)->second->Kill();
}

bool Suite::Running(std::string_view process) {
  return processes_.find(process)->second->Running();
}

void Suite::Restart(std::string_view process) {
  const std::string name(process);
  const std::string service = name.substr(0, name.find('.'));
  Start(name);
  WaitUntilHealthy(AddressOf(service, name == service ? 0 : std::stoi(name.substr(service.size() + 1))), name);
}

ProgramResult Suite::Quartet(std::vector<std::string> arguments) const {
  std::vector<std::string> command = {(ProgramFolder() / "quartet").string(), "--base-port",
                                      std::to_string(ports_.base())};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return RunProgram(std::move(command), folder_.path());
}

std::int64_t Suite::CountUnsettled() const {
  std::int64_t count = QueryNumber("qualification", "SELECT count(*) FROM qualification WHERE redrive_time > 0");
  for (const std::string_view service : {"lead", "contact", "account", "opportunity"}) {
    count += QueryNumber(service, "SELECT count(*) FROM intent");
  }
  return count;
}

}  // namespace quartet::test
