// GroupCommit over a session that fails when it is told to.
#include "common/storage/group_commit.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <latch>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartet::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

Error Broken(std::string what) {
  return Unavailable("BROKEN", std::move(what));
}

// A transaction in which operations only leave their names.
class NoteTransaction final : public Transaction {
 public:
  explicit NoteTransaction(std::vector<std::string>& notes) : notes_(notes) {}
  Status Query(const Statement&, std::span<const Param>, const RowCallback&) override { return {}; }
  Result<std::int64_t> Execute(const Statement& statement, std::span<const Param>) override {
    notes_.emplace_back(statement.sql());
    return 1;
  }

 private:
  std::vector<std::string>& notes_;
};

// Remembers what became durable, and what was asked of it.
class FakeSession final : public WriteSession {
 public:
  Status Begin() override {
    calls.emplace_back("begin");
    if (begins_allowed-- == 0) return Broken("begin");
    open_.emplace();
    return {};
  }
  Outcome Commit() override {
    calls.emplace_back("commit");
    const std::vector<std::string> notes = *std::exchange(open_, std::nullopt);
    const Failure failure = NextCommitFailure();
    if (failure != Failure::kNone) return {.status = Broken("commit"), .failure = failure};
    if (notes.size() > commit_limit) return {.status = Broken("commit"), .failure = Failure::kTransaction};
    durable.insert(durable.end(), notes.begin(), notes.end());
    return {};
  }
  void Rollback() override {
    if (open_) calls.emplace_back("rollback");
    open_.reset();
  }
  Status SetSavepoint() override {
    calls.emplace_back("savepoint");
    savepoint_ = open_->size();
    return {};
  }
  Status ReleaseSavepoint() override { return {}; }
  Status RollbackToSavepoint() override {
    calls.emplace_back("undo");
    open_->resize(savepoint_);
    return {};
  }
  Outcome Run(const std::function<Status(Transaction&)>& run, bool settle) override {
    const std::size_t before = open_->size();
    NoteTransaction transaction(*open_);
    Status status = run(transaction);
    if (status.ok()) {
      // Deferred statements that fail show late, unless somebody waits for them.
      const bool late = std::ranges::find(*open_, "late failure") != open_->end();
      if (late && settle) return {.status = Broken("late"), .failure = Failure::kOperation, .left_changes = true};
      return {};
    }
    Outcome outcome{.failure = Failure::kOperation, .left_changes = open_->size() != before};
    if (status.error().reason == "LOST") outcome.failure = Failure::kTransaction;
    if (status.error().reason == "CONFLICT") outcome.failure = Failure::kConflict;
    if (status.error().reason == "DUPLICATE") outcome.failure = Failure::kDuplicate;
    outcome.status = std::move(status);
    if (outcome.failure == Failure::kTransaction) open_.reset();
    return outcome;
  }
  std::size_t WrittenBytes() const override { return open_ ? open_->size() : 0; }
  bool NeedsUpkeep(bool) const override { return false; }
  void Maintain() override {}

  // Read by the test when the thread has ended.
  std::vector<std::string> durable;
  std::vector<std::string> calls;
  int begins_allowed = 1'000;
  std::size_t commit_limit = 1'000;      // a commit of more notes fails
  std::vector<Failure> commit_failures;  // what the next commits end in

 private:
  Failure NextCommitFailure() {
    if (commit_failures.empty()) return Failure::kNone;
    const Failure failure = commit_failures.front();
    commit_failures.erase(commit_failures.begin());
    return failure;
  }

  std::optional<std::vector<std::string>> open_;
  std::size_t savepoint_ = 0;
};

class GroupCommitTest : public ::testing::Test {
 protected:
  void Add(const std::string& name, std::function<Status(Transaction&)> run) {
    operations_.emplace_back(WriteOperation{.run = std::move(run), .done = [this, name](const Status& status) {
                                              (status.ok() ? succeeded_ : failed_).push_back(name);
                                            }});
  }
  void AddNote(const std::string& name) {
    Add(name, [name](Transaction& transaction) { return transaction.Run(name); });
  }
  // Runs all that was added as one batch, and ends the thread.
  void RunAsOneBatch() {
    GroupCommit commits(session_, {.batch_limit = 100, .batch_bytes_limit = batch_bytes_limit_});
    std::latch started(1);
    std::latch queued(1);
    commits.Enqueue({.run =
                         [&, first = true](Transaction&) mutable {
                           if (std::exchange(first, false)) started.count_down();
                           queued.wait();
                           return Status();
                         },
                     .done = [this](const Status&) { session_.calls.clear(); }});
    started.wait();
    for (WriteOperation& operation : operations_) commits.Enqueue(std::move(operation));
    queued.count_down();
    commits.Close();
    commits.AddTo(counters_);
  }

