#include "common/storage/group_commit.h"

#include <algorithm>
#include <utility>

#include "common/base/scheduling.h"

namespace quartet::storage {
namespace {

// Failures come in flocks: a caller that sends conflicting writes sends more of
// them. So many batches after one that had to be isolated start out isolated.
constexpr int kCautiousBatches = 16;

void Count(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace

GroupCommit::GroupCommit(WriteSession& session, Options options)
    : session_(session), options_(options), queue_(options.queue_limit), thread_([this] { Loop(); }) {}

GroupCommit::~GroupCommit() {
  Close();
}

void GroupCommit::Enqueue(WriteOperation operation) {
  if (Status queued = queue_.Push(operation); !queued.ok()) operation.done(std::move(queued));
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
  std::vector<Status> results;
  while (queue_.Take(batch, options_.batch_limit)) {
    results.assign(batch.size(), Status());
    RunBatch(batch, results);
    Count(operations_, batch.size());
    Count(failed_operations_, static_cast<std::uint64_t>(
                                  std::ranges::count_if(results, [](const Status& status) { return !status.ok(); })));
    for (std::size_t i = 0; i < batch.size(); ++i) batch[i].done(std::move(results[i]));
    // What the closures hold is given back now, not when the next batch comes.
    batch.clear();
    session_.Maintain(queue_.Empty());
  }
}

void GroupCommit::RunBatch(std::span<const WriteOperation> batch, std::span<Status> results) {
  const bool alone = batch.size() == 1;
  bool savepoints = false;
  if (cautious_batches_ > 0 && !alone) {
    --cautious_batches_;
    savepoints = true;
  }
  Attempt attempt = Try(batch, results, savepoints);
  if (attempt == Attempt::kIsolate) {
    Count(reruns_);
    cautious_batches_ = kCautiousBatches;
    attempt = Try(batch, results, /*savepoints=*/true);
  }
  if (attempt == Attempt::kOneByOne) {
    Count(reruns_);
    for (std::size_t i = 0; i < batch.size(); ++i) Try(batch.subspan(i, 1), results.subspan(i, 1), false);
  }
}

GroupCommit::Attempt GroupCommit::Try(std::span<const WriteOperation> batch, std::span<Status> results,
                                      bool savepoints) {
  if (Status begun = session_.Begin(); !begun.ok()) {
    std::ranges::fill(results, begun);
    return Attempt::kFinished;
  }
  const bool alone = batch.size() == 1;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    const Attempt attempt = TryOne(batch[i], results[i], savepoints, alone);
    if (attempt != Attempt::kFinished) {
      session_.Rollback();
      return attempt;
    }
  }
  if (std::ranges::none_of(results, [](const Status& status) { return status.ok(); })) {
    session_.Rollback();
    return Attempt::kFinished;
  }
  if (Status committed = session_.Commit(); !committed.ok()) {
    if (!alone) return Attempt::kOneByOne;
    results.front() = std::move(committed);
    return Attempt::kFinished;
  }
  Count(transactions_);
  return Attempt::kFinished;
}

GroupCommit::Attempt GroupCommit::TryOne(const WriteOperation& operation, Status& result, bool savepoints, bool alone) {
  if (savepoints && !session_.SetSavepoint().ok()) return Attempt::kOneByOne;
  WriteSession::Outcome outcome = session_.Run(operation.run);
  result = std::move(outcome.status);
  // A lonely operation's failure is undone by the rollback of its transaction.
  if (alone) return Attempt::kFinished;
  if (outcome.lost_transaction) return Attempt::kOneByOne;
  if (savepoints) {
    const Status released = result.ok() ? session_.ReleaseSavepoint() : session_.RollbackToSavepoint();
    return released.ok() ? Attempt::kFinished : Attempt::kOneByOne;
  }
  return !result.ok() && outcome.left_changes ? Attempt::kIsolate : Attempt::kFinished;
}

}  // namespace quartet::storage
