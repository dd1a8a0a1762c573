#include "services/qualification/service.h"

#include "common/storage/migrations.h"
#include "common/telemetry/log.h"
#include "services/qualification/migrations.h"
#include "services/qualification/qualification_handlers.h"

namespace quartet::qualification {
namespace {

constexpr std::chrono::milliseconds kRedriveInterval{250};
constexpr std::chrono::milliseconds kPollInterval{1'000};

}  // namespace

Status Bind(app::Host& host) {
  QUARTET_RETURN_IF_ERROR(storage::Migrate(host.database(), "qualification", kMigrations, host.clock()));
  auto& repository = host.Own(std::make_shared<QualificationRepository>());
  auto& waiters = host.Own(std::make_shared<Waiters>());
  auto& preview = host.Own(std::make_shared<Preview>(host.ChannelTo("lead"), host.ChannelTo("account"),
                                                     host.ChannelTo("contact"), host.ChannelTo("opportunity")));
  auto& coordinator = host.Own(
      std::make_shared<Coordinator>(repository, host.database(), host.outbox(), waiters, host.clock(), host.ids()));
  host.AddService(std::make_shared<QualificationHandlers>(coordinator, repository, host.database(), waiters, preview,
                                                          host.workers()));
  host.AddConsumer("qualification.replies", [&coordinator](std::span<const events::Delivery> deliveries) {
    return coordinator.Handle(deliveries);
  });
  host.AddTimer(kRedriveInterval, [&coordinator] {
    const Status kept = coordinator.KeepUp();
    if (!kept.ok()) telemetry::LogWarning("replies were not written down", {{"error", ToString(kept.error())}});
  });
  host.AddLeaderTimer(kRedriveInterval, [&coordinator] {
    const Status driven = coordinator.Redrive();
    if (!driven.ok()) telemetry::LogWarning("re-drive failed", {{"error", ToString(driven.error())}});
  });
  host.AddTimer(kPollInterval, [&coordinator] { coordinator.PollWaiters(); });
  return {};
}

}  // namespace quartet::qualification
