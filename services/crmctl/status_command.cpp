#include <chrono>
#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <hiredis/hiredis.h>
#include <nlohmann/json.hpp>

#include "services/crmctl/csv.h"
#include "services/crmctl/error_report.h"
#include "services/crmctl/exit_code.h"
#include "services/crmctl/help.h"
#include "services/crmctl/operator_commands.h"
#include "services/crmctl/output.h"
#include "services/crmctl/session.h"
#include "services/crmctl/table.h"
#include "services/crmctl/text.h"

#include "grpc/health/v1/health.pb.h"

namespace quartet::cli {
namespace {

// How one process of the suite does.
struct Health {
  std::string name;
  std::string address;
  std::string state;  // "SERVING", "NOT_SERVING", "UNREACHABLE", or an error's code
  std::string detail;
  double milliseconds = 0;
};

bool IsGood(const Health& health) {
  return health.state == "SERVING";
}

template <typename Check>
Health Timed(std::string name, std::string address, Check check) {
  Health health{.name = std::move(name), .address = std::move(address)};
  const auto begin = std::chrono::steady_clock::now();
  check(health);
  health.milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  return health;
}

Health CheckService(Rpc& rpc, Service service) {
  return Timed(std::string(ServiceName(service)), rpc.address().Of(service), [&](Health& health) {
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
}

Health CheckRedis(const Rpc& rpc) {
  const auto& address = rpc.address();
  return Timed("redis", fmt::format("{}:{}", address.host, address.RedisPort()), [&](Health& health) {
    const auto timeout = std::chrono::duration_cast<std::chrono::microseconds>(rpc.timeout());
    const timeval limit = {.tv_sec = static_cast<time_t>(timeout.count() / 1'000'000),
                           .tv_usec = static_cast<suseconds_t>(timeout.count() % 1'000'000)};
    const std::unique_ptr<redisContext, void (*)(redisContext*)> context(
        redisConnectWithTimeout(address.host.c_str(), address.RedisPort(), limit), redisFree);
    health.state = kUnreachable;
    if (context == nullptr) {
      health.detail = "out of memory";
      return;
    }
    if (context->err == 0) redisSetTimeout(context.get(), limit);
    const std::unique_ptr<void, void (*)(void*)> reply(
        context->err == 0 ? redisCommand(context.get(), "PING") : nullptr, freeReplyObject);
    if (reply == nullptr) {
      health.detail = context->errstr;
      return;
    }
    const auto& answer = *static_cast<const redisReply*>(reply.get());
    const std::string_view text(answer.str == nullptr ? "" : answer.str, answer.str == nullptr ? 0 : answer.len);
    health.state = answer.type == REDIS_REPLY_ERROR ? "NOT_SERVING" : "SERVING";
    if (answer.type == REDIS_REPLY_ERROR) health.detail = text;
  });
}

void Write(const Console& console, Format format, const std::vector<Health>& healths) {
  if (format == Format::kJson) {
    auto array = nlohmann::json::array();
    for (const auto& health : healths) {
      array.push_back({{"name", health.name},
                       {"address", health.address},
                       {"state", health.state},
                       {"detail", health.detail},
                       {"milliseconds", health.milliseconds}});
    }
    console.out << array.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return;
  }
  std::vector<TableRow> rows;
  for (const auto& health : healths) {
    rows.push_back({{health.name},
                    {health.address},
                    {health.state, IsGood(health) ? Tint::kGood : Tint::kBad},
                    {fmt::format("{:.1f} ms", health.milliseconds)},
                    {Printable(health.detail)}});
  }
  if (format == Format::kTable) {
    PrintTable(console, {{"NAME"}, {"ADDRESS"}, {"STATE"}, {"TIME", true}, {"DETAIL", false, 10, 1}}, rows);
    return;
  }
  WriteCsvRow(console.out, std::vector<std::string>{"name", "address", "state", "time", "detail"});
  for (const auto& row : rows) {
    std::vector<std::string> cells;
    for (const auto& cell : row) cells.push_back(cell.text);
    WriteCsvRow(console.out, cells);
  }
}

int Run(Session& session, Format format) {
  std::vector<Health> healths;
  for (const Service service : kServices) healths.push_back(CheckService(session.rpc(), service));
  healths.push_back(CheckRedis(session.rpc()));
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
  auto* command = root.add_subcommand("status", "Show whether the services and Redis are well");
  auto format = std::make_shared<Format>(Format::kTable);
  SetExamples(*command, {"quartet status", "quartet status --base-port 7500 --timeout 2"});
  AddOutputOption(*command, *format);
  command->callback([&session, format] { session.command = [&session, format] { return Run(session, *format); }; });
}

}  // namespace quartet::cli
