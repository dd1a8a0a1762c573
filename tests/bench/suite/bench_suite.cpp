#include "tests/bench/suite/bench_suite.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <thread>

#include <fmt/core.h>

#include "common/config/ports.h"
#include "tests/bench/machine/disk.h"
#include "tests/bench/machine/postgres_counts.h"
#include "tests/bench/machine/redis_counts.h"

namespace quartet::bench {
namespace {

using lead::v1::ImportLeadsRequest;
using lead::v1::ImportLeadsResponse;
using lead::v1::ImportLeadsResult;

constexpr int kRowsPerStream = 10'000;
constexpr int kRowsPerMessage = 500;
constexpr std::chrono::seconds kImportLimit{60};
constexpr std::chrono::seconds kSettleLimit{60};
constexpr std::chrono::milliseconds kSettlePace{10};

// One stream; appends the names of the leads to `names`.
void ImportStream(lead::v1::LeadService::Stub& stub, MadeLeads& leads, int count, std::vector<std::string>& names) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kImportLimit);
  ImportLeadsResponse response;
  const auto writer = stub.ImportLeads(&context, &response);
  for (int sent = 0; sent < count; sent += kRowsPerMessage) {
    ImportLeadsRequest request;
    request.mutable_options()->set_duplicate_action(lead::v1::DUPLICATE_ACTION_SKIP);
    for (int i = sent; i < std::min(count, sent + kRowsPerMessage); ++i) *request.add_leads() = leads.Next();
    if (!writer->Write(request)) break;
  }
  writer->WritesDone();
  if (const grpc::Status status = writer->Finish(); !status.ok()) {
    throw std::runtime_error(fmt::format("ImportLeads: {}", status.error_message()));
  }
  if (response.results_size() != count) throw std::runtime_error("ImportLeads did not answer for every lead");
  for (const ImportLeadsResult& result : response.results()) {
    if (result.outcome() != ImportLeadsResult::OUTCOME_CREATED) {
      throw std::runtime_error(fmt::format("ImportLeads did not accept a lead: {}", result.ShortDebugString()));
    }
    names.push_back(result.lead());
  }
}

}  // namespace

BenchSuite::BenchSuite(BenchSuiteOptions options)
    : options_(std::move(options)), suite_(Arguments(), options_.replicas) {
  if (!OnServer()) return;
  for (const std::string_view service : config::kServices) sessions_.emplace(service, PgSession(TargetOf(service)));
}

std::string BenchSuite::DatabaseOf(std::string_view service) const {
  return fmt::format("{}_{}", options_.databases, service);
}

std::string BenchSuite::TargetOf(std::string_view service) const {
  return fmt::format("{} dbname={}", options_.server, DatabaseOf(service));
}

void BenchSuite::MakeDatabase(PgSession& admin, std::string_view service) const {
  admin.Script(fmt::format("DROP DATABASE IF EXISTS {} WITH (FORCE)", DatabaseOf(service)));
  admin.Script(fmt::format("CREATE DATABASE {}", DatabaseOf(service)));
}

std::map<std::string, std::vector<std::string>> BenchSuite::Arguments() const {
  std::optional<PgSession> admin;
  if (OnServer()) admin.emplace(options_.server + " dbname=postgres").Script("SET client_min_messages TO warning");
  std::map<std::string, std::vector<std::string>> arguments;
  for (const std::string_view service : config::kServices) {
    auto& own = arguments[std::string(service)];
    if (options_.partitions > 0) own = {"--partitions", std::to_string(options_.partitions)};
    if (!admin) continue;
    MakeDatabase(*admin, service);
    own.insert(own.end(), {"--database", TargetOf(service)});
  }
  return arguments;
}

std::vector<std::string> BenchSuite::Import(MadeLeads& leads, int count) {
  const auto start = std::chrono::steady_clock::now();
  std::vector<std::string> names;
  for (int done = 0; done < count; done += kRowsPerStream) {
    ImportStream(*clients_.leads, leads, std::min(count - done, kRowsPerStream), names);
  }
  import_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  imported_ += count;
  return names;
}

