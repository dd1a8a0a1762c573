#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <random>
#include <span>
#include <thread>
#include <vector>

#include "common/base/limits.h"
#include "common/base/result.h"
#include "common/storage/database.h"
#include "common/storage/write_queue.h"

namespace quartet::storage {

// The connection through which alone a database is written, as a backend gives
// it to GroupCommit. Only one thread uses it at a time.
class WriteSession {
 public:
  enum class Failure {
    kNone,
    kOperation,    // the operation's own, or an earlier one's of the transaction that shows only now
    kDuplicate,    // the same: a unique value is taken, perhaps only because another process was quicker
    kConflict,     // another process was in the way; the transaction may succeed when it is run again
    kTransaction,  // has taken the whole transaction with it; its operations may succeed one by one
    kConnection,   // the transaction has gone with its connection, for certain
    kUnknown,      // of a commit: nobody can know whether it is durable
  };

  // What became of one operation, or of a commit.
  struct Outcome {
    Status status;
    Failure failure = Failure::kNone;
    bool left_changes = false;  // statements of a failed operation are still in the transaction
  };

  virtual ~WriteSession() = default;

  // Opens a transaction; whatever was open before is rolled back.
  virtual Status Begin() = 0;
  // Makes the transaction durable. After a failure none is open, and nothing of
  // it remains, unless the failure is kUnknown.
  virtual Outcome Commit() = 0;
  // Forgets the transaction, if one is open.
  virtual void Rollback() = 0;

  virtual Status SetSavepoint() = 0;
  virtual Status ReleaseSavepoint() = 0;
  // Undoes what came after the savepoint, and releases it.
  virtual Status RollbackToSavepoint() = 0;

  // Lets an operation announce its reads in the open transaction.
  virtual void Expect(const std::function<void(Transaction&)>& /*expect*/) {}
  // Runs one operation in the open transaction. Nothing is thrown. `settle`: its
  // failures are known when this returns; otherwise some may show later.
  virtual Outcome Run(const std::function<Status(Transaction&)>& run, bool settle) = 0;

  // Bytes that the open transaction was given to write so far, about.
  virtual std::size_t WrittenBytes() const { return 0; }

  // Whether there is upkeep to be done that can wait until the callers have been
  // answered (a checkpoint). `idle`: no operation waits.
  virtual bool NeedsUpkeep(bool idle) const = 0;
  virtual void Maintain() = 0;
};

// Runs queued operations on a thread of its own: all that wait share one
// transaction and one commit; a failing one is undone alone. The thread lives
// from the constructor until Close. While it has nothing to do, a caller who waits
// for his operation anyway runs it himself, and the thread goes on with what has
// come meanwhile.
//
// Savepoints around each operation cost more than most operations, so a batch
// first runs without them. Only when an operation fails after it has changed
// something is the batch rolled back and run again with savepoints; when the
// transaction itself is lost (disk full, failed commit), its operations run
// again one by one, so that the one that cannot succeed harms no other. When
// another process was in the way, the batch runs again after a short while, in
// ever smaller pieces, for small transactions collide less. A transaction that has
// written much is committed before the rest of its batch runs. A unique value that is
// taken may have been free in what the transaction saw; so the batch looks again, and
// only an operation that keeps meeting one is believed to have done so by itself.
class GroupCommit {
 public:
  struct Options {
    std::size_t queue_limit = limits::kQueuedWritesMax;            // operations that may wait
    std::size_t queue_bytes_limit = limits::kQueuedWriteBytesMax;  // and what they may hold
    std::size_t batch_limit = limits::kTransactionWritesMax;       // operations that share a transaction
    std::size_t batch_bytes_limit = limits::kTransactionBytesMax;  // after which it takes no further one
  };

  // `session` must outlive this object.
  GroupCommit(WriteSession& session, Options options);
  ~GroupCommit();
  GroupCommit(const GroupCommit&) = delete;
  GroupCommit& operator=(const GroupCommit&) = delete;

  // See Database::Enqueue.
  void Enqueue(WriteOperation operation);
  // See Database::Perform.
  void Perform(WriteOperation operation);

  // Refuses new operations, finishes what is queued and ends the thread.
  void Close();

  // Adds what this part counts to `counters`.
  void AddTo(DatabaseCounters& counters) const;

 private:
  enum class Attempt { kFinished, kIsolate, kOneByOne, kDuplicate, kAgain, kAgainInPieces };
  // How a transaction is run.
  struct Mode {
    bool alone = false;       // it holds one operation
    bool savepoints = false;  // around each operation
    bool repeated = false;    // not for the first time
  };
  // Operations that share a transaction.
  struct Piece {
    std::span<const WriteOperation> operations;
    std::span<Status> results;
    std::span<int> duplicates;  // how often each has met a unique value that was taken

    Piece First(std::size_t count) const {
      return {.operations = operations.first(count),
              .results = results.first(count),
              .duplicates = duplicates.first(count)};
    }
  };

  void Loop();
  // Runs them, and tells each its result.
  void Answer(std::span<const WriteOperation> batch);
  void RunBatch(std::span<const WriteOperation> batch, std::span<Status> results);
  // A piece of a batch, with savepoints if it needs them. It is cut to what its
  // transaction took.
  Attempt RunPiece(Piece& piece, bool repeated);
  // One transaction; the results are final only if it is finished.
  Attempt Try(Piece& piece, Mode mode);
  // The operation at `index` of it; kFinished means that the next one may run, and kDuplicate,
  // where there are savepoints, that it may, to see who else has to look again.
  Attempt TryOne(const Piece& piece, std::size_t index, Mode mode);
  // What a failure means for the transaction it came from. `duplicates`: those of the operation that
  // failed, if that is known.
  Attempt Judge(WriteSession::Outcome& outcome, Mode mode, int& duplicates);
  // The transaction is lost, and `why`.
  Attempt OneByOne(Status why);

  WriteSession& session_;
  const Options options_;
  WriteQueue queue_;
  // How many batches still use savepoints from the start, after one needed them.
  int cautious_batches_ = 0;
  // Why a piece has to run again, and so what its callers get if it has run too often: only ever
  // set to an error.
  Status again_;
  std::minstd_rand jitter_;
  std::atomic<std::uint64_t> operations_ = 0;
  std::atomic<std::uint64_t> failed_operations_ = 0;
  std::atomic<std::uint64_t> transactions_ = 0;
  std::atomic<std::uint64_t> reruns_ = 0;
  std::mutex close_mutex_;
  std::thread thread_;
};

}  // namespace quartet::storage
