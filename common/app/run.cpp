#include "common/app/run.h"

#include <pthread.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "common/app/timers.h"
#include "common/config/settings.h"
#include "common/events/redis/bus.h"
#include "common/rpc/grpc_log.h"
#include "common/telemetry/log.h"

namespace quartet::app {
namespace {

enum ExitCode { kClean = 0, kFailed = 1, kUsage = 2 };

// Blocks the signals that end the process. Before any thread starts, for each inherits the mask.
sigset_t BlockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);  // NOLINT: SIG_IGN is C's cast. A broken connection is an error value, not an end.
  return signals;
}

events::RedisOptions OptionsOf(const config::ServiceSettings& settings) {
  return {.address = settings.redis, .partitions = settings.partitions};
}

std::unique_ptr<events::RedisBus> MakeBus(const config::ServiceSettings& settings) {
  return std::make_unique<events::RedisBus>(OptionsOf(settings));
}

// Tells the operator when Redis comes, goes, or is not fit for use; nothing waits for it.
class RedisWatch {
 public:
  explicit RedisWatch(const config::ServiceSettings& settings)
      : address_(settings.redis.ToString()), bus_(MakeBus(settings)), timers_("redis watch") {
    timers_.Add(std::chrono::seconds(1), "redis cannot be used; trying again", [this] { return Look(); });
    timers_.Start();
  }

 private:
  Status Look() {
    Status status = bus_->Check();
    if (status.ok() && !std::exchange(was_ready_, true)) telemetry::LogInfo("redis is ready", {{"address", address_}});
    return status;
  }

  const std::string address_;
  const std::unique_ptr<events::RedisBus> bus_;  // its own, so that no publisher waits for a check
  bool was_ready_ = false;
  Timers timers_;
};

struct Running {
  std::unique_ptr<events::RedisBus> bus;
  std::unique_ptr<Host> host;
};

Status StartHosts(std::vector<config::ServiceSettings> services, std::span<const NamedBind> binds, const Clock& clock,
                  IdSource& ids, std::vector<Running>& running) {
  for (config::ServiceSettings& settings : services) {
    Running next;
    next.bus = MakeBus(settings);
    Bind bind = nullptr;
    for (const NamedBind& candidate : binds) {
      if (candidate.name == settings.service) bind = candidate.bind;
    }
    if (bind == nullptr) return Internal(fmt::format("there is no bind for service {}", settings.service));
    QUARTET_ASSIGN_OR_RETURN(next.host, Host::Open(std::move(settings), clock, ids, *next.bus));
    QUARTET_RETURN_IF_ERROR(bind(*next.host));
    running.push_back(std::move(next));
    QUARTET_RETURN_IF_ERROR(running.back().host->Start());
  }
  return {};
}

int Run(Result<config::ParsedSettings> parsed, const sigset_t& signals, std::span<const NamedBind> binds) {
  if (!parsed.ok()) {
    for (const FieldViolation& mistake : parsed.error().violations) {
      fmt::print(stderr, "{}: {}\n", mistake.field, mistake.description);
    }
    return kUsage;
  }
  if (!parsed->help.empty()) {
    fmt::print("{}", parsed->help);
    return kClean;
  }
  if (const auto level = telemetry::ParseLevel(parsed->services.front().log_level); level.ok()) {
    telemetry::SetLogLevel(*level);
  }

  if (const Status fit = events::CheckOptions(OptionsOf(parsed->services.front())); !fit.ok()) {
    fmt::print(stderr, "{}\n", ToString(fit.error()));
    return kUsage;
  }

  rpc::RouteGrpcLog();

  const SystemClock clock;
  UuidV7Source ids(clock);
  const RedisWatch redis_watch(parsed->services.front());
  std::vector<Running> running;
  const Status started = StartHosts(std::move(parsed->services), binds, clock, ids, running);
  if (started.ok()) {
    int received = 0;
    sigwait(&signals, &received);
    telemetry::LogInfo("stopping", {{"signal", received == SIGTERM ? "SIGTERM" : "SIGINT"}});
    // A second signal ends the process at once.
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  } else {
    telemetry::LogError("cannot start", {{"error", ToString(started.error())}});
  }
  // The last to start is the first to stop: it may still need the others to finish its calls.
  while (!running.empty()) {
    running.back().host->Stop();
    running.pop_back();
  }
  return started.ok() ? kClean : kFailed;
}

}  // namespace

int RunService(int argc, char** argv, std::string_view service, Bind bind) {
  const sigset_t signals = BlockStopSignals();
  const NamedBind named{.name = service, .bind = bind};
  return Run(config::ParseServiceSettings(service, argc, argv, std::getenv), signals, {&named, 1});
}

int RunAll(int argc, char** argv, std::span<const NamedBind> services) {
  const sigset_t signals = BlockStopSignals();
  return Run(config::ParseAllSettings(argc, argv, std::getenv), signals, services);
}

}  // namespace quartet::app