double BenchSuite::ImportedPerSecond() const {
  return import_seconds_ > 0 ? static_cast<double>(imported_) / import_seconds_ : 0;
}

Counts BenchSuite::Count() {
  Counts counts = RedisCounts(suite_.redis());
  counts.merge(service_counts_.Read());
  counts["data bytes"] = static_cast<double>(DataBytes());
  if (!sessions_.empty()) counts.merge(PostgresCounts(sessions_.begin()->second, options_.databases + "_"));
  return counts;
}

std::int64_t BenchSuite::QueryNumber(std::string_view service, const std::string& sql) {
  const auto session = sessions_.find(service);
  return session == sessions_.end() ? suite_.QueryNumber(service, sql) : session->second.Number(sql);
}

std::int64_t BenchSuite::Pending() {
  return QueryNumber("qualification", "SELECT count(*) FROM qualification WHERE redrive_time > 0");
}

std::int64_t BenchSuite::Unfinished() {
  std::int64_t unfinished = Pending();
  if (unfinished > 0) return unfinished;
  for (const std::string_view service : config::kServices) {
    unfinished += QueryNumber(service, "SELECT count(*) FROM outbox");
    if (service != "qualification") unfinished += QueryNumber(service, "SELECT count(*) FROM intent");
  }
  return unfinished;
}

void BenchSuite::Settle() {
  auto next = std::chrono::steady_clock::now();
  const auto end = next + kSettleLimit;
  while (const std::int64_t unfinished = Unfinished()) {
    next += kSettlePace;
    if (next >= end)
      throw std::runtime_error(fmt::format("{} qualifications, intents or messages stay unfinished", unfinished));
    std::this_thread::sleep_until(next);
  }
}

void BenchSuite::StopServices() {
  for (const std::string_view service : config::kServices) {
    for (int i = 0; i < options_.replicas; ++i) suite_.Kill(test::Suite::ProcessName(service, i));
  }
}

std::map<std::string, double> BenchSuite::StartServices() {
  std::map<std::string, double> seconds;
  for (const std::string_view service : config::kServices) {
    double& longest = seconds[std::string(service)];
    for (int i = 0; i < options_.replicas; ++i) {
      const auto start = std::chrono::steady_clock::now();
      suite_.Restart(test::Suite::ProcessName(service, i));
      longest = std::max(longest, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    }
  }
  return seconds;
}

void BenchSuite::EmptyDatabases() {
  sessions_.clear();
  std::optional<PgSession> admin;
  if (OnServer()) admin.emplace(options_.server + " dbname=postgres").Script("SET client_min_messages TO warning");
  for (const std::string_view service : config::kServices) {
    if (!admin) {
      std::filesystem::remove_all(suite_.folder() / service);
      continue;
    }
    MakeDatabase(*admin, service);
    sessions_.emplace(service, PgSession(TargetOf(service)));
  }
}

void BenchSuite::SettleFill() {
  for (auto& [service, session] : sessions_) session.Script("VACUUM ANALYZE");
  if (OnServer()) sessions_.begin()->second.Script("CHECKPOINT");
  sync();
}

std::unique_ptr<FillStore> BenchSuite::OpenFill(const std::string& service) const {
  if (OnServer()) return OpenPostgresFill(TargetOf(service));
  return OpenSqliteFill(suite_.folder() / service / (service + ".db"));
}

std::int64_t BenchSuite::DataBytes() {
  std::int64_t bytes = 0;
  for (const std::string_view service : config::kServices) {
    bytes += !OnServer() ? FolderBytes(suite_.folder() / service)
                         : QueryNumber(service, "SELECT pg_database_size(current_database())");
  }
  return bytes;
}

}  // namespace quartet::bench
