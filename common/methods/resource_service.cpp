#include "common/methods/resource_service.h"

#include "common/commit/intent_repository.h"
#include "common/telemetry/log.h"

namespace quartet::methods {
namespace {

constexpr std::chrono::milliseconds kResolveInterval{1'000};
// A decision takes milliseconds; an intent that is older than this has missed
// its message.
constexpr std::chrono::seconds kOldIntentAge{2};

}  // namespace

Status MigrateTables(app::Host& host, const std::string& service, std::span<const storage::MigrationFile> migrations) {
  QUARTET_RETURN_IF_ERROR(commit::MigrateTables(host.database(), host.clock()));
  return storage::Migrate(host.database(), service, migrations, host.clock());
}

void AddResolver(app::Host& host, commit::Participant& participant) {
  host.AddTimer(kResolveInterval, [&participant] {
    const Status resolved = participant.ResolveOldIntents(kOldIntentAge);
    if (!resolved.ok()) telemetry::LogWarning("old intents wait", {{"error", ToString(resolved.error())}});
  });
}

}  // namespace quartet::methods
