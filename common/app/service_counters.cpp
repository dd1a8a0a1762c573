#include "common/app/service_counters.h"

#include <fmt/format.h>

#include "common/telemetry/log.h"

namespace quartet::app {

std::map<std::string, std::int64_t> CounterValues(const telemetry::Counters& counters,
                                                  const storage::Database& database) {
  auto values = counters.Values();
  const storage::DatabaseCounters done = database.Counters();
  for (const auto& [name, value] : {std::pair("operations", done.operations),
                                    {"failed_operations", done.failed_operations},
                                    {"transactions", done.transactions},
                                    {"reruns", done.reruns},
                                    {"rejected", done.rejected},
                                    {"reads", done.reads},
                                    {"statements", done.statements},
                                    {"round_trips", done.round_trips}}) {
    values[fmt::format("database_{}_total", name)] = static_cast<std::int64_t>(value);
  }
  return values;
}

void LogTotals(const std::string& service, const storage::Database& database) {
  const storage::DatabaseCounters done = database.Counters();
  telemetry::LogInfo("database totals", {{"service", service},
                                         {"operations", fmt::to_string(done.operations)},
                                         {"failed", fmt::to_string(done.failed_operations)},
                                         {"transactions", fmt::to_string(done.transactions)},
                                         {"reruns", fmt::to_string(done.reruns)},
                                         {"rejected", fmt::to_string(done.rejected)},
                                         {"reads", fmt::to_string(done.reads)},
                                         {"statements", fmt::to_string(done.statements)},
                                         {"round_trips", fmt::to_string(done.round_trips)}});
}

}  // namespace quartet::app
