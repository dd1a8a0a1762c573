#include "tests/bench/machine/service_counts.h"

#include <chrono>
#include <stdexcept>

#include <fmt/core.h>

#include "common/config/ports.h"
#include "common/rpc/channel.h"

namespace quartet::bench {
namespace {

constexpr std::chrono::seconds kCountsLimit{10};

constexpr std::pair<const char*, const char*> kShown[] = {{"database_statements_total", "statements"},
                                                          {"database_round_trips_total", "round trips"},
                                                          {"database_operations_total", "operations"},
                                                          {"database_transactions_total", "commits"},
                                                          {"database_reads_total", "reads"}};

}  // namespace

ServiceCounts::ServiceCounts(const test::Suite& suite) {
  for (const std::string_view service : config::kServices) {
    for (const std::string& address : suite.AddressesOf(service)) {
      replicas_.emplace_back(service, operations::v1::OperationsService::NewStub(rpc::MakeChannel(address)));
    }
  }
}

Counts ServiceCounts::Read() const {
  Counts counts;
  for (const auto& [service, stub] : replicas_) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kCountsLimit);
    context.set_wait_for_ready(true);
    operations::v1::GetCountersResponse response;
    if (const grpc::Status status = stub->GetCounters(&context, {}, &response); !status.ok())
      throw std::runtime_error(fmt::format("GetCounters of {}: {}", service, status.error_message()));
    for (const auto& [name, shown] : kShown) {
      const auto value = static_cast<double>(response.counters().at(name));
      if (value > 0) counts[fmt::format("{}: {}", shown, service)] += value;
    }
  }
  return counts;
}

}  // namespace quartet::bench
