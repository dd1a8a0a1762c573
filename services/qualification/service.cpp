#include "services/qualification/service.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "common/storage/migrations.h"
#include "common/telemetry/log.h"
#include "services/qualification/inspection/handlers.h"
#include "services/qualification/migrations.h"
#include "services/qualification/qualification_handlers.h"

namespace quartet::qualification {
namespace {

constexpr std::chrono::milliseconds kRedriveInterval{250};
constexpr std::chrono::milliseconds kPollInterval{250};
constexpr const char* kReplies = "qualification.replies";

// Asks for the decisions that other replicas make, on a thread of its own.
class FarDecisions {
 public:
  FarDecisions(Coordinator& coordinator, Waiters& waiters) : coordinator_(coordinator), waiters_(waiters) {}
  ~FarDecisions() { Stop(); }
  FarDecisions(const FarDecisions&) = delete;
  FarDecisions& operator=(const FarDecisions&) = delete;

  void Start() {
    thread_ = std::thread([this] {
      while (waiters_.WaitForFarDue()) coordinator_.TellWaiters(waiters_.TakeFarDue(std::chrono::steady_clock::now()));
    });
  }
  void Stop() {
    waiters_.EndWait();
    if (thread_.joinable()) thread_.join();
  }

 private:
  Coordinator& coordinator_;
  Waiters& waiters_;
  std::thread thread_;
};

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
  host.AddService(std::make_shared<QualificationHandlers>(coordinator, decisions, repository, host.database(), waiters,
                                                          preview, host.workers()));
  host.AddService(std::make_shared<InspectionHandlers>(host.database(), host.clock(), host.workers()));
  host.AddConsumer(kReplies, [&coordinator](std::span<const events::Delivery> deliveries) {
    events::Handled handled;
    handled.statuses = coordinator.Handle(deliveries, &handled.replies);
    return handled;
  });
  host.AddTimer(kRedriveInterval, [&coordinator] {
    const Status kept = coordinator.KeepUp();
    if (!kept.ok()) telemetry::LogWarning("replies were not written down", {{"error", ToString(kept.error())}});
  });
  host.AddLeaderTimer(kRedriveInterval, [&coordinator] {
    const Status driven = coordinator.Redrive();
    if (!driven.ok()) telemetry::LogWarning("re-drive failed", {{"error", ToString(driven.error())}});
  });
  host.AddTimer(kPollInterval, [&coordinator, &waiters] {
    coordinator.TellWaiters(waiters.TakeNearDue(std::chrono::steady_clock::now()));
  });
  auto& far = host.Own(std::make_shared<FarDecisions>(coordinator, waiters));
  host.AddBackground([&far] { far.Start(); }, [&far] { far.Stop(); });
  return {};
}

}  // namespace quartet::qualification
