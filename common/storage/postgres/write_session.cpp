#include "common/storage/postgres/write_session.h"

#include <array>
#include <chrono>
#include <random>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "common/storage/postgres/transaction.h"
#include "common/telemetry/log.h"

namespace quartet::storage {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kInsertOutcome = "INSERT INTO commit_outcome (id) VALUES ($1)";
// Writes the row that is there too: then its COMMIT waits for whatever the transaction's own would have waited for.
constexpr std::string_view kSettleOutcome =
    "INSERT INTO commit_outcome (id, committed) VALUES ($1, FALSE) "
    "ON CONFLICT (id) DO UPDATE SET committed = commit_outcome.committed RETURNING committed";
// A row has done its work when the COMMIT is answered.
constexpr std::string_view kDeleteOutcomes = "DELETE FROM commit_outcome WHERE id >= $1 AND id < $2";
constexpr std::uint64_t kOutcomesKept = 100;

constexpr std::chrono::milliseconds kOutcomePause(20);

WriteSession::Failure FailureOf(PostgresFailure kind) {
  switch (kind) {
    case PostgresFailure::kDuplicate:
      return WriteSession::Failure::kDuplicate;
    case PostgresFailure::kConflict:
      return WriteSession::Failure::kConflict;
    case PostgresFailure::kConnection:
      return WriteSession::Failure::kConnection;
    case PostgresFailure::kStatement:
    case PostgresFailure::kUnavailable:
      break;
  }
  return WriteSession::Failure::kOperation;
}

std::string RandomName() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

}  // namespace

PostgresWriteSession::PostgresWriteSession(PostgresConnector& connector, std::chrono::milliseconds outcome_limit)
    : connector_(connector), outcome_limit_(outcome_limit), name_(RandomName()) {}

Status PostgresWriteSession::Begin() {
  Rollback();
  if (connection_ != nullptr && !connection_->Alive()) connection_.reset();
  if (connection_ == nullptr) {
    QUARTET_ASSIGN_OR_RETURN(connection_, connector_.Connect(PostgresConnection::Use::kWrite));
    working_set_.emplace(*connection_);
    counted_statements_ = 0;
    counted_round_trips_ = 0;
  }
  working_set_->Clear();
  connection_->Begin();
  open_ = true;
  has_changes_ = false;
  bytes_before_ = connection_->param_bytes();
  return Standing();
}

void PostgresWriteSession::Expect(const std::function<void(Transaction&)>& expect) {
  PostgresTransaction transaction(*working_set_);
  expect(transaction);
}

WriteSession::Outcome PostgresWriteSession::Run(const std::function<Status(Transaction&)>& run, bool settle) {
  PostgresTransaction transaction(*working_set_);
  Outcome outcome{.status = transaction.RunOperation(run, settle)};
  has_changes_ = has_changes_ || transaction.HasChanges();
  if (const auto& failure = connection_->failure(); failure) {
    outcome.failure = FailureOf(failure->kind);
    outcome.left_changes = true;
  } else if (!outcome.status.ok()) {
    outcome.failure = Failure::kOperation;
    outcome.left_changes = transaction.HasChanges();
  }
  return outcome;
}

WriteSession::Outcome PostgresWriteSession::Commit() {
  open_ = false;
  if (!has_changes_) return CommitWithoutChanges();
  working_set_->Finish();
  // The COMMIT must not be under way before it is known that nothing speaks against it. A failed statement keeps the
  // server from it, but one that finds no row does not.
  if (connection_->HasOpenChecks()) connection_->Await();
  const std::string id = NextId();
  const std::array<Param, 1> params = {std::string_view(id)};
  connection_->Send(kInsertOutcome, params);
  if (++commits_ % kOutcomesKept == 0) {
    const std::string first = name_ + ".";
    const std::array<Param, 2> range = {std::string_view(first), std::string_view(id)};
    connection_->Send(kDeleteOutcomes, range);
  }
  (void)connection_->TakeWarning();
  connection_->Send("COMMIT");
  // Nothing can have been committed before the COMMIT is sent.
  const bool lost_before = connection_->failure().has_value();
  connection_->AwaitSync();
  Count();
  const auto& failure = connection_->failure();
  if (failure && failure->kind == PostgresFailure::kConnection && !lost_before) return LookUp(id);
  if (failure) return FailedCommit();
  if (connection_->TakeWarning()) {
    // Somebody has told the server to wait for its standbys no longer.
    return {.status = PostgresUnreachable("a commit may not have reached the standby"), .failure = Failure::kUnknown};
  }
  return {};
}

