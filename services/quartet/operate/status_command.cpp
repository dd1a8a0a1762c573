#include <algorithm>
#include <chrono>
#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "common/config/redis_address.h"
#include "common/events/redis/bus.h"
#include "common/events/redis/servers/client.h"
#include "services/quartet/connection/session.h"
#include "services/quartet/connection/suite_address.h"
#include "services/quartet/import/csv.h"
#include "services/quartet/operate/commands.h"
#include "services/quartet/operate/contradictions.h"
#include "services/quartet/output/error_report.h"
#include "services/quartet/output/output.h"
#include "services/quartet/output/table.h"
#include "services/quartet/shell/exit_code.h"
#include "services/quartet/shell/help.h"
#include "services/quartet/values/text.h"

#include "grpc/health/v1/health.pb.h"
#include "quartet/operations/v1/service.pb.h"

namespace quartet::cli {
namespace {

// How one process of the suite does.
struct Health {
  std::string name;
  std::string address;
  std::string state;  // "SERVING", "NOT_SERVING", "UNREACHABLE", or an error's code
  std::string detail;
  double milliseconds = 0;
  // Seen since the process that answered was started; what it stored wrongly `quartet check` tells.
  std::int64_t contradictions = 0;
};

bool IsServing(const Health& health) {
  return health.state == "SERVING";
}

bool IsGood(const Health& health) {
  return IsServing(health) && health.contradictions == 0;
}

template <typename Check>
Health Timed(std::string name, std::string address, Check check) {
  Health health{.name = std::move(name), .address = std::move(address)};
  const auto begin = std::chrono::steady_clock::now();
  check(health);
  health.milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  return health;
}

void AddContradictions(Rpc& rpc, Service service, Health& health) {
  operations::v1::GetCountersResponse counters;
  const auto status = rpc.CallAt(service, operations::v1::GetCountersRequest(), counters);
  if (!status.ok()) {
    health.detail = "its counters cannot be read: " + status.error().message;
    return;
  }
  const SeenContradictions seen = ContradictionsIn(counters);
  health.contradictions = seen.total;
  if (seen.total > 0)
    health.detail =
        fmt::format("saw what cannot be: {}; its log has the names, quartet check looks further", seen.kinds);
}

Health CheckService(Rpc& rpc, Service service) {
  Health found = Timed(std::string(ServiceName(service)), rpc.address().Of(service), [&](Health& health) {
    grpc::health::v1::HealthCheckResponse response;
    const auto status = rpc.CallAt(service, grpc::health::v1::HealthCheckRequest(), response);
    if (status.ok()) {
      health.state = grpc::health::v1::HealthCheckResponse::ServingStatus_Name(response.status());
    } else if (status.error().reason == kUnreachable) {
      health.state = kUnreachable;
      health.detail = status.error().message;
    } else {
      health.state = CodeName(status.error().code);
      health.detail = status.error().message;
    }
  });
  if (IsServing(found)) AddContradictions(rpc, service, found);
  return found;
}

// As the services do: all servers that are or may become masters, and how they are set up.
Health CheckRedis(const Rpc& rpc, const config::RedisAddress& address) {
  return Timed("redis", address.ToString(), [&](Health& health) {
    const auto timeout = std::chrono::duration_cast<std::chrono::milliseconds>(rpc.timeout());
    const events::RedisOptions options = {.address = address, .connect_timeout = timeout, .command_timeout = timeout};
    Status checked = events::CheckOptions(options);
    if (checked.ok()) checked = events::MakeRedisClient(options)->Check();
    health.state = "SERVING";
    if (checked.ok()) return;
    health.state = checked.error().code == Code::kUnavailable ? kUnreachable : "NOT_SERVING";
    health.detail = checked.error().message;
  });
}

// What stands in `text`, with the secrets and certificates that the services, too, find in the environment.
Result<config::RedisAddress> ReadRedis(const std::string& text) {
  QUARTET_ASSIGN_OR_RETURN(config::RedisAddress address, config::ParseRedisAddress(text));
  const auto read = [](std::string& value, const char* variable) {
    if (auto found = ProcessEnvironment(variable)) value = *std::move(found);
  };
  read(address.password, "QUARTET_REDIS_PASSWORD");
  read(address.sentinel_password, "QUARTET_REDIS_SENTINEL_PASSWORD");
  read(address.ca_file, "QUARTET_REDIS_CA_FILE");
  read(address.cert_file, "QUARTET_REDIS_CERT_FILE");
  read(address.key_file, "QUARTET_REDIS_KEY_FILE");
  return address;
}

void Write(const Console& console, Format format, const std::vector<Health>& healths) {
  if (format == Format::kJson) {
    auto array = nlohmann::json::array();
    for (const auto& health : healths) {
      array.push_back({{"name", health.name},
                       {"address", health.address},
                       {"state", health.state},
                       {"detail", health.detail},
                       {"milliseconds", health.milliseconds},
                       {"contradictions", health.contradictions}});
    }
    console.out << array.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return;
  }
  std::vector<TableRow> rows;
  for (const auto& health : healths) {
    rows.push_back({{health.name},
                    {health.address},
                    {health.state, IsServing(health) ? Tint::kGood : Tint::kBad},
                    {fmt::format("{:.1f} ms", health.milliseconds)},
                    {Printable(health.detail)},
                    {fmt::to_string(health.contradictions), health.contradictions > 0 ? Tint::kBad : Tint::kNone}});
  }
  if (format == Format::kTable) {
    // What is added comes last in what programs read; people see it beside the state.
    for (TableRow& row : rows) std::rotate(row.begin() + 3, row.end() - 1, row.end());
    PrintTable(console,
               {{"NAME"}, {"ADDRESS"}, {"STATE"}, {"CONTRADICTIONS", true}, {"TIME", true}, {"DETAIL", false, 10, 1}},
               rows);
    return;
  }
  WriteCsvRow(console.out, std::vector<std::string>{"name", "address", "state", "time", "detail", "contradictions"});
  for (const auto& row : rows) {
    std::vector<std::string> cells;
    for (const auto& cell : row) cells.push_back(cell.text);
    WriteCsvRow(console.out, cells);
  }
}

int Run(Session& session, Format format, const std::string& redis) {
  const auto redis_address = ReadRedis(redis.empty() ? session.rpc().address().redis : redis);
  if (!redis_address.ok()) {
    ReportError(session.console(), redis_address.error());
    return kExitUsage;
  }
  std::vector<Health> healths;
  for (const Service service : kServices) healths.push_back(CheckService(session.rpc(), service));
  healths.push_back(CheckRedis(session.rpc(), *redis_address));
  Write(session.console(), format, healths);

  const auto reached =
      std::count_if(healths.begin(), healths.end(), [](const Health& health) { return health.state != kUnreachable; });
  if (reached == 0) {
    session.console().err << fmt::format(
        "Nothing runs at {} (known from {}). `deploy/local/up` starts a suite; --base-port N finds another one.\n",
        session.rpc().address().Of(Service::kLead), session.rpc().address().origin);
  }
  if (reached < std::ssize(healths)) return kExitUnreachable;
  return std::all_of(healths.begin(), healths.end(), IsGood) ? kExitOk : kExitFailed;
}

}  // namespace

void AddStatusCommand(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand(
      "status", "Show whether the services and Redis are well, and whether they saw what cannot be");
  auto format = std::make_shared<Format>(Format::kTable);
  auto redis = std::make_shared<std::string>();
  SetExamples(*command, {"quartet status", "quartet status --base-port 7500 --timeout 2",
                         "quartet status --redis cluster://10.0.0.1:6379,10.0.0.2:6379"});
  AddOutputOption(*command, *format);
  command
      ->add_option("--redis", *redis,
                   "The Redis of the suite, as its services are told it; else QUARTET_REDIS, else that of the suite "
                   "that deploy/local/up started last, else port base + 9")
      ->type_name("ADDRESS");
  command->callback([&session, format, redis] {
    session.command = [&session, format, redis] { return Run(session, *format, *redis); };
  });
}

}  // namespace quartet::cli
