#include "common/rpc/worker_pool.h"

#include <atomic>
#include <barrier>
#include <latch>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace quartet::rpc {
namespace {

// Work that stands still until it is let go.
class Gate {
 public:
  std::function<void()> Task() {
    return [this] {
      begun_.fetch_add(1);
      begun_.notify_all();
      open_.wait();
    };
  }
  void AwaitBegun(int count) {
    for (int seen = begun_.load(); seen < count; seen = begun_.load()) begun_.wait(seen);
  }
  void Open() { open_.count_down(); }

 private:
  std::atomic<int> begun_{0};
  std::latch open_{1};
};

TEST(WorkerPool, RunsWhatItAcceptsBeforeItEnds) {
  std::atomic<int> done{0};
  {
    WorkerPool pool(3, 1'000);
    for (int i = 0; i < 1'000; ++i) ASSERT_TRUE(pool.TrySubmit([&] { done.fetch_add(1); }));
  }
  EXPECT_EQ(done.load(), 1'000);
}

TEST(WorkerPool, AFullQueueRefusesAtOnceAndTakesWorkAgainLater) {
  Gate gate;
  std::atomic<int> queued_done{0};
  WorkerPool pool(2, 3);
  ASSERT_TRUE(pool.TrySubmit(gate.Task()));
  ASSERT_TRUE(pool.TrySubmit(gate.Task()));
  gate.AwaitBegun(2);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(pool.TrySubmit([&] { queued_done.fetch_add(1); }));
  EXPECT_FALSE(pool.TrySubmit([] { FAIL() << "was refused"; }));
  gate.Open();
  pool.Stop();
  EXPECT_EQ(queued_done.load(), 3);
}

TEST(WorkerPool, AsManyTasksRunAtOnceAsThereAreThreads) {
  constexpr int kThreads = 4;
  std::barrier meeting(kThreads);
  WorkerPool pool(kThreads, 1);
  // Nobody passes the meeting until all have come.
  for (int i = 0; i < kThreads; ++i) ASSERT_TRUE(pool.TrySubmit([&] { meeting.arrive_and_wait(); }));
  pool.Stop();
}

TEST(WorkerPool, NoMoreThreadsThanToldAreUsed) {
  std::mutex mutex;
  std::set<std::thread::id> seen;
  WorkerPool pool(2, 10'000);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(pool.TrySubmit([&] {
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
    }));
  }
  pool.Stop();
  EXPECT_LE(seen.size(), 2U);
}

TEST(WorkerPool, ATaskMaySubmitWhileThePoolDrains) {
  Gate gate;
  std::atomic<bool> second{false};
  WorkerPool pool(1, 8);
  ASSERT_TRUE(pool.TrySubmit(gate.Task()));
  gate.AwaitBegun(1);
  ASSERT_TRUE(pool.TrySubmit([&] { EXPECT_TRUE(pool.TrySubmit([&] { second = true; })); }));
  gate.Open();
  pool.Stop();
  EXPECT_TRUE(second.load());
}

TEST(WorkerPool, AStoppedPoolRefuses) {
  WorkerPool pool(1, 8);
  pool.Stop();
  pool.Stop();
  EXPECT_FALSE(pool.TrySubmit([] { FAIL() << "was refused"; }));
}

TEST(WorkerPool, ManySubmittersLoseNothing) {
  std::atomic<int> done{0};
  std::atomic<int> accepted{0};
  {
    WorkerPool pool(3, 50);
    std::vector<std::jthread> submitters;
    for (int i = 0; i < 4; ++i) {
      submitters.emplace_back([&] {
        for (int j = 0; j < 2'000; ++j) {
          if (pool.TrySubmit([&] { done.fetch_add(1); })) accepted.fetch_add(1);
        }
      });
    }
    submitters.clear();
  }
  EXPECT_EQ(done.load(), accepted.load());
  EXPECT_GT(done.load(), 0);
}

}  // namespace
}  // namespace quartet::rpc