WriteSession::Outcome PostgresWriteSession::CommitWithoutChanges() {
  connection_->Send("COMMIT");
  connection_->PushSync();
  Count();
  if (connection_->failure()) return FailedCommit();
  return {};
}

WriteSession::Outcome PostgresWriteSession::FailedCommit() {
  const PostgresConnection::Failure failure = *connection_->failure();
  open_ = true;
  Rollback();
  Outcome outcome{.status = failure.error, .failure = FailureOf(failure.kind)};
  // No space, for instance: some of the operations may need less.
  if (failure.kind == PostgresFailure::kUnavailable) outcome.failure = Failure::kTransaction;
  return outcome;
}

WriteSession::Outcome PostgresWriteSession::LookUp(const std::string& id) {
  const Error error = connection_->failure()->error;
  connection_.reset();
  const auto deadline = steady_clock::now() + outcome_limit_;
  const WireParams params(std::array<Param, 1>{std::string_view(id)});
  while (steady_clock::now() < deadline) {
    if (auto connected = connector_.Connect(PostgresConnection::Use::kWrite); connected.ok()) {
      PostgresConnection& connection = **connected;
      PostgresResult committed;
      connection.Send("BEGIN");
      // Waits for the transaction in question if it is still under way.
      connection.Send(kSettleOutcome, params.values(), {.if_none = {}, .result = &committed});
      connection.Send("COMMIT");
      connection.AwaitSync();
      if (!connection.failure() && !connection.TakeWarning()) {
        if (IntegerAt(committed.get(), 0, 0) != 0) return {};
        return {.status = error, .failure = Failure::kConnection};
      }
    }
    std::this_thread::sleep_for(kOutcomePause);
  }
  telemetry::LogWarning("nobody knows whether a commit is durable", {{"error", error.message}});
  return {.status = error, .failure = Failure::kUnknown};
}

void PostgresWriteSession::Rollback() {
  if (!std::exchange(open_, false)) return;
  working_set_->Clear();
  if (connection_->Recover()) {
    connection_->Send("ROLLBACK");
    connection_->PushSync();
  }
  Count();
}

Status PostgresWriteSession::SetSavepoint() {
  connection_->Send("SAVEPOINT operation");
  return Standing();
}

Status PostgresWriteSession::ReleaseSavepoint() {
  connection_->Send("RELEASE SAVEPOINT operation");
  return Standing();
}

Status PostgresWriteSession::RollbackToSavepoint() {
  working_set_->ForgetPart();
  (void)connection_->Recover();
  connection_->Send("ROLLBACK TO SAVEPOINT operation");
  return ReleaseSavepoint();
}

std::string PostgresWriteSession::NextId() {
  return fmt::format("{}.{:016}", name_, commits_);
}

Status PostgresWriteSession::Standing() const {
  const auto& failure = connection_->failure();
  return failure ? Status(failure->error) : Status();
}

void PostgresWriteSession::Count() {
  const std::uint64_t statements = connection_->statement_count();
  const std::uint64_t round_trips = connection_->round_trips();
  statement_count_.fetch_add(statements - std::exchange(counted_statements_, statements), std::memory_order_relaxed);
  round_trips_.fetch_add(round_trips - std::exchange(counted_round_trips_, round_trips), std::memory_order_relaxed);
}

}  // namespace quartet::storage
