#include "services/qualification/service.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "common/storage/migrations.h"
#include "common/telemetry/log.h"
#include "services/qualification/coordinator/upkeep.h"
#include "services/qualification/inspection/handlers.h"
#include "services/qualification/migrations.h"
#include "services/qualification/qualification_handlers.h"

namespace quartet::qualification {
namespace {

constexpr std::chrono::milliseconds kUpkeepInterval{250};
constexpr std::chrono::milliseconds kPollInterval{250};
constexpr std::chrono::milliseconds kSurveyInterval{1'000};
constexpr std::int64_t kDay_us = 86'400'000'000;
constexpr const char* kReplies = "qualification.replies";

// Asks for the decisions that other replicas make, on a thread of its own.
class FarDecisions {
 public:
  FarDecisions(DecisionLog& decisions, Waiters& waiters) : decisions_(decisions), waiters_(waiters) {}
  ~FarDecisions() { Stop(); }
  FarDecisions(const FarDecisions&) = delete;
  FarDecisions& operator=(const FarDecisions&) = delete;

  void Start() {
    thread_ = std::thread([this] {
      while (waiters_.WaitForFarDue())
        decisions_.NotifyWaiters(waiters_, waiters_.TakeFarDue(std::chrono::steady_clock::now()));
    });
  }
  void Stop() {
    waiters_.EndWait();
    if (thread_.joinable()) thread_.join();
  }

 private:
  DecisionLog& decisions_;
  Waiters& waiters_;
  std::thread thread_;
};

void AddUpkeep(app::Host& host, std::string failure, std::function<Status(const Upkeep&)> work) {
  auto& upkeep = host.Own(std::make_shared<Upkeep>(kUpkeepInterval, std::move(failure), std::move(work), host.clock()));
  host.AddBackground([&upkeep] { upkeep.Start(); }, [&upkeep] { upkeep.Stop(); });
}

}  // namespace

Status Bind(app::Host& host) {
  QUARTET_RETURN_IF_ERROR(storage::Migrate(host.database(), "qualification", kMigrations, host.clock()));
  auto& repository = host.Own(std::make_shared<QualificationRepository>());
  auto& waiters = host.Own(std::make_shared<Waiters>([&host, topic = std::string(kReplies)](const std::string& name) {
    return host.membership().Now()->share().Has(host.bus().PartitionOf(topic, name));
  }));
  auto& preview = host.Own(std::make_shared<Preview>(host.ChannelTo("lead"), host.ChannelTo("account"),
                                                     host.ChannelTo("contact"), host.ChannelTo("opportunity")));
  auto& coordinator = host.Own(std::make_shared<Coordinator>(repository, host.database(), host.outbox(), waiters,
                                                             host.contradictions(), host.clock(), host.ids()));
  auto& decisions =
      host.Own(std::make_shared<DecisionLog>(repository, host.database(), host.contradictions(), host.clock()));
  auto& lanes = host.Own(std::make_shared<Lanes>(host.counters()));
  host.AddBackground([] {}, [&lanes] { lanes.Stop(); });
  auto& admission = host.Own(
      std::make_shared<Admission>(Admission::Limits{.pending_max = host.settings().pending_max,
                                                    .pending_per_caller_max = host.settings().pending_per_caller_max,
                                                    .calls_max = std::int64_t{2} * host.settings().pending_max}));
  // What a former process has left counts before anybody is let in.
  QUARTET_RETURN_IF_ERROR(Survey(admission, host.database(), repository));
  host.AddTimer(kSurveyInterval, [&admission, &repository, &database = host.database(), failing = false,
                                  last = std::chrono::steady_clock::now()]() mutable {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> since = now - std::exchange(last, now);
    const Status done = Survey(admission, database, repository, since.count());
    if (!done.ok() && !failing)
      telemetry::LogWarning("qualifications were not counted", {{"error", ToString(done.error())}});
    failing = !done.ok();
  });
  auto& pruner = host.Own(std::make_shared<Pruner>(
      repository, host.database(), host.clock(),
      Pruner::Options{.retention_us = host.settings().qualification_retention_days * kDay_us}));
  QUARTET_RETURN_IF_ERROR(pruner.Refresh());
  auto& pruning =
      host.Own(std::make_shared<PrunerThread>(pruner, [&host] { return host.membership().Now()->leads(); }));
  host.AddBackground([&pruning] { pruning.Start(); }, [&pruning] { pruning.Stop(); });
  host.AddService(std::make_shared<QualificationHandlers>(coordinator, decisions, repository, host.database(), waiters,
                                                          preview, lanes, admission, pruner, host.workers(),
                                                          host.clock()));
  host.AddService(std::make_shared<InspectionHandlers>(host.database(), host.clock(), host.workers()));
  host.AddConsumer(kReplies, [&coordinator](std::span<const events::Delivery> deliveries) {
    events::Handled handled;
    handled.statuses = coordinator.Handle(deliveries, &handled.replies);
    return handled;
  });
  // Both may take long, and nobody else's timers are to wait for them.
  AddUpkeep(host, "replies were not written down",
            [&coordinator](const Upkeep&) { return coordinator.FlushPending(); });
  AddUpkeep(host, "re-drive failed", [&coordinator, &host](const Upkeep& upkeep) -> Status {
    const auto goes_on = [&] { return !upkeep.stopping() && host.membership().Now()->leads(); };
    return goes_on() ? coordinator.Redrive(goes_on) : Status();
  });
  host.AddTimer(kPollInterval, [&decisions, &waiters] {
    decisions.NotifyWaiters(waiters, waiters.TakeNearDue(std::chrono::steady_clock::now()));
  });
  auto& far = host.Own(std::make_shared<FarDecisions>(decisions, waiters));
  host.AddBackground([&far] { far.Start(); }, [&far] { far.Stop(); });
  return {};
}

}  // namespace quartet::qualification
