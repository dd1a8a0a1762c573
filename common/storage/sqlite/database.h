#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "common/base/limits.h"
#include "common/base/result.h"
#include "common/storage/database.h"
#include "common/storage/file_lock.h"
#include "common/storage/group_commit.h"
#include "common/storage/sqlite/connection.h"
#include "common/storage/sqlite/write_session.h"

namespace quartet::storage {

struct SqliteOptions {
  // The database file; beside it appear <path>-wal, <path>-shm and <path>.lock.
  // Missing folders are made, readable by the owner only, like the file.
  std::filesystem::path path;
  std::size_t queue_limit = limits::kQueuedWritesMax;            // writes that may wait
  std::size_t queue_bytes_limit = limits::kQueuedWriteBytesMax;  // and what they may hold
  std::size_t batch_limit = limits::kTransactionWritesMax;       // writes that share a transaction
  std::size_t batch_bytes_limit = limits::kTransactionBytesMax;  // after which it takes no further one
  std::size_t readers = 4;  // reads at a time, at least 1, and one more for urgent ones
  std::int64_t writer_cache_bytes = 16 << 20;
  std::int64_t reader_cache_bytes = 2 << 20;  // each
  std::int64_t map_bytes = 0;                 // of the file that reads reach through a memory map
  std::int64_t file_bytes_max = 0;            // the file never grows beyond this; 0: no limit
};

// A SQLite file, owned by this process while the object lives. Write-ahead log,
// synchronous=FULL: a write is acknowledged after its fsync. One thread writes
// (GroupCommit); reads run on their callers' threads, on a few connections of
// their own, and neither wait for the writer nor hold it up.
class SqliteDatabase final : public Database {
 public:
  // Errors: FAILED_PRECONDITION DATABASE_IN_USE if another process, or another
  // object of this one, has the file open; FAILED_PRECONDITION
  // DATABASE_UNSUITABLE if the file system cannot carry it; DATA_LOSS
  // DATABASE_DAMAGED if it is not a database; UNAVAILABLE DATABASE_UNAVAILABLE
  // if it cannot be made, read or written.
  static Result<std::unique_ptr<SqliteDatabase>> Open(const SqliteOptions& options);

  ~SqliteDatabase() override;

  void Enqueue(WriteOperation operation) override;
  void Perform(WriteOperation operation) override;
  Status Read(const std::function<Status(Transaction&)>& run) override;
  Status ReadUrgent(const std::function<Status(Transaction&)>& run) override;
  std::optional<Status> TryRead(const std::function<Status(Transaction&)>& run) override;
  void Close() override;
  DatabaseCounters Counters() const override;

 private:
  using ConnectionPtr = std::unique_ptr<SqliteConnection>;

  SqliteDatabase(FileLock lock, ConnectionPtr writer, std::vector<ConnectionPtr> readers, const SqliteOptions& options);

  enum class Urgency { kTry, kWait, kUrgent };
  // Waits for a free reader, if it may; nullptr if there is none, and once closed. Only an
  // urgent read takes the last.
  SqliteConnection* TakeReader(Urgency urgency);
  Status ReadOn(SqliteConnection* reader, const std::function<Status(Transaction&)>& run);
  Status ReadWith(SqliteConnection& reader, const std::function<Status(Transaction&)>& run);
  void GiveBack(SqliteConnection* reader);

  // Destroyed in reverse: the thread, the readers, the writer, the lock.
  FileLock lock_;
  SqliteWriteSession session_;
  std::vector<ConnectionPtr> readers_;
  GroupCommit commits_;

  std::mutex mutex_;
  std::condition_variable reader_changed_;
  std::condition_variable urgent_changed_;
  int urgent_waiting_ = 0;
  std::vector<SqliteConnection*> free_readers_;  // the most recently used last: its cache is warm
  bool closed_ = false;
  std::atomic<std::uint64_t> reads_ = 0;
};

}  // namespace quartet::storage
