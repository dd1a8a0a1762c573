#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/commit/decisions.h"
#include "common/events/memory_bus.h"
#include "common/events/outbox/relay.h"
#include "common/storage/database.h"
#include "common/telemetry/contradictions.h"
#include "services/qualification/coordinator/coordinator.h"
#include "services/qualification/decision_log.h"
#include "tests/support/database_backend.h"

namespace quartet::test {

// The orchestrator as it is, or a replica of it. It sends to a bus in memory that
// nobody else reads.
class OrchestratorNode {
 public:
  // All must outlive it.
  OrchestratorNode(DatabaseBackend& backend, const Clock& clock, IdSource& ids);
  ~OrchestratorNode();
  OrchestratorNode(const OrchestratorNode&) = delete;
  OrchestratorNode& operator=(const OrchestratorNode&) = delete;

  // The process dies and comes back: memory is lost, the database is kept.
  void Restart();
  // Stops it to keep a copy of its database, or to put that back.
  void Keep();
  void PutBack();

  // The id of the qualification that is begun, or was begun by `request_id`.
  std::string Begin(const std::string& lead, const qualification::v1::QualifyOptions& options,
                    const std::string& request_id);
  Result<std::string> BeginRevert(const std::string& qualification_id);

  // Handles replies as the consumer does: what follows is published.
  std::vector<Status> Handle(std::span<const events::Delivery> deliveries) { return Handle(deliveries, *coordinator_); }
  std::vector<Status> Handle(std::span<const events::Delivery> deliveries, qualification::Coordinator& coordinator);
  // One that has the same database, and a memory of its own, as in another process.
  std::unique_ptr<qualification::Coordinator> AnotherCoordinator();

  // Commands, each with its topic, and domain events that were sent since the
  // last call.
  std::vector<std::pair<std::string, std::string>> TakeCommands();

  // The names of all that it has told the world to be decided.
  std::vector<std::string> Events();

  // All rows, the oldest first, and the tombstones at the end.
  std::vector<qualification::Row> Rows();

  storage::Database& database() { return *database_; }
  qualification::Coordinator& coordinator() { return *coordinator_; }
  qualification::DecisionLog& decisions() { return *decisions_; }
  // How often it has reported a contradiction of this kind.
  std::int64_t Contradictions(const std::string& kind) {
    return counters_.Get("contradictions_total{kind=\"" + kind + "\"}").value();
  }

 private:
  void Open();
  void Close();
  std::string Await(const std::function<void(qualification::Coordinator::Begun)>& begin, Status& status);

  DatabaseBackend& backend_;
  const Clock& clock_;
  IdSource& ids_;
  telemetry::Counters counters_;
  telemetry::Contradictions contradictions_{counters_};
  const events::FixedMembership alone_;
  events::MemoryBus bus_;
  std::vector<std::size_t> taken_;
  qualification::QualificationRepository repository_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<events::Relay> relay_;
  std::unique_ptr<events::Outbox> outbox_;
  std::unique_ptr<qualification::Waiters> waiters_;
  std::unique_ptr<qualification::Coordinator> coordinator_;
  std::unique_ptr<qualification::DecisionLog> decisions_;
};

}  // namespace quartet::test
