#include "common/methods/resource_service.h"

#include "common/commit/intent_repository.h"

namespace quartet::methods {
namespace {

constexpr std::chrono::milliseconds kResolveInterval{1'000};
constexpr std::chrono::milliseconds kBackfillInterval{100};
constexpr std::chrono::milliseconds kPruningInterval{1'000};
// A decision takes milliseconds; an intent that is older than this has missed
// its message.
constexpr std::chrono::seconds kOldIntentAge{2};

}  // namespace

Status MigrateTables(app::Host& host, const std::string& service, std::span<const storage::MigrationFile> migrations) {
  QUARTET_RETURN_IF_ERROR(commit::MigrateTables(host.database(), host.clock()));
  return storage::Migrate(host.database(), service, migrations, host.clock());
}

void AddResolver(app::Host& host, commit::Participant& participant) {
  host.AddTimer(kResolveInterval, "old intents wait",
                [&participant] { return participant.ResolveOldIntents(kOldIntentAge); });
}

void AddPruning(app::Host& host, commit::Pruning& pruning) {
  host.AddLeaderTimer(kPruningInterval, [&pruning] {
    const auto stepped = pruning.Step();
    if (!stepped.ok()) telemetry::LogWarning("what is over stays for now", {{"error", ToString(stepped.error())}});
  });
}

void AddBackfill(app::Host& host, IdentityBackfill& backfill) {
  host.AddLeaderTimer(kBackfillInterval, [&backfill] {
    const auto stepped = backfill.Step();
    if (!stepped.ok()) telemetry::LogWarning("identities are not complete yet", {{"error", ToString(stepped.error())}});
  });
}

InspectionHandlers::ResolveAll ResolverOf(commit::DecisionSource& decisions, const commit::Resolution& resolution,
                                          events::Outbox& outbox) {
  return [&decisions, &resolution, &outbox](const std::vector<std::string>& ids) -> Status {
    QUARTET_ASSIGN_OR_RETURN(const commit::Decisions asked, decisions.Ask(ids));
    return resolution.ResolveEach(outbox, asked);
  };
}

}  // namespace quartet::methods
