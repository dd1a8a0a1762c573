// What every Database does, whatever stands behind it.
#include "tests/contract/database_contract.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <latch>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/limits.h"

namespace quartet::test {
namespace {

using storage::DatabaseCounters;
using storage::Row;
using storage::Transaction;
using ::testing::ElementsAre;

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(DatabaseContract);

TEST_P(DatabaseContract, AWriteIsThereAfterReopening) {
  ASSERT_TRUE(database_->Write([&](Transaction& t) { return Insert(t, "a", 7); }).ok());

  Reopen();

  std::int64_t number = 0;
  ASSERT_TRUE(database_
                  ->Read([&](Transaction& t) {
                    return t.Query("SELECT number FROM item WHERE id = $1", {"a"},
                                   [&](const Row& row) { number = row.Int(0); });
                  })
                  .ok());
  EXPECT_EQ(number, 7);
}

TEST_P(DatabaseContract, AnErrorRollsItsOwnStatementsBack) {
  const Status status = database_->Write([&](Transaction& t) -> Status {
    QUARTET_RETURN_IF_ERROR(Insert(t, "a"));
    return FailedPrecondition("NO", "changed its mind");
  });

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().reason, "NO");
  EXPECT_EQ(CountItems(), 0);
}

TEST_P(DatabaseContract, AnExceptionIsAnInternalErrorAndRollsBack) {
  const Status status = database_->Write([&](Transaction& t) -> Status {
    QUARTET_RETURN_IF_ERROR(Insert(t, "a"));
    throw std::runtime_error("oops");
  });

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kInternal);
  EXPECT_EQ(CountItems(), 0);
}

TEST_P(DatabaseContract, FailuresHarmNoNeighbourInTheSameTransaction) {
  constexpr int kOperations = 90;
  const DatabaseCounters before = database_->Counters();
  std::vector<Status> results(kOperations);
  std::latch finished(kOperations);
  {
    HeldWriter held(*database_);
    for (int i = 0; i < kOperations; ++i) {
      database_->Enqueue({.run = [this, i](Transaction& t) -> Status {
                            QUARTET_RETURN_IF_ERROR(Insert(t, "row " + std::to_string(i)));
                            // One in three fails in its own way; the last of these by a statement.
                            if (i % 9 == 0) return FailedPrecondition("NO", "refused");
                            if (i % 9 == 3) throw std::runtime_error("thrown");
                            if (i % 9 == 6) return Insert(t, "row " + std::to_string(i));
                            return {};
                          },
                          .done =
                              [&, i](Status status) {
                                results[static_cast<std::size_t>(i)] = std::move(status);
                                finished.count_down();
                              }});
    }
  }
  finished.wait();

  for (int i = 0; i < kOperations; ++i) EXPECT_EQ(results[static_cast<std::size_t>(i)].ok(), i % 3 != 0) << i;
  EXPECT_EQ(CountItems(), kOperations * 2 / 3);
  // The one that was held, and one for all the others.
  EXPECT_EQ(database_->Counters().transactions - before.transactions, 2);
  EXPECT_EQ(database_->Counters().failed_operations - before.failed_operations, kOperations / 3);
}