  FakeSession session_;
  std::size_t batch_bytes_limit_ = 1'000;
  std::vector<WriteOperation> operations_;
  std::vector<std::string> succeeded_;
  std::vector<std::string> failed_;
  DatabaseCounters counters_;
};

TEST_F(GroupCommitTest, OneTransactionWithoutSavepointsWhileAllGoesWell) {
  for (const char* name : {"a", "b", "c"}) AddNote(name);
  RunAsOneBatch();
  EXPECT_THAT(session_.durable, ElementsAre("a", "b", "c"));
  EXPECT_THAT(session_.calls, ElementsAre("begin", "commit"));
  EXPECT_THAT(succeeded_, ElementsAre("a", "b", "c"));
}

TEST_F(GroupCommitTest, ATransactionThatHasWrittenEnoughTakesNoFurtherOperation) {
  batch_bytes_limit_ = 3;
  for (const char* name : {"a", "b", "c", "d", "e", "f", "g"}) AddNote(name);
  RunAsOneBatch();
  EXPECT_THAT(session_.durable, ElementsAre("a", "b", "c", "d", "e", "f", "g"));
  EXPECT_THAT(session_.calls, ElementsAre("begin", "commit", "begin", "commit", "begin", "commit"));
  EXPECT_THAT(succeeded_, ElementsAre("a", "b", "c", "d", "e", "f", "g"));
}

