#pragma once

#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/telemetry/counters.h"
#include "tests/simulation/model_participant.h"
#include "tests/simulation/orchestrator_replica.h"
#include "tests/support/database_backend.h"

namespace quartet::test {

// Two or three orchestrators as they are, over one database, with memories that are too small for their
// work, and model participants. Messages are lost, doubled and reordered, partitions and the leadership
// move, processes die, writes fail, some of them after they were done. One seed is one history.
class ReplicasWorld {
 public:
  ReplicasWorld(const DatabaseBackendFactory& backend, unsigned seed);

  void Step();
  // Nothing fails any more: time passes until everything is decided and acknowledged. Whether it came to that.
  bool ComeToRest();
  // What must hold then.
  void CheckRest();

  std::string Trace() const;
  int committed() const { return committed_; }

 private:
  using Reply = qualification::v1::Reply;
  using Row = qualification::Row;
  struct Command {
    std::string topic;
    qualification::v1::Command command;
  };
  struct Told {
    std::string name;
    std::size_t replica;
    int life;  // of the replica
    int times = 0;
  };

  bool Chance(int percent) { return Below(100) < percent; }
  int Below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  std::size_t AnyReplica() { return static_cast<std::size_t>(Below(static_cast<int>(replicas_.size()))); }
  void Note(std::string what) { trace_.push_back(std::move(what)); }
  std::string ShortName(const std::string& name) const;

  void Open(std::size_t replica);
  std::size_t PartitionOf(const std::string& name) const;
  std::size_t ReaderOf(const std::string& name) const { return reader_.at(PartitionOf(name)); }
  void Begin();
  void Await(std::size_t replica, const qualification::v1::Qualification& begun);
  void CancelOne();
  void Cancel(const Row& row);
  void Collect();
  void DeliverCommands(std::size_t most);
  void DeliverReplies(std::size_t most);
  void Notify(std::size_t replica);
  std::vector<Row> Rows();
  qualification::Waiters::Time Now() const;

  std::mt19937 random_;
  ManualClock clock_;
  UuidV7Source ids_;
  bool calm_ = false;
  telemetry::Counters counters_;
  telemetry::Contradictions contradictions_{counters_};
  const std::unique_ptr<DatabaseBackend> backend_;
  std::vector<std::unique_ptr<storage::Database>> databases_;  // one, or one for each replica
  std::vector<std::unique_ptr<OrchestratorReplica>> replicas_;
  std::vector<int> lives_;
  std::vector<std::size_t> reader_;  // of each partition
  std::size_t leader_ = 0;
  std::map<std::string, ModelParticipant> participants_;  // by their topics
  std::string paused_;                                    // the topic of one that does nothing
  std::vector<Command> commands_;                         // on their way
  std::vector<Reply> replies_;
  std::vector<std::shared_ptr<Told>> told_;
  std::map<std::string, std::string> decided_;
  int committed_ = 0;
  std::vector<std::string> trace_;
};

}  // namespace quartet::test
