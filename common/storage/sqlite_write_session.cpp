#include "common/storage/sqlite_write_session.h"

#include <sqlite3.h>

#include <string>
#include <utility>

#include "common/storage/sqlite_transaction.h"
#include "common/telemetry/log.h"

namespace quartet::storage {
namespace {

// A checkpoint costs two fsyncs and a write per distinct page, so it pays to let
// pages gather; but a long log slows reads down and the next start.
constexpr int kCheckpointWhenIdlePages = 500;
constexpr int kCheckpointAnywayPages = 500;
// The log starts anew only at a moment when no reader needs it. If it has grown
// to this without one, the writer waits for the readers.
constexpr int kRestartPages = 64'000;
constexpr int kRestartWaitMs = 250;
constexpr int kBusyTimeoutMs = 5'000;

}  // namespace

SqliteWriteSession::SqliteWriteSession(std::unique_ptr<SqliteConnection> connection)
    : connection_(std::move(connection)) {
  sqlite3_wal_hook(
      connection_->handle(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteWriteSession*>(self)->log_pages_ = pages;
        return SQLITE_OK;
      },
      this);
}

Status SqliteWriteSession::Begin() {
  Rollback();
  return connection_->Run("BEGIN IMMEDIATE");
}

Status SqliteWriteSession::Commit() {
  Status committed = connection_->Run("COMMIT");
  if (!committed.ok()) Rollback();
  return committed;
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

WriteSession::Outcome SqliteWriteSession::Run(const std::function<Status(Transaction&)>& run) {
  SqliteTransaction transaction(*connection_);
  Status status = transaction.RunOperation(run);
  const bool failed = !status.ok();
  return {.status = std::move(status),
          .left_changes = failed && transaction.HasChanges(),
          .lost_transaction = !connection_->InTransaction()};
}

void SqliteWriteSession::Maintain(bool idle) {
  // The log has started anew since the last checkpoint.
  if (log_pages_ < checkpointed_pages_) checkpointed_pages_ = 0;
  const int due = log_pages_ - checkpointed_pages_;
  if (due >= kRestartPages) {
    Checkpoint(/*restart=*/true);
  } else if (due >= (idle ? kCheckpointWhenIdlePages : kCheckpointAnywayPages)) {
    Checkpoint(/*restart=*/false);
  }
}

void SqliteWriteSession::Checkpoint(bool restart) {
  sqlite3* handle = connection_->handle();
  int log_pages = 0;
  int copied_pages = 0;
  if (restart) sqlite3_busy_timeout(handle, kRestartWaitMs);
  const int mode = restart ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE;
  const int code = sqlite3_wal_checkpoint_v2(handle, "main", mode, &log_pages, &copied_pages);
  if (restart) sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  // Readers in the way are no failure: what they kept is copied next time.
  if (code != SQLITE_OK && code != SQLITE_BUSY) {
    telemetry::LogWarning("checkpoint failed", {{"error", ToString(connection_->ErrorFor(code, "(checkpoint)"))}});
    // Not before as many pages again: the disk may be full for a while.
    checkpointed_pages_ = log_pages_;
    return;
  }
  checkpointed_pages_ = copied_pages;
}

}  // namespace quartet::storage
