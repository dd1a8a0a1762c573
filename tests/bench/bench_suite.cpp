#include "tests/bench/bench_suite.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include <fmt/core.h>

#include "common/config/ports.h"
#include "tests/bench/disk.h"

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

std::int64_t BenchSuite::Unfinished() const {
  const auto rows = suite_.QueryNumber("qualification", "SELECT count(*) FROM qualification WHERE redrive_time > 0");
  const auto intents = rows > 0 ? 0 : suite_.CountIntents();
  if (rows + intents > 0) return rows + intents;
  std::int64_t unpublished = 0;
  for (const std::string_view service : config::kServices) {
    unpublished += suite_.QueryNumber(service, "SELECT count(*) FROM outbox");
  }
  return unpublished;
}

void BenchSuite::Settle() const {
  auto next = std::chrono::steady_clock::now();
  const auto end = next + kSettleLimit;
  while (const std::int64_t unfinished = Unfinished()) {
    next += kSettlePace;
    if (next >= end)
      throw std::runtime_error(fmt::format("{} qualifications, intents or messages stay unfinished", unfinished));
    std::this_thread::sleep_until(next);
  }
}

std::int64_t BenchSuite::DataBytes() const {
  std::int64_t bytes = 0;
  for (const std::string_view service : config::kServices) bytes += FolderBytes(suite_.folder() / service);
  return bytes;
}

}  // namespace quartet::bench
