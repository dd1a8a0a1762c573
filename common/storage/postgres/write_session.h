#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/base/result.h"
#include "common/storage/group_commit.h"
#include "common/storage/postgres/batching/working_set.h"
#include "common/storage/postgres/connection.h"
#include "common/storage/postgres/connector.h"

namespace quartet::storage {

// PostgreSQL's side of the group commit: one connection, made anew when it is
// lost.
//
// A connection that is lost during a COMMIT leaves open whether the transaction
// is durable. So each that has changed something inserts a row of its own,
// which nobody else can have, into the table commit_outcome, and the next
// connection tries to insert the same row as that of one that has not committed:
// if it is there, it says what has happened; if not, the transaction never will,
// for it would have to insert what is there now.
class PostgresWriteSession final : public WriteSession {
 public:
  // `connector` must outlive this object. `outcome_limit`: how long callers wait
  // for the outcome of a commit whose connection was lost.
  PostgresWriteSession(PostgresConnector& connector, std::chrono::milliseconds outcome_limit);

  // Statements for who makes the schema.
  static constexpr std::string_view kCreateOutcomes =
      "CREATE TABLE IF NOT EXISTS commit_outcome (id TEXT NOT NULL PRIMARY KEY, "
      "committed BOOLEAN NOT NULL DEFAULT TRUE, created_at TIMESTAMPTZ NOT NULL DEFAULT now())";
  // Those that ended sessions have left.
  static constexpr std::string_view kDeleteOldOutcomes =
      "DELETE FROM commit_outcome WHERE created_at < now() - INTERVAL '1 day'";

  Status Begin() override;
  Outcome Commit() override;
  void Rollback() override;
  Status SetSavepoint() override;
  Status ReleaseSavepoint() override;
  Status RollbackToSavepoint() override;
  void Expect(const std::function<void(Transaction&)>& expect) override;
  Outcome Run(const std::function<Status(Transaction&)>& run, bool settle) override;
  std::size_t WrittenBytes() const override { return connection_->param_bytes() - bytes_before_; }
  bool NeedsUpkeep(bool /*idle*/) const override { return false; }
  void Maintain() override {}

  // Thread-safe.
  std::uint64_t statement_count() const { return statement_count_.load(std::memory_order_relaxed); }
  std::uint64_t round_trips() const { return round_trips_.load(std::memory_order_relaxed); }

 private:
  Outcome CommitWithoutChanges();
  // What became of the transaction of this id, whose COMMIT was sent but not answered.
  Outcome LookUp(const std::string& id);
  Outcome FailedCommit();
  std::string NextId();
  Status Standing() const;
  // Adds what the connection has counted since the last call.
  void Count();

  PostgresConnector& connector_;
  const std::chrono::milliseconds outcome_limit_;
  const std::string name_;  // of this session, in the ids of its transactions
  std::uint64_t commits_ = 0;
  std::unique_ptr<PostgresConnection> connection_;
  std::optional<PostgresWorkingSet> working_set_;  // of the transaction on connection_
  bool open_ = false;                              // a transaction
  bool has_changes_ = false;                       // it may have some
  std::size_t bytes_before_ = 0;                   // of parameters, when the transaction began
  std::uint64_t counted_statements_ = 0;
  std::uint64_t counted_round_trips_ = 0;
  std::atomic<std::uint64_t> statement_count_ = 0;
  std::atomic<std::uint64_t> round_trips_ = 0;
};

}  // namespace quartet::storage
