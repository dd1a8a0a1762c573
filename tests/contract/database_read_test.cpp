// What readers see, and that they and the writer do not wait for each other.
#include <atomic>
#include <cstdint>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/contract/database_contract.h"
#include "tests/support/eventually.h"

namespace quartet::test {
namespace {

using storage::Row;
using storage::Transaction;

std::int64_t Count(Transaction& transaction) {
  std::int64_t count = -1;
  EXPECT_TRUE(transaction.Query("SELECT COUNT(*) FROM item", {}, [&](const Row& row) { count = row.Int(0); }).ok());
  return count;
}

class DatabaseRead : public DatabaseContract {};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(DatabaseRead);

TEST_P(DatabaseRead, EveryAcknowledgedWriteIsSeenAtOnce) {
  constexpr int kThreads = 8;
  constexpr int kWritesEach = 100;
  std::atomic<int> missing = 0;
  {
    std::vector<std::jthread> callers;
    callers.reserve(kThreads);
    for (int thread = 0; thread < kThreads; ++thread) {
      callers.emplace_back([&, thread] {
        for (int i = 0; i < kWritesEach; ++i) {
          const std::string id = std::to_string(thread) + "." + std::to_string(i);
          EXPECT_TRUE(database_->Write([&](Transaction& t) { return Insert(t, id); }).ok());
          bool found = false;
          EXPECT_TRUE(database_
                          ->Read([&](Transaction& t) {
                            return t.Query("SELECT 1 FROM item WHERE id = $1", {std::string_view(id)},
                                           [&](const Row&) { found = true; });
                          })
                          .ok());
          if (!found) missing.fetch_add(1);
        }
      });
    }
  }
  EXPECT_EQ(missing.load(), 0);
}

TEST_P(DatabaseRead, OneReadIsOneSnapshot) {
  ASSERT_TRUE(database_->Write([&](Transaction& t) { return Insert(t, "a"); }).ok());
  ASSERT_TRUE(database_
                  ->Read([&](Transaction& t) -> Status {
                    EXPECT_EQ(Count(t), 1);
                    EXPECT_TRUE(database_->Write([&](Transaction& w) { return Insert(w, "b"); }).ok());
                    EXPECT_EQ(Count(t), 1);
                    return {};
                  })
                  .ok());
  EXPECT_EQ(CountItems(), 2);
}

TEST_P(DatabaseRead, NothingOfAnUnfinishedWriteIsSeen) {
  std::latch inserted(1);
  std::latch read(1);
  std::latch finished(1);
  database_->Enqueue({.run = [&, first = true](Transaction& t) mutable -> Status {
                        QUARTET_RETURN_IF_ERROR(Insert(t, "a"));
                        if (std::exchange(first, false)) inserted.count_down();
                        read.wait();
                        return {};
                      },
                      .done = [&](const Status&) { finished.count_down(); }});
  inserted.wait();
  EXPECT_EQ(CountItems(), 0);
  read.count_down();
  finished.wait();
  EXPECT_EQ(CountItems(), 1);
}

TEST_P(DatabaseRead, AReadCannotWrite) {
  const Status status = database_->Read([&](Transaction& t) { return Insert(t, "a"); });
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kInternal);
  EXPECT_EQ(CountItems(), 0);
}

TEST_P(DatabaseRead, AFailedReadLeavesNothingBehind) {
  EXPECT_FALSE(database_->Read([](Transaction& t) { return t.Run("SELECT * FROM no_such_table"); }).ok());
  for (int i = 0; i < 20; ++i) {
    const Status thrown = database_->Read([](Transaction&) -> Status { throw std::runtime_error("oops"); });
    ASSERT_FALSE(thrown.ok());
    EXPECT_EQ(thrown.error().code, Code::kInternal);
  }
  EXPECT_EQ(CountItems(), 0);
}

TEST_P(DatabaseRead, MoreReadersThanConnectionsTakeTurns) {
  constexpr int kReaders = 32;
  std::atomic<int> finished = 0;
  {
    std::vector<std::jthread> readers;
    readers.reserve(kReaders);
    for (int i = 0; i < kReaders; ++i) {
      readers.emplace_back([&] {
        for (int j = 0; j < 50; ++j) {
          if (CountItems() == 0) finished.fetch_add(1);
        }
      });
    }
  }
  EXPECT_EQ(finished.load(), kReaders * 50);
}

TEST_P(DatabaseRead, AnUrgentOneWaitsForNoOther) {
  constexpr int kReaders = 32;
  // From the first one on.
  ASSERT_TRUE(database_->ReadUrgent([](Transaction&) { return Status(); }).ok());
  std::atomic<int> reading = 0;
  std::latch release(1);
  std::vector<std::jthread> readers;
  readers.reserve(kReaders);
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&] {
      EXPECT_TRUE(database_
                      ->Read([&](Transaction&) {
                        reading.fetch_add(1);
                        release.wait();
                        return Status();
                      })
                      .ok());
    });
  }
  // All the connections but that which is theirs.
  const int connections = database_->IsShared() ? 6 : 4;
  EXPECT_TRUE(Eventually([&] { return reading.load() == connections; }));
  for (int i = 0; i < 3; ++i) {
    std::int64_t count = -1;
    EXPECT_TRUE(database_
                    ->ReadUrgent([&](Transaction& transaction) {
                      count = Count(transaction);
                      return Status();
                    })
                    .ok());
    EXPECT_EQ(count, 0);
  }
  EXPECT_EQ(reading.load(), connections) << "nobody else had a connection";
  release.count_down();
}

}  // namespace
}  // namespace quartet::test
