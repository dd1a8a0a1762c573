#include "common/storage/sqlite/write_session.h"

#include <sqlite3.h>

#include <string>
#include <utility>

#include "common/storage/sqlite/transaction.h"
#include "common/telemetry/log.h"

namespace quartet::storage {
namespace {

// A checkpoint writes each distinct page of the log once and syncs the database
// file: it pays to let pages gather, but whoever writes meanwhile waits, some
// milliseconds per thousand pages.
constexpr int kCheckpointWhenIdlePages = 500;
constexpr int kCheckpointAnywayPages = 2'000;
// The log starts anew only at a moment when no reader needs it. If it has grown
// to this (64 MiB) without one, the writer waits for the readers, but not long:
// one of them may take minutes.
constexpr int kRestartPages = 16'000;
constexpr int kRestartWaitMs = 100;
constexpr int kRestartBusyTimeoutMs = 5'000;

}  // namespace

SqliteWriteSession::SqliteWriteSession(std::unique_ptr<SqliteConnection> connection)
    : connection_(std::move(connection)) {
  sqlite3_wal_hook(
      connection_->handle(),
      [](void* self, sqlite3*, const char*, int pages) {
        auto& session = *static_cast<SqliteWriteSession*>(self);
        // The log has started anew since the last checkpoint.
        if (pages < session.log_pages_) session.checkpoint_tried_at_ = 0;
        session.log_pages_ = pages;
        return SQLITE_OK;
      },
      this);
}

Status SqliteWriteSession::Begin() {
  Rollback();
  bytes_before_ = connection_->param_bytes();
  return connection_->Run("BEGIN IMMEDIATE");
}

WriteSession::Outcome SqliteWriteSession::Commit() {
  Status committed = connection_->Run("COMMIT");
  if (committed.ok()) return {};
  Rollback();
  return {.status = std::move(committed), .failure = Failure::kTransaction};
}

void SqliteWriteSession::Rollback() {
  if (!connection_->InTransaction()) return;
  // If even this fails (I/O), the transaction is still open, and the next Begin comes here again and then reports it.
  if (Status status = connection_->Run("ROLLBACK"); !status.ok()) {
    telemetry::LogError("rollback failed", {{"error", ToString(status.error())}});
  }
}

Status SqliteWriteSession::SetSavepoint() {
  return connection_->Run("SAVEPOINT operation");
}

Status SqliteWriteSession::ReleaseSavepoint() {
  return connection_->Run("RELEASE operation");
}

Status SqliteWriteSession::RollbackToSavepoint() {
  QUARTET_RETURN_IF_ERROR(connection_->Run("ROLLBACK TO operation"));
  return ReleaseSavepoint();
}

WriteSession::Outcome SqliteWriteSession::Run(const std::function<Status(Transaction&)>& run, bool /*settle*/) {
  SqliteTransaction transaction(*connection_);
  Status status = transaction.RunOperation(run);
  const bool failed = !status.ok();
  Outcome outcome{.status = std::move(status), .left_changes = failed && transaction.HasChanges()};
  if (!connection_->InTransaction()) {
    outcome.failure = Failure::kTransaction;
  } else if (failed) {
    outcome.failure = Failure::kOperation;
  }
  return outcome;
}

bool SqliteWriteSession::NeedsUpkeep(bool idle) const {
  // Counted from the last try, whatever it achieved: a reader that stays keeps every checkpoint from finishing.
  const int grown = log_pages_ - checkpoint_tried_at_;
  return grown >= (idle ? kCheckpointWhenIdlePages : kCheckpointAnywayPages);
}

void SqliteWriteSession::Maintain() {
  checkpoint_tried_at_ = log_pages_;
  Checkpoint(/*restart=*/log_pages_ >= kRestartPages);
}

void SqliteWriteSession::Checkpoint(bool restart) {
  sqlite3* handle = connection_->handle();
  if (restart) sqlite3_busy_timeout(handle, kRestartWaitMs);
  const int mode = restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
  const int code = sqlite3_wal_checkpoint_v2(handle, "main", mode, /*pnLog=*/nullptr, /*pnCkpt=*/nullptr);
  if (restart) sqlite3_busy_timeout(handle, kRestartBusyTimeoutMs);
  // Readers in the way are no failure: what they keep is copied next time.
  if (code != SQLITE_OK && code != SQLITE_BUSY) {
    telemetry::LogWarning("checkpoint failed", {{"error", ToString(connection_->ErrorFor(code, "(checkpoint)"))}});
  }
}

}  // namespace quartet::storage