TEST_F(GroupCommitTest, AFailureAfterACutHarmsNoNeighbourOnEitherSide) {
  batch_bytes_limit_ = 2;
  AddNote("a");
  Add("bad", [](Transaction& transaction) -> Status {
    QUARTET_RETURN_IF_ERROR(transaction.Run("half"));
    return Broken("bad");
  });
  for (const char* name : {"b", "c", "d"}) AddNote(name);
  session_.commit_failures = {WriteSession::Failure::kNone, WriteSession::Failure::kConflict};
  RunAsOneBatch();
  EXPECT_THAT(session_.durable, ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(succeeded_, ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(failed_, ElementsAre("bad"));
}

TEST_F(GroupCommitTest, WhoWaitsWritesItselfIfNobodyElseDoes) {
  GroupCommit commits(session_, {});
  const auto caller = std::this_thread::get_id();
  std::thread::id runner;
  // The thread may still be on its way to its wait.
  for (int tries = 0; tries < 100'000 && runner != caller; ++tries) {
    std::thread::id answerer;
    commits.Perform({.run =
                         [&](Transaction& transaction) {
                           runner = std::this_thread::get_id();
                           return transaction.Run("note");
                         },
                     .done = [&](const Status&) { answerer = std::this_thread::get_id(); }});
    EXPECT_EQ(answerer, runner);
  }
  EXPECT_EQ(runner, caller);
  commits.Close();
  EXPECT_EQ(session_.durable.back(), "note");
}

TEST_F(GroupCommitTest, WhatComesWhileACallerWritesIsNotForgotten) {
  GroupCommit commits(session_, {});
  constexpr int kEach = 200;
  std::atomic<int> done = 0;
  const auto write = [&] {
    for (int i = 0; i < kEach; ++i) {
      const WriteOperation operation{.run = [](Transaction& transaction) { return transaction.Run("note"); },
                                     .done = [&](const Status& status) { done += status.ok() ? 1 : 0; }};
      commits.Enqueue(operation);
      commits.Perform(operation);
    }
  };
  std::thread other(write);
  write();
  other.join();
  commits.Close();
  EXPECT_EQ(done, 4 * kEach);
  EXPECT_EQ(session_.durable.size(), std::size_t{4} * kEach);
}

TEST_F(GroupCommitTest, AfterItsEndAWaitingCallerIsRefused) {
  GroupCommit commits(session_, {});
  commits.Close();
  Status result;
  commits.Perform(
      {.run = [](Transaction&) { return Status(); }, .done = [&](Status status) { result = std::move(status); }});
  EXPECT_EQ(result.error().reason, "DATABASE_CLOSED");
}

TEST_F(GroupCommitTest, AFailureThatChangedNothingNeedsNoSecondRun) {
  AddNote("a");
  Add("b", [](Transaction&) { return Status(FailedPrecondition("NO", "")); });
  AddNote("c");
  RunAsOneBatch();
  EXPECT_THAT(session_.calls, ElementsAre("begin", "commit"));
  EXPECT_THAT(session_.durable, ElementsAre("a", "c"));
  EXPECT_THAT(failed_, ElementsAre("b"));
  EXPECT_EQ(counters_.reruns, 0U);
}

TEST_F(GroupCommitTest, AFailureThatChangedSomethingIsUndoneAlone) {
  AddNote("a");
  Add("b", [](Transaction& transaction) -> Status {
    QUARTET_RETURN_IF_ERROR(transaction.Run("half of b"));
    return FailedPrecondition("NO", "");
  });
  AddNote("c");
  RunAsOneBatch();
  EXPECT_THAT(session_.durable, ElementsAre("a", "c"));
  EXPECT_THAT(session_.calls,
              ElementsAre("begin", "rollback", "begin", "savepoint", "savepoint", "undo", "savepoint", "commit"));
  EXPECT_THAT(succeeded_, ElementsAre("a", "c"));
  EXPECT_EQ(counters_.reruns, 1U);
  EXPECT_EQ(counters_.failed_operations, 1U);
}

TEST_F(GroupCommitTest, WhoLosesTheTransactionLosesItAlone) {
  AddNote("a");
  Add("b", [](Transaction&) { return Status(Error{.reason = "LOST"}); });
  AddNote("c");
  RunAsOneBatch();
  EXPECT_THAT(session_.durable, ElementsAre("a", "c"));
  EXPECT_THAT(succeeded_, ElementsAre("a", "c"));
  EXPECT_THAT(failed_, ElementsAre("b"));
}

TEST_F(GroupCommitTest, AFailedCommitIsTriedAgainOneByOne) {
  session_.commit_limit = 1;
  AddNote("a");
  Add("b", [](Transaction& transaction) -> Status {
    QUARTET_RETURN_IF_ERROR(transaction.Run("b1"));
    return transaction.Run("b2");
  });
  AddNote("c");
  RunAsOneBatch();
  EXPECT_THAT(session_.durable, ElementsAre("a", "c"));
  EXPECT_THAT(succeeded_, ElementsAre("a", "c"));
  EXPECT_THAT(failed_, ElementsAre("b"));
}

TEST_F(GroupCommitTest, AFailureThatShowsOnlyAtTheCommitIsFoundAndUndoneAlone) {
  AddNote("a");
  AddNote("late failure");
  AddNote("c");
  session_.commit_failures = {WriteSession::Failure::kNone, WriteSession::Failure::kOperation};
  RunAsOneBatch();
  EXPECT_THAT(session_.durable, ElementsAre("a", "c"));
  EXPECT_THAT(succeeded_, ElementsAre("a", "c"));
  EXPECT_THAT(failed_, ElementsAre("late failure"));
}

TEST_F(GroupCommitTest, WhoCollidesRunsAgainInSmallerPieces) {
  int collisions = 0;
  for (const char* name : {"a", "b", "c", "d"}) {
    Add(name, [&, name](Transaction& transaction) -> Status {
      QUARTET_RETURN_IF_ERROR(transaction.Run(name));
      if (std::string_view(name) != "c" || ++collisions > 2) return {};
      return Aborted("CONFLICT", "");
    });
  }
  RunAsOneBatch();
  EXPECT_THAT(session_.durable, ElementsAre("a", "b", "c", "d"));
  // All four, then the first two, then the others, then "c" alone.
  EXPECT_THAT(session_.calls, ElementsAre("begin", "rollback", "begin", "commit", "begin", "rollback", "begin",
                                          "commit", "begin", "commit"));
  EXPECT_THAT(failed_, IsEmpty());
}

TEST_F(GroupCommitTest, WhoCollidesWithoutEndIsGivenUpAlone) {
  Status given_up;
  AddNote("a");
  operations_.push_back({.run = [](Transaction&) { return Status(Aborted("CONFLICT", "")); },
                         .done = [&](Status status) { given_up = std::move(status); }});
  AddNote("c");
  RunAsOneBatch();
  EXPECT_THAT(session_.durable, ElementsAre("a", "c"));
  ASSERT_FALSE(given_up.ok());
  EXPECT_EQ(given_up.error().reason, "WRITE_CONFLICT");
  EXPECT_TRUE(given_up.error().retry_after.has_value());
}

TEST_F(GroupCommitTest, ADuplicateIsBelievedOfWhoKeepsMeetingIt) {
  int runs = 0;
  Add("a", [&](Transaction&) {
    ++runs;
    return Status(AlreadyExists("DUPLICATE", ""));
  });
  AddNote("b");
  RunAsOneBatch();
  EXPECT_EQ(runs, 5);  // twice when nobody knew whose it was, and three times more
  EXPECT_THAT(failed_, ElementsAre("a"));
  EXPECT_THAT(session_.durable, ElementsAre("b"));
  EXPECT_EQ(counters_.transactions, 2U) << "the one that was held, and one for both";
}

// Two processes that write the same values in another order: each transaction finds the next one taken.
TEST_F(GroupCommitTest, ALonelyOperationsDuplicateIsBelievedTheThirdTime) {
  int runs = 0;
  Add("a", [&](Transaction&) {
    ++runs;
    return Status(AlreadyExists("DUPLICATE", ""));
  });
  RunAsOneBatch();
  EXPECT_EQ(runs, 3);
  EXPECT_THAT(failed_, ElementsAre("a"));
}

TEST_F(GroupCommitTest, ADuplicateAfterThatOfAnotherIsNotBelieved) {
  std::vector<std::string> names;
  for (char name = 'a'; name <= 'p'; ++name) names.emplace_back(1, name);
  // Each finds out once that another process was quicker, and no sooner than the one before.
  std::size_t late = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    Add(names[i], [&, i](Transaction& transaction) -> Status {
      if (late == i) {
        ++late;
        return AlreadyExists("DUPLICATE", "");
      }
      return transaction.Run(names[i]);
    });
  }
  RunAsOneBatch();
  EXPECT_THAT(session_.durable, ElementsAreArray(names));
  EXPECT_THAT(failed_, IsEmpty());
}

// The last try ends in a duplicate, and others of the batch run after it.
TEST_F(GroupCommitTest, WhatIsGivenUpIsNeverTakenForWritten) {
  constexpr int kTries = 12;
  session_.commit_failures.assign(kTries, WriteSession::Failure::kConnection);
  session_.commit_failures.front() = WriteSession::Failure::kNone;  // of the operation that holds the others up
  int runs = 0;
  Add("a", [&](Transaction& transaction) -> Status {
    if (++runs >= kTries) return AlreadyExists("DUPLICATE", "");
    return transaction.Run("a");
  });
  AddNote("b");
  RunAsOneBatch();
  EXPECT_THAT(session_.durable, IsEmpty());
  EXPECT_THAT(succeeded_, IsEmpty());
  EXPECT_THAT(failed_, ElementsAre("a", "b"));
}

TEST_F(GroupCommitTest, ATransactionThatWentWithItsConnectionRunsAgain) {
  AddNote("a");
  AddNote("b");
  session_.commit_failures = {WriteSession::Failure::kNone, WriteSession::Failure::kConnection};
  RunAsOneBatch();
  EXPECT_THAT(session_.durable, ElementsAre("a", "b"));
  EXPECT_THAT(succeeded_, ElementsAre("a", "b"));
}

TEST_F(GroupCommitTest, ACommitOfWhichNobodyKnowsIsNotRunAgain) {
  AddNote("a");
  AddNote("b");
  session_.commit_failures = {WriteSession::Failure::kNone, WriteSession::Failure::kUnknown};
  RunAsOneBatch();
  EXPECT_THAT(session_.calls, ElementsAre("begin", "commit"));
  EXPECT_THAT(failed_, ElementsAre("a", "b"));
}

TEST_F(GroupCommitTest, WithoutATransactionEveryOperationFails) {
  session_.begins_allowed = 1;  // for the operation that holds the others up
  AddNote("a");
  AddNote("b");
  RunAsOneBatch();
  EXPECT_THAT(session_.durable, IsEmpty());
  EXPECT_THAT(failed_, ElementsAre("a", "b"));
}

TEST_F(GroupCommitTest, NothingToKeepIsNotCommitted) {
  Add("a", [](Transaction&) { return Status(FailedPrecondition("NO", "")); });
  RunAsOneBatch();
  EXPECT_THAT(session_.calls, ElementsAre("begin", "rollback"));
}

}  // namespace
}  // namespace quartet::storage
