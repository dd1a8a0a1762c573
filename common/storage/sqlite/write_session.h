#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "common/base/result.h"
#include "common/storage/group_commit.h"
#include "common/storage/sqlite/connection.h"

namespace quartet::storage {

// SQLite's side of the group commit. This connection alone writes and
// checkpoints; it is opened first and closed last.
class SqliteWriteSession final : public WriteSession {
 public:
  explicit SqliteWriteSession(std::unique_ptr<SqliteConnection> connection);

  Status Begin() override;
  Outcome Commit() override;
  void Rollback() override;
  Status SetSavepoint() override;
  Status ReleaseSavepoint() override;
  Status RollbackToSavepoint() override;
  Outcome Run(const std::function<Status(Transaction&)>& run, bool settle) override;
  std::size_t WrittenBytes() const override { return connection_->param_bytes() - bytes_before_; }
  bool NeedsUpkeep(bool idle) const override;
  void Maintain() override;

  const SqliteConnection& connection() const { return *connection_; }

 private:
  void Checkpoint(bool restart);

  std::unique_ptr<SqliteConnection> connection_;
  std::size_t bytes_before_ = 0;  // of parameters, when the transaction began
  int log_pages_ = 0;             // in the write-ahead log, as of the last commit
  int checkpoint_tried_at_ = 0;   // log_pages_ at the last checkpoint; 0 since the log started anew
};

}  // namespace quartet::storage
