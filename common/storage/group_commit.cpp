#include "common/storage/group_commit.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/base/scheduling.h"
#include "common/storage/completion.h"

namespace quartet::storage {
namespace {

// Failures come in flocks: a caller that sends conflicting writes sends more of
// them. So many batches after one that had to be isolated start out isolated.
constexpr int kCautiousBatches = 16;

// A piece that has collided so often is given up. The last tries are of single operations.
constexpr int kTriesMax = 12;
constexpr std::chrono::milliseconds kRetryAfterConflict(100);
// Whoever finds a value taken so often would have to be beaten by a hair each time if it were not its own fault.
constexpr int kDuplicatesBelieved = 3;

// Two that have collided must not wait for equally long: 1 to 64 ms, half of it by chance.
std::chrono::microseconds Pause(int tries, std::minstd_rand& jitter) {
  const std::int64_t most_us = std::int64_t{1'000} << std::min(tries, 6);
  return std::chrono::microseconds(std::uniform_int_distribution<std::int64_t>(most_us / 2, most_us)(jitter));
}

void Count(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace

GroupCommit::GroupCommit(WriteSession& session, Options options)
    : session_(session),
      options_(options),
      queue_(options.queue_limit, options.queue_bytes_limit),
      jitter_(std::random_device{}()),
      thread_([this] { Loop(); }) {}

GroupCommit::~GroupCommit() {
  Close();
}

void GroupCommit::Enqueue(WriteOperation operation) {
  if (Status queued = queue_.Push(operation); !queued.ok()) operation.done(std::move(queued));
}

void GroupCommit::Perform(WriteOperation operation) {
  Completion completion;
  completion.Follow(operation);
  bool lead = false;
  Status queued = queue_.PushOrLead(operation, lead);
  if (lead) {
    Answer(std::span(&operation, 1));
    queue_.EndLead(session_.NeedsUpkeep(queue_.Empty()));
  } else if (!queued.ok()) {
    operation.done(std::move(queued));
  } else {
    completion.Wait();
  }
}

void GroupCommit::Close() {
  std::lock_guard lock(close_mutex_);
  queue_.Close();
  if (thread_.joinable()) thread_.join();
}

void GroupCommit::AddTo(DatabaseCounters& counters) const {
  counters.operations += operations_.load(std::memory_order_relaxed);
  counters.failed_operations += failed_operations_.load(std::memory_order_relaxed);
  counters.transactions += transactions_.load(std::memory_order_relaxed);
  counters.reruns += reruns_.load(std::memory_order_relaxed);
  counters.rejected += queue_.rejected();
}

void GroupCommit::Loop() {
  // Every caller of the service waits for this thread, and it waits for the disk.
  PreferShortWaits();
  std::vector<WriteOperation> batch;
  while (queue_.Take(batch, options_.batch_limit)) {
    Answer(batch);
    // What the closures hold is given back now, not when the next batch comes.
    batch.clear();
    if (session_.NeedsUpkeep(queue_.Empty())) session_.Maintain();
  }
}

void GroupCommit::Answer(std::span<const WriteOperation> batch) {
  std::vector<Status> results(batch.size());
  RunBatch(batch, results);
  Count(operations_, batch.size());
  Count(failed_operations_,
        static_cast<std::uint64_t>(std::ranges::count_if(results, [](const Status& status) { return !status.ok(); })));
  for (std::size_t i = 0; i < batch.size(); ++i) batch[i].done(std::move(results[i]));
}

void GroupCommit::RunBatch(std::span<const WriteOperation> batch, std::span<Status> results) {
  std::size_t size = batch.size();
  std::vector<int> duplicates(batch.size());
  int tries = 0;
  for (std::size_t begin = 0; begin < batch.size();) {
    size = std::min(size, batch.size() - begin);
    Piece piece{.operations = batch.subspan(begin, size),
                .results = results.subspan(begin, size),
                .duplicates = std::span(duplicates).subspan(begin, size)};
    const Attempt attempt = RunPiece(piece, tries > 0);
    if (attempt != Attempt::kFinished && ++tries < kTriesMax) {
      Count(reruns_);
      if (attempt == Attempt::kOneByOne) size = 1;
      // One after the other has to look again.
      if (attempt == Attempt::kDuplicate && tries > kTriesMax / 2) size = 1;
      if (attempt == Attempt::kAgainInPieces) {
        size = std::max<std::size_t>(1, size / 2);
        std::this_thread::sleep_for(Pause(tries, jitter_));
      }
      continue;
    }
    if (attempt != Attempt::kFinished) std::ranges::fill(piece.results, again_);
    begin += piece.operations.size();
    tries = 0;
  }
}

GroupCommit::Attempt GroupCommit::RunPiece(Piece& piece, bool repeated) {
  Mode mode{.alone = piece.operations.size() == 1, .repeated = repeated};
  if (cautious_batches_ > 0 && !mode.alone) {
    --cautious_batches_;
    mode.savepoints = true;
  }
  const Attempt attempt = Try(piece, mode);
  if (attempt != Attempt::kIsolate) return attempt;
  Count(reruns_);
  cautious_batches_ = kCautiousBatches;
  mode.savepoints = true;
  return Try(piece, mode);
}

GroupCommit::Attempt GroupCommit::Try(Piece& piece, Mode mode) {
  if (Status begun = session_.Begin(); !begun.ok()) {
    std::ranges::fill(piece.results, begun);
    return Attempt::kFinished;
  }
  for (const WriteOperation& operation : piece.operations) {
    if (operation.expect) session_.Expect(operation.expect);
  }
  bool duplicates = false;
  for (std::size_t i = 0; i < piece.operations.size(); ++i) {
    const Attempt attempt = TryOne(piece, i, mode);
    duplicates = duplicates || attempt == Attempt::kDuplicate;
    if (attempt != Attempt::kFinished && !(attempt == Attempt::kDuplicate && mode.savepoints)) {
      session_.Rollback();
      return attempt;
    }
    if (session_.WrittenBytes() >= options_.batch_bytes_limit) piece = piece.First(i + 1);
  }
  if (duplicates) {
    session_.Rollback();
    return Attempt::kDuplicate;
  }
  if (std::ranges::none_of(piece.results, [](const Status& status) { return status.ok(); })) {
    session_.Rollback();
    return Attempt::kFinished;
  }
  WriteSession::Outcome committed = session_.Commit();
  if (committed.failure == WriteSession::Failure::kNone) {
    Count(transactions_);
    return Attempt::kFinished;
  }
  const Attempt attempt = Judge(committed, mode, piece.duplicates.front());
  if (attempt != Attempt::kFinished) return attempt;
  for (Status& result : piece.results) {
    if (result.ok()) result = committed.status;
  }
  return Attempt::kFinished;
}

GroupCommit::Attempt GroupCommit::TryOne(const Piece& piece, std::size_t index, Mode mode) {
  if (mode.savepoints) {
    if (Status set = session_.SetSavepoint(); !set.ok()) return OneByOne(std::move(set));
  }
  WriteSession::Outcome outcome = session_.Run(piece.operations[index].run, /*settle=*/mode.savepoints);
  const bool failed = outcome.failure != WriteSession::Failure::kNone;
  const Attempt attempt = failed ? Judge(outcome, mode, piece.duplicates[index]) : Attempt::kFinished;
  piece.results[index] = std::move(outcome.status);
  const bool looks_again = attempt == Attempt::kDuplicate && mode.savepoints;
  if (attempt != Attempt::kFinished && attempt != Attempt::kIsolate && !looks_again) return attempt;
  // A lonely operation's failure is undone by the rollback of its transaction.
  if (mode.alone) return Attempt::kFinished;
  if (mode.savepoints) {
    Status undone = failed ? session_.RollbackToSavepoint() : session_.ReleaseSavepoint();
    if (!undone.ok()) return OneByOne(std::move(undone));
    return looks_again ? attempt : Attempt::kFinished;
  }
  // A duplicate may be an earlier operation's.
  const bool isolate = outcome.left_changes || outcome.failure == WriteSession::Failure::kDuplicate;
  return failed && isolate ? Attempt::kIsolate : Attempt::kFinished;
}

GroupCommit::Attempt GroupCommit::OneByOne(Status why) {
  again_ = std::move(why);
  return Attempt::kOneByOne;
}

GroupCommit::Attempt GroupCommit::Judge(WriteSession::Outcome& outcome, Mode mode, int& duplicates) {
  using Failure = WriteSession::Failure;
  switch (outcome.failure) {
    case Failure::kDuplicate:
      // Not to be told from one that a transaction begun a moment later would have foreseen, except by beginning it.
      again_ = outcome.status;
      if (mode.alone || mode.savepoints) {
        if (++duplicates >= kDuplicatesBelieved) break;
        return Attempt::kDuplicate;
      }
      return mode.repeated ? Attempt::kIsolate : Attempt::kAgain;
    case Failure::kConflict:
      again_ = Aborted("WRITE_CONFLICT", "other writers kept changing the same records", kRetryAfterConflict);
      return Attempt::kAgainInPieces;
    case Failure::kConnection:
      again_ = outcome.status;
      return Attempt::kAgain;
    case Failure::kTransaction:
      again_ = outcome.status;
      return mode.alone ? Attempt::kFinished : Attempt::kOneByOne;
    case Failure::kUnknown:
      return Attempt::kFinished;
    case Failure::kNone:
    case Failure::kOperation:
      break;
  }
  return mode.alone || mode.savepoints ? Attempt::kFinished : Attempt::kIsolate;
}

}  // namespace quartet::storage
