#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/limits.h"
#include "common/base/result.h"
#include "common/storage/database.h"
#include "common/storage/group_commit.h"
#include "common/storage/postgres/connection.h"
#include "common/storage/postgres/connector.h"
#include "common/storage/postgres/write_session.h"

namespace quartet::storage {

struct PostgresOptions {
  // A connection string or URI of libpq; it may name several hosts, of which
  // the one that takes writes is used. libpq's own environment variables and
  // password file hold, too.
  std::string target;
  std::string application = "quartet";  // how the server's operator sees the connections
  // At most so many, at least 2: one writes, the others read; where there are urgent reads, one
  // of the others is theirs, if there are two.
  std::size_t connections = 8;
  std::chrono::milliseconds statement_timeout{10'000};
  std::chrono::milliseconds patience{5'000};  // for the server's next word, beyond statement_timeout
  // How long a write waits for the outcome of its commit when the connection was
  // lost: a restart or a failover may take it.
  std::chrono::milliseconds outcome_limit{10'000};
  std::chrono::milliseconds start_limit{60'000};                 // how long Open waits for a server
  std::size_t queue_limit = limits::kQueuedWritesMax;            // writes that may wait
  std::size_t queue_bytes_limit = limits::kQueuedWriteBytesMax;  // and what they may hold
  std::size_t batch_limit = limits::kTransactionWritesMax;       // writes that share a transaction
  std::size_t batch_bytes_limit = limits::kTransactionBytesMax;  // after which it takes no further one
};

// A database of a PostgreSQL server (13 or later), which any number of processes
// may share. Writes go through one connection and one thread (GroupCommit), at
// the isolation level REPEATABLE READ; reads run on their callers' threads, each
// with a connection for its while. Lost connections are made anew; until that
// succeeds everything fails with UNAVAILABLE DATABASE_UNAVAILABLE (RetryInfo).
class PostgresDatabase final : public Database {
 public:
  // Errors: UNAVAILABLE DATABASE_UNAVAILABLE if no server can be reached in
  // time; FAILED_PRECONDITION DATABASE_UNSUITABLE if its version, encoding or
  // collation does not fit.
  static Result<std::unique_ptr<PostgresDatabase>> Open(const PostgresOptions& options);

  ~PostgresDatabase() override;

  void Enqueue(WriteOperation operation) override;
  void Perform(WriteOperation operation) override;
  Status Read(const std::function<Status(Transaction&)>& run) override;
  Status ReadUrgent(const std::function<Status(Transaction&)>& run) override;
  Status ChangeSchema(const std::function<Status(Transaction&)>& run) override;
  bool IsShared() const override { return true; }
  void Close() override;
  DatabaseCounters Counters() const override;

 private:
  using ConnectionPtr = std::unique_ptr<PostgresConnection>;

  explicit PostgresDatabase(const PostgresOptions& options);
  Status Prepare(PostgresConnection& connection);

  // Waits until a reader may be used. Errors: UNAVAILABLE.
  Result<ConnectionPtr> TakeReader(bool urgent);
  Status ReadOn(Result<ConnectionPtr> taken, const std::function<Status(Transaction&)>& run);
  // Nothing gives back the right to use one.
  void GiveBack(ConnectionPtr reader);

  PostgresConnector connector_;
  PostgresWriteSession session_;

  std::mutex mutex_;
  std::condition_variable reader_changed_;
  std::condition_variable urgent_changed_;
  int urgent_waiting_ = 0;
  bool has_urgent_ = false;  // there have been urgent reads
  const std::size_t readers_max_;
  std::size_t readers_in_use_ = 0;
  std::vector<ConnectionPtr> free_readers_;  // the most recently used last
  bool closed_ = false;
  std::atomic<std::uint64_t> reads_ = 0;
  std::atomic<std::uint64_t> read_statements_ = 0;
  std::atomic<std::uint64_t> read_round_trips_ = 0;

  GroupCommit commits_;  // its thread ends before what it uses
};

}  // namespace quartet::storage