TEST_P(DatabaseContract, EachDoneComesOnceAndInOrder) {
  constexpr int kOperations = 1'500;  // several batches
  std::vector<int> order;             // only the database's thread writes it
  std::latch finished(kOperations);
  {
    HeldWriter held(*database_);
    for (int i = 0; i < kOperations; ++i) {
      database_->Enqueue({.run = [this, i](Transaction& t) { return Insert(t, std::to_string(i % 1'000)); },
                          .done =
                              [&order, &finished, i](const Status&) {
                                order.push_back(i);
                                finished.count_down();
                              }});
    }
  }
  finished.wait();

  std::vector<int> expected(kOperations);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(order, expected);
  EXPECT_EQ(CountItems(), 1'000);
}

TEST_P(DatabaseContract, AnOperationSeesWhatEarlierOnesOfItsTransactionDid) {
  std::vector<std::int64_t> seen(3);
  std::latch finished(3);
  {
    HeldWriter held(*database_);
    for (std::size_t i = 0; i < seen.size(); ++i) {
      database_->Enqueue({.run = [&, i](Transaction& t) -> Status {
                            QUARTET_RETURN_IF_ERROR(t.Query("SELECT COUNT(*) FROM item", {},
                                                            [&](const Row& row) { seen[i] = row.Int(0); }));
                            return Insert(t, std::to_string(i));
                          },
                          .done = [&](const Status&) { finished.count_down(); }});
    }
  }
  finished.wait();
  EXPECT_THAT(seen, ElementsAre(0, 1, 2));
}

TEST_P(DatabaseContract, ManyWritersShareFewTransactions) {
  constexpr int kThreads = 50;
  constexpr int kWritesEach = 200;
  const DatabaseCounters before = database_->Counters();
  std::atomic<int> succeeded = 0;
  {
    std::vector<std::jthread> writers;
    writers.reserve(kThreads);
    for (int thread = 0; thread < kThreads; ++thread) {
      writers.emplace_back([&, thread] {
        std::latch finished(kWritesEach);
        for (int i = 0; i < kWritesEach; ++i) {
          database_->Enqueue({.run = [this, id = std::to_string(thread) + "." +
                                                 std::to_string(i)](Transaction& t) { return Insert(t, id); },
                              .done =
                                  [&](const Status& status) {
                                    if (status.ok()) succeeded.fetch_add(1);
                                    finished.count_down();
                                  }});
        }
        finished.wait();
      });
    }
  }
  const DatabaseCounters after = database_->Counters();
  EXPECT_EQ(succeeded.load(), kThreads * kWritesEach);
  EXPECT_EQ(CountItems(), kThreads * kWritesEach);
  EXPECT_EQ(after.operations - before.operations, kThreads * kWritesEach);
  EXPECT_LT(after.transactions - before.transactions, kThreads * kWritesEach / 5);
}

TEST_P(DatabaseContract, AFullQueueRefusesAtOnceAndRecovers) {
  Reopen({.queue = 5});
  std::atomic<int> accepted = 0;
  std::vector<Error> refusals;
  std::latch finished(5);
  {
    HeldWriter held(*database_);
    for (int i = 0; i < 8; ++i) {
      database_->Enqueue({.run = [this, i](Transaction& t) { return Insert(t, std::to_string(i)); },
                          .done =
                              [&, caller = std::this_thread::get_id()](const Status& status) {
                                if (std::this_thread::get_id() == caller) {
                                  refusals.push_back(status.error());
                                  return;
                                }
                                if (status.ok()) accepted.fetch_add(1);
                                finished.count_down();
                              }});
    }
    EXPECT_EQ(refusals.size(), 3U);
  }
  finished.wait();

  EXPECT_EQ(accepted.load(), 5);
  for (const Error& refusal : refusals) {
    EXPECT_EQ(refusal.code, Code::kResourceExhausted);
    EXPECT_EQ(refusal.reason, "OVERLOADED");
    EXPECT_TRUE(refusal.retry_after.has_value());
  }
  EXPECT_EQ(database_->Counters().rejected, 3U);
  EXPECT_TRUE(database_->Write([&](Transaction& t) { return Insert(t, "later"); }).ok());
}

TEST_P(DatabaseContract, AQueueFullOfBytesRefusesAtOnce) {
  constexpr std::size_t kLimit = 1'000'000;
  Reopen({.queue_bytes = kLimit});
  std::vector<Status> results(5);
  std::latch finished(5);
  {
    HeldWriter held(*database_);
    const std::array<std::size_t, 5> sizes = {2 * kLimit, 1, 0, 0, 0};
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      database_->Enqueue({.run = [this, i](Transaction& t) { return Insert(t, std::to_string(i)); },
                          .done =
                              [&, i](Status status) {
                                results[i] = std::move(status);
                                finished.count_down();
                              },
                          .size_bytes = sizes[i]});
    }
  }
  finished.wait();
  // The first is larger than all may be, and was alone; after it there was no place.
  EXPECT_TRUE(results[0].ok());
  for (std::size_t i = 1; i < results.size(); ++i) {
    ASSERT_FALSE(results[i].ok()) << i;
    EXPECT_EQ(results[i].error().reason, "OVERLOADED");
    EXPECT_TRUE(results[i].error().retry_after.has_value());
  }
  EXPECT_EQ(CountItems(), 1);
}

TEST_P(DatabaseContract, WhatFitsByTheByteIsQueuedAndOneMoreIsNot) {
  constexpr std::size_t kEach = 10'000;
  Reopen({.queue_bytes = 3 * (kEach + limits::kWriteBytesMin)});
  int accepted = 0;
  std::latch finished(4);
  {
    HeldWriter held(*database_);
    for (int i = 0; i < 4; ++i) {
      database_->Enqueue({.run = [this, i](Transaction& t) { return Insert(t, std::to_string(i)); },
                          .done =
                              [&](const Status& status) {
                                accepted += status.ok() ? 1 : 0;
                                finished.count_down();
                              },
                          .size_bytes = kEach});
    }
  }
  finished.wait();
  EXPECT_EQ(accepted, 3);
  EXPECT_TRUE(database_->Write([&](Transaction& t) { return Insert(t, "later"); }).ok());
}

TEST_P(DatabaseContract, ATransactionIsCutByTheBytesThatItWrites) {
  Reopen({.batch_bytes = 2'500});
  const std::string bytes(1'000, 'x');
  std::latch finished(6);
  const std::uint64_t before = database_->Counters().transactions;
  {
    HeldWriter held(*database_);
    for (int i = 0; i < 6; ++i) {
      database_->Enqueue({.run =
                              [&, i](Transaction& t) {
                                return t.Run("INSERT INTO item (id, bytes) VALUES ($1, $2)",
                                             {std::string_view(std::to_string(i)), storage::Blob{bytes}});
                              },
                          .done =
                              [&](const Status& status) {
                                EXPECT_TRUE(status.ok());
                                finished.count_down();
                              }});
    }
  }
  finished.wait();
  EXPECT_EQ(CountItems(), 6);
  // The writer's own, which held it, and three each.
  EXPECT_EQ(database_->Counters().transactions - before, 3U);
}

TEST_P(DatabaseContract, ClosingFinishesWhatIsQueuedAndRefusesTheRest) {
  std::atomic<int> finished = 0;
  {
    HeldWriter held(*database_);
    for (int i = 0; i < 20; ++i) {
      database_->Enqueue({.run = [this, i](Transaction& t) { return Insert(t, std::to_string(i)); },
                          .done = [&](const Status& status) { finished.fetch_add(status.ok() ? 1 : 0); }});
    }
  }
  database_->Close();
  EXPECT_EQ(finished.load(), 20);

  const Status write = database_->Write([&](Transaction& t) { return Insert(t, "late"); });
  ASSERT_FALSE(write.ok());
  EXPECT_EQ(write.error().code, Code::kUnavailable);
  const Status read = database_->Read([](Transaction&) { return Status(); });
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::kUnavailable);

  Reopen();
  EXPECT_EQ(CountItems(), 20);
}

}  // namespace
}  // namespace quartet::test
