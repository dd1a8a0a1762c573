#pragma once

#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/commit/decisions.h"
#include "common/commit/intent_repository.h"
#include "common/commit/record_kind.h"
#include "common/events/bus.h"
#include "common/events/outbox/outbox.h"
#include "common/resource/record_repository.h"
#include "common/telemetry/contradictions.h"

namespace quartet::commit {

// Carries decisions out: the one place where an intent becomes final or void.
// Stateless but for its references; all functions run inside the caller's
// transaction and may be repeated.
class Resolution {
 public:
  Resolution(const RecordKind& kind, const resource::RecordRepository& records, const IntentRepository& intents,
             const Clock& clock, telemetry::Contradictions& contradictions)
      : kind_(kind), records_(records), intents_(intents), clock_(clock), contradictions_(contradictions) {}

  // What the decision says of the intents held here (rules 6, 11): COMMITTED of
  // their attempt makes them final and emits their domain events; ABORTED, or a
  // higher attempt, voids them. With `acknowledge`, the orchestrator is told
  // once nothing is left to do. A decision that does not fit what was done here is
  // reported as a contradiction, changes nothing and is not acknowledged.
  Status Resolve(storage::Transaction& transaction, const Decision& decision, bool acknowledge,
                 std::vector<events::Message>& out) const;

  // All of them, in operations of bounded size, and one that fails keeps none of the
  // others from being carried out; the first failure.
  Status ResolveEach(events::Outbox& outbox, const Decisions& decisions) const;

  // Voids attempts up to `attempt` and leaves the mark even if there is nothing
  // (rule 5). Never changes a final record.
  Status Release(storage::Transaction& transaction, const std::string& qualification_id, std::int64_t attempt) const;

  // Drops what `participation` holds, and marks attempts up to `through` void;
  // does not save it.
  Status Void(storage::Transaction& transaction, Participation& participation, std::int64_t through) const;

  // Whether `decision` leaves `intent` neither final nor void.
  static bool IsUndecided(const Intent& intent, const Decision& decision);
  // Whether `decision` makes `intent` final.
  static bool IsCommitted(const Intent& intent, const Decision& decision);

  // The reply as a message to the orchestrator.
  events::Message ReplyMessage(const qualification::v1::Reply& reply) const;

 private:
  // Makes what `participation` holds final, and leaves in it what may be asked of it later.
  Status Finalise(storage::Transaction& transaction, Participation& participation, const std::vector<Intent>& held,
                  const Decision& decision, std::vector<events::Message>& out) const;
  // Follows the identities of a record that was attached to.
  Status FinaliseIdentities(storage::Transaction& transaction, const Intent& intent,
                            const resource::Record& after) const;

  const RecordKind& kind_;
  const resource::RecordRepository& records_;
  const IntentRepository& intents_;
  const Clock& clock_;
  telemetry::Contradictions& contradictions_;
};

}  // namespace quartet::commit
