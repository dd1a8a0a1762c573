// A process that is killed in mid-write loses nothing that it acknowledged, and
// leaves nothing half done.
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/contract/database_contract.h"

namespace quartet::test {
namespace {

using storage::Row;
using storage::Transaction;

constexpr int kThreads = 4;

// One acknowledged write, as the child tells its parent; small enough that a
// pipe takes it whole.
struct Acknowledged {
  std::int32_t thread = 0;
  std::int32_t number = 0;
};

std::string Id(std::string_view half, int thread, int number) {
  return std::string(half) + std::to_string(thread) + "." + std::to_string(number);
}

// Writes pairs of rows until it is killed. Never returns.
[[noreturn]] void WriteUntilKilled(DatabaseBackend& backend, int pipe) {
  auto database = backend.Open({});
  if (!database.ok()) ::_exit(1);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int number = 0;; ++number) {
        const Status written = (*database)->Write([&](Transaction& t) -> Status {
          for (const std::string_view half : {"left ", "right "}) {
            const std::string id = Id(half, thread, number);
            QUARTET_RETURN_IF_ERROR(t.Run("INSERT INTO item (id) VALUES ($1)", {std::string_view(id)}));
          }
          return {};
        });
        const Acknowledged message{.thread = thread, .number = number};
        if (!written.ok() || ::write(pipe, &message, sizeof message) != sizeof message) ::_exit(2);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ::_exit(3);
}

class DatabaseCrash : public DatabaseContract {
 protected:
  std::set<std::string> Ids() {
    std::set<std::string> ids;
    EXPECT_TRUE(database_
                    ->Read([&](Transaction& t) {
                      return t.Query("SELECT id FROM item", {}, [&](const Row& row) { ids.insert(row.String(0)); });
                    })
                    .ok());
    return ids;
  }
};

QUARTET_INSTANTIATE_FOR_EVERY_DATABASE(DatabaseCrash);

TEST_P(DatabaseCrash, AKilledWriterLosesNothingAcknowledged) {
  database_.reset();
  for (const int kill_after : {1, 40, 400}) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      WriteUntilKilled(*backend_, ends[1]);
    }
    ::close(ends[1]);

    std::vector<Acknowledged> acknowledged;
    Acknowledged message;
    while (::read(ends[0], &message, sizeof message) == sizeof message) {
      acknowledged.push_back(message);
      if (std::ssize(acknowledged) == kill_after) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended by itself with " << status;
    ASSERT_GE(std::ssize(acknowledged), kill_after);
    backend_->AwaitEndOfSessions();

    Reopen();
    const std::set<std::string> ids = Ids();
    for (const auto& [thread, number] : acknowledged) {
      EXPECT_TRUE(ids.contains(Id("left ", thread, number))) << thread << "." << number;
    }
    for (const std::string& id : ids) {
      if (!id.starts_with("left ")) continue;
      EXPECT_TRUE(ids.contains("right " + id.substr(5))) << id;
    }
    EXPECT_EQ(ids.size() % 2, 0U);
    ASSERT_TRUE(database_->Write([](Transaction& t) { return t.Run("DELETE FROM item"); }).ok());
    database_.reset();
  }
}

}  // namespace
}  // namespace quartet::test
