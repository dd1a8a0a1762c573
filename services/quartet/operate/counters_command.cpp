#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "services/quartet/connection/session.h"
#include "services/quartet/import/csv.h"
#include "services/quartet/operate/commands.h"
#include "services/quartet/output/error_report.h"
#include "services/quartet/output/output.h"
#include "services/quartet/output/table.h"
#include "services/quartet/shell/exit_code.h"
#include "services/quartet/shell/help.h"

#include "quartet/operations/v1/service.pb.h"

namespace quartet::cli {
namespace {

struct Counter {
  std::string service;
  std::string name;
  std::int64_t value = 0;
};

void Write(const Console& console, Format format, const std::vector<Counter>& counters) {
  if (format == Format::kJson) {
    auto array = nlohmann::json::array();
    for (const auto& counter : counters) {
      array.push_back({{"service", counter.service}, {"name", counter.name}, {"value", counter.value}});
    }
    console.out << array.dump(1) << '\n';
    return;
  }
  if (format == Format::kCsv) {
    WriteCsvRow(console.out, std::vector<std::string>{"service", "name", "value"});
    for (const auto& counter : counters) {
      WriteCsvRow(console.out, std::vector{counter.service, counter.name, fmt::to_string(counter.value)});
    }
    return;
  }
  std::vector<TableRow> rows;
  for (const auto& counter : counters)
    rows.push_back({{counter.service}, {counter.name}, {fmt::to_string(counter.value)}});
  PrintTable(console, {{"SERVICE"}, {"COUNTER"}, {"VALUE", true}}, rows);
}

int Run(Session& session, const std::string& only, Format format) {
  std::vector<Counter> counters;
  for (const Service service : kServices) {
    const std::string name(ServiceName(service));
    if (!only.empty() && only != name) continue;
    operations::v1::GetCountersResponse response;
    const auto status = session.rpc().CallAt(service, operations::v1::GetCountersRequest(), response);
    if (!status.ok()) return ReportError(session.console(), status.error());
    const std::map<std::string, std::int64_t> sorted(response.counters().begin(), response.counters().end());
    for (const auto& [counter, value] : sorted) counters.push_back({name, counter, value});
  }
  Write(session.console(), format, counters);
  return kExitOk;
}

}  // namespace

void AddCountersCommand(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand("counters", "Show what the services have done since they were started");
  auto service = std::make_shared<std::string>();
  auto format = std::make_shared<Format>(Format::kTable);
  SetExamples(*command, {"quartet counters", "quartet counters --service lead --output json"});
  command->add_option("--service", *service, "Only this one's")
      ->check(CLI::IsMember({"lead", "contact", "account", "opportunity", "qualification"}));
  AddOutputOption(*command, *format);
  command->callback([&session, service, format] {
    session.command = [&session, service, format] { return Run(session, *service, *format); };
  });
}

}  // namespace quartet::cli
