#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/events/memory_bus.h"
#include "common/events/outbox/relay.h"
#include "common/storage/database.h"
#include "common/telemetry/contradictions.h"
#include "services/qualification/coordinator/coordinator.h"
#include "services/qualification/decision_log.h"

namespace quartet::test {

// A database that now and then does not do what it is asked for, or does it and
// says that nobody knows.
class FlakyDatabase final : public storage::Database {
 public:
  // `fails`: whether it fails this time.
  FlakyDatabase(storage::Database& database, std::function<bool()> fails)
      : database_(database), fails_(std::move(fails)) {}

  void Enqueue(storage::WriteOperation operation) override { database_.Enqueue(Flaky(std::move(operation))); }
  void Perform(storage::WriteOperation operation) override { database_.Perform(Flaky(std::move(operation))); }
  Status Read(const std::function<Status(storage::Transaction&)>& run) override {
    if (fails_()) return Broken();
    return database_.Read(run);
  }
  void Close() override {}
  storage::DatabaseCounters Counters() const override { return database_.Counters(); }
  bool IsShared() const override { return database_.IsShared(); }

 private:
  static Status Broken() { return Unavailable("DATABASE_UNAVAILABLE", "a connection broke", {}); }
  storage::WriteOperation Flaky(storage::WriteOperation operation);

  storage::Database& database_;
  const std::function<bool()> fails_;
  bool was_done_ = false;  // the last that failed
};

// What it publishes is taken by the test.
class SentMessages final : public events::Bus {
 public:
  explicit SentMessages(const Clock& clock) : inner_(clock, 1) {}
  Status Publish(std::span<const events::Message> messages) override {
    sent.insert(sent.end(), messages.begin(), messages.end());
    return {};
  }
  int PartitionOf(const std::string& topic, std::string_view key) const override {
    return inner_.PartitionOf(topic, key);
  }
  std::unique_ptr<events::Subscription> Subscribe(const std::string& topic, const std::string& group,
                                                  const std::string& consumer) override {
    return inner_.Subscribe(topic, group, consumer);
  }
  Status Trim(const std::string& topic, std::chrono::milliseconds max_age) override {
    return inner_.Trim(topic, max_age);
  }
  Result<events::Marker> ReadMarker(const std::string& topic) override { return inner_.ReadMarker(topic); }
  Result<bool> AdvanceMarker(const std::string& topic, std::int64_t value) override {
    return inner_.AdvanceMarker(topic, value);
  }
  Status BeginMarker(const std::string& topic, const std::string& token) override {
    return inner_.BeginMarker(topic, token);
  }
  Result<bool> SetMarker(const std::string& topic, const std::string& token, std::int64_t value) override {
    return inner_.SetMarker(topic, token, value);
  }

  std::vector<events::Message> sent;

 private:
  events::MemoryBus inner_;
};

// One replica of the orchestrator: a memory of its own over a database that others
// have, too.
class OrchestratorReplica {
 public:
  struct Shared {
    const Clock& clock;
    IdSource& ids;
    std::function<bool()> database_fails;
    telemetry::Contradictions& contradictions;
    qualification::RecentRows::Limits memory;
  };
  // All must outlive it.
  OrchestratorReplica(storage::Database& database, const Shared& shared, qualification::Waiters::IsNear is_near);

  // The qualification that is begun, or was by `request_id`.
  Result<qualification::v1::Qualification> Begin(const std::string& lead, const std::string& request_id);
  Result<qualification::v1::Qualification> BeginRevert(const std::string& id);
  // What it has sent since the last call: topic and command.
  std::vector<std::pair<std::string, qualification::v1::Command>> TakeCommands();
  std::vector<Status> Handle(const std::vector<qualification::v1::Reply>& replies);

  qualification::Coordinator& coordinator() { return coordinator_; }
  qualification::DecisionLog& decisions() { return decisions_; }
  qualification::Waiters& waiters() { return waiters_; }

 private:
  Result<qualification::v1::Qualification> Await(const std::function<void(qualification::Coordinator::Begun)>& begin);

  const events::FixedMembership alone_;
  const qualification::QualificationRepository repository_{};
  FlakyDatabase database_;
  SentMessages bus_;
  events::Relay relay_;
  events::Outbox outbox_;
  qualification::Waiters waiters_;
  qualification::Coordinator coordinator_;
  qualification::DecisionLog decisions_;
};

}  // namespace quartet::test
