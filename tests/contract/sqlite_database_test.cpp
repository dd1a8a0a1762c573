// What only SQLite has to promise: a file, its owner and its disk.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <latch>
#include <optional>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/storage/sqlite/database.h"
#include "tests/support/eventually.h"
#include "tests/support/temp_directory.h"

namespace quartet::test {
namespace {

using storage::Database;
using storage::SqliteDatabase;
using storage::SqliteOptions;
using storage::Transaction;
using ::testing::HasSubstr;

constexpr std::string_view kCreate = "CREATE TABLE item (id BIGINT PRIMARY KEY, text TEXT)";
constexpr std::string_view kInsert = "INSERT INTO item (id, text) VALUES ($1, $2)";

Status Insert(Database& database, std::int64_t id, const std::string& text) {
  return database.Write([&](Transaction& t) { return t.Run(kInsert, {id, std::string_view(text)}); });
}

std::int64_t Count(Database& database) {
  std::int64_t count = -1;
  const Status read = database.Read([&](Transaction& t) {
    return t.Query("SELECT COUNT(*) FROM item", {}, [&](const storage::Row& row) { count = row.Int(0); });
  });
  EXPECT_TRUE(read.ok()) << ToString(read.error());
  return count;
}

class SqliteDatabaseTest : public ::testing::Test {
 protected:
  std::unique_ptr<SqliteDatabase> MustOpen(SqliteOptions options = {}) {
    options.path = path_;
    auto opened = SqliteDatabase::Open(options);
    EXPECT_TRUE(opened.ok()) << ToString(opened.error());
    return opened.ok() ? std::move(opened).value() : nullptr;
  }
  std::unique_ptr<SqliteDatabase> MustOpenWithTable(const SqliteOptions& options = {}) {
    auto database = MustOpen(options);
    EXPECT_TRUE(database->Write([](Transaction& t) { return t.Run(kCreate); }).ok());
    return database;
  }

  // Writes the one row that the table then holds.
  static Status Replace(Database& database, std::int64_t id, const std::string& text) {
    return database.Write([&](Transaction& t) -> Status {
      QUARTET_RETURN_IF_ERROR(t.Run("DELETE FROM item"));
      return t.Run(kInsert, {id, std::string_view(text)});
    });
  }
  std::uintmax_t LogBytes() const {
    std::filesystem::path log = path_;
    return std::filesystem::file_size(log += "-wal");
  }

  TempDirectory folder_;
  std::filesystem::path path_ = folder_.path() / "data" / "deep" / "items.db";
};

TEST_F(SqliteDatabaseTest, TheFilesAreForTheirOwnerOnly) {
  using std::filesystem::perms;
  const auto database = MustOpenWithTable();
  for (const auto& entry : std::filesystem::directory_iterator(path_.parent_path())) {
    EXPECT_EQ(entry.status().permissions() & (perms::group_all | perms::others_all), perms::none) << entry.path();
  }
  EXPECT_EQ(std::filesystem::status(folder_.path() / "data").permissions(), perms::owner_all);
}

TEST_F(SqliteDatabaseTest, ASecondOpenerIsRefusedUntilTheFirstIsGone) {
  auto database = MustOpen();
  const auto second = SqliteDatabase::Open({.path = path_});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().reason, "DATABASE_IN_USE");
  database.reset();
  EXPECT_NE(MustOpen(), nullptr);
}

TEST_F(SqliteDatabaseTest, AnotherProcessIsNamedToTheOneThatIsRefused) {
  std::array<int, 2> ready{};
  ASSERT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto database = SqliteDatabase::Open({.path = path_});
    const char answer = database.ok() ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');

  const auto refused = SqliteDatabase::Open({.path = path_});
  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason, "DATABASE_IN_USE");
  EXPECT_THAT(refused.error().message, HasSubstr(std::to_string(child)));
  // Nothing of a killed owner stays in the way.
  EXPECT_NE(MustOpen(), nullptr);
  for (const int end : ready) ::close(end);
}

TEST_F(SqliteDatabaseTest, AFileThatIsNoDatabaseIsRefused) {
  std::filesystem::create_directories(path_.parent_path());
  std::ofstream(path_) << std::string(8'192, 'x');
  const auto opened = SqliteDatabase::Open({.path = path_});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().reason, "DATABASE_DAMAGED");
}

TEST_F(SqliteDatabaseTest, AFolderThatCannotBeMadeIsAClearError) {
  std::ofstream(folder_.path() / "data") << "a file is in the way";
  const auto opened = SqliteDatabase::Open({.path = path_});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::kUnavailable);
}

TEST_F(SqliteDatabaseTest, AFullDatabaseRefusesWhatDoesNotFitAndKeepsServing) {
  const auto database = MustOpenWithTable({.file_bytes_max = 1 << 20});
  const std::string large(100'000, 'x');
  std::int64_t stored = 0;
  Status status;
  while ((status = Insert(*database, stored, large)).ok()) ++stored;

  EXPECT_EQ(status.error().code, Code::kUnavailable);
  EXPECT_TRUE(status.error().retry_after.has_value());
  EXPECT_EQ(Count(*database), stored);
  ASSERT_GT(stored, 5);
  ASSERT_TRUE(database->Write([](Transaction& t) { return t.Run("DELETE FROM item WHERE id < 3"); }).ok());
  EXPECT_TRUE(Insert(*database, 1'000, large).ok());
}

TEST_F(SqliteDatabaseTest, AnOperationTooLargeForTheDiskHarmsNoNeighbour) {
  const auto database = MustOpenWithTable({.file_bytes_max = 1 << 20});
  const std::string huge(2 << 20, 'x');
  std::array<Status, 9> results;
  std::latch finished(results.size());
  std::latch queued(1);
  database->Enqueue({.run =
                         [&](Transaction&) {
                           queued.wait();
                           return Status();
                         },
                     .done = [](const Status&) {}});
  for (std::size_t i = 0; i < results.size(); ++i) {
    database->Enqueue({.run =
                           [&, i](Transaction& t) {
                             const std::string_view text = i == 4 ? std::string_view(huge) : "small";
                             return t.Run(kInsert, {static_cast<std::int64_t>(i), text});
                           },
                       .done =
                           [&, i](Status status) {
                             results[i] = std::move(status);
                             finished.count_down();
                           }});
  }
  queued.count_down();
  finished.wait();

  for (std::size_t i = 0; i < results.size(); ++i) EXPECT_EQ(results[i].ok(), i != 4) << i;
  EXPECT_EQ(results[4].error().code, Code::kUnavailable);
  EXPECT_EQ(Count(*database), 8);
}

// In a process of its own, because the limit holds for a whole process.
TEST_F(SqliteDatabaseTest, AFailingDiskIsUnavailableAndIsForgottenWhenItWorksAgain) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const auto limit_files_to = [](rlim_t bytes) {
      rlimit limit{};
      ::getrlimit(RLIMIT_FSIZE, &limit);
      limit.rlim_cur = bytes;
      ::setrlimit(RLIMIT_FSIZE, &limit);
    };
    const auto database = MustOpenWithTable();
    const std::string large(100'000, 'x');
    limit_files_to(1 << 20);
    std::int64_t stored = 0;
    Status status;
    while ((status = Insert(*database, stored, large)).ok()) ++stored;
    EXPECT_EQ(status.error().code, Code::kUnavailable) << ToString(status.error());
    EXPECT_EQ(Count(*database), stored);
    EXPECT_FALSE(Insert(*database, stored, large).ok());

    limit_files_to(RLIM_INFINITY);
    EXPECT_TRUE(Insert(*database, stored, large).ok());
    EXPECT_EQ(Count(*database), stored + 1);
    ::_exit(HasFailure() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// What does not fit into memory goes to the log before its time, is changed there, and read back.
TEST_F(SqliteDatabaseTest, ATransactionLargerThanTheCacheReadsWhatItWrote) {
  constexpr std::int64_t kRows = 500;
  const auto database = MustOpenWithTable({.writer_cache_bytes = 64 << 10});
  std::int64_t right = 0;
  const Status written = database->Write([&](Transaction& t) -> Status {
    right = 0;
    const std::string first(8'000, 'a');
    const std::string second(8'000, 'b');
    for (std::int64_t id = 0; id < kRows; ++id) QUARTET_RETURN_IF_ERROR(t.Run(kInsert, {id, std::string_view(first)}));
    QUARTET_RETURN_IF_ERROR(t.Run("UPDATE item SET text = $1 WHERE id % 2 = 1", {std::string_view(second)}));
    return t.Query("SELECT id, text FROM item", {}, [&](const storage::Row& row) {
      if (row.Bytes(1) == (row.Int(0) % 2 == 1 ? second : first)) ++right;
    });
  });
  ASSERT_TRUE(written.ok()) << ToString(written.error());
  EXPECT_EQ(right, kRows);
  EXPECT_EQ(Count(*database), kRows);
  EXPECT_GT(LogBytes(), 3U << 20);
}

TEST_F(SqliteDatabaseTest, TheLogStaysShort) {
  const auto database = MustOpenWithTable();
  const std::string text(1 << 20, 'x');
  for (std::int64_t i = 0; i < 100; ++i) ASSERT_TRUE(Replace(*database, i, text).ok());
  EXPECT_LT(LogBytes(), 16U << 20);
}

TEST_F(SqliteDatabaseTest, AReaderThatStaysHoldsUpTheLogOnlyWhileItStays) {
  const auto database = MustOpenWithTable();
  const std::string text(1 << 20, 'x');
  ASSERT_TRUE(database
                  ->Read([&](Transaction& t) -> Status {
                    QUARTET_RETURN_IF_ERROR(t.Run("SELECT id FROM item"));
                    for (std::int64_t i = 0; i < 100; ++i) QUARTET_RETURN_IF_ERROR(Replace(*database, i, text));
                    return t.Run("SELECT id FROM item");
                  })
                  .ok());
  EXPECT_GT(LogBytes(), 100U << 20);
  for (std::int64_t i = 100; i < 200; ++i) ASSERT_TRUE(Replace(*database, i, text).ok());
  EXPECT_LT(LogBytes(), 80U << 20);
  EXPECT_EQ(Count(*database), 1);
}

// Makes the kernel forget what it has in memory of a file that nobody writes.
void ForgetPages(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  ASSERT_EQ(::fsync(file), 0);
  ASSERT_EQ(::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED), 0);
  ::close(file);
}

// The length of a text, or nothing if that could not be told at once.
std::optional<std::int64_t> TryLength(Database& database, std::int64_t id) {
  std::int64_t length = -1;
  const auto read = database.TryRead([&](Transaction& t) {
    return t.Query("SELECT LENGTH(text) FROM item WHERE id = $1", {id},
                   [&](const storage::Row& row) { length = row.Int(0); });
  });
  if (!read) return std::nullopt;
  EXPECT_TRUE(read->ok()) << ToString(read->error());
  return length;
}

TEST_F(SqliteDatabaseTest, ATryReadsWhatIsInMemory) {
  const auto database = MustOpenWithTable();
  ASSERT_TRUE(Insert(*database, 1, "abc").ok());
  EXPECT_EQ(TryLength(*database, 1), 3) << "in the log";
  EXPECT_EQ(TryLength(*database, 2), -1);
  EXPECT_FALSE(database->TryRead([](Transaction& t) { return t.Run("SELECT * FROM no_such_table"); })->ok());
}

TEST_F(SqliteDatabaseTest, ATryDoesNotWaitForTheDisk) {
  const std::string text(4'000, 'x');
  {
    const auto database = MustOpenWithTable();
    ASSERT_TRUE(database
                    ->Write([&](Transaction& t) -> Status {
                      for (std::int64_t id = 0; id < 2'000; ++id)
                        QUARTET_RETURN_IF_ERROR(t.Run(kInsert, {id, std::string_view(text)}));
                      return {};
                    })
                    .ok());
  }
  const auto database = MustOpen();
  // The kernel begins to read even for one who does not wait, and may by chance be done in time; so another row then.
  std::int64_t id = 0;
  const auto refused = [&] {
    return Eventually([&] {
      ForgetPages(path_);
      return !TryLength(*database, ++id).has_value();
    });
  };
  ASSERT_TRUE(refused());
  EXPECT_TRUE(database
                  ->Read([&](Transaction& t) {
                    return t.Query("SELECT text FROM item WHERE id = $1", {id}, [](const storage::Row&) {});
                  })
                  .ok());
  EXPECT_EQ(TryLength(*database, id), 4'000);
  EXPECT_TRUE(refused()) << "one that could not wait harms no later one";
}

TEST_F(SqliteDatabaseTest, ATryDoesNotWaitForAConnection) {
  const auto database = MustOpenWithTable({.path = {}, .readers = 1});
  std::optional<std::int64_t> meanwhile = 0;
  ASSERT_TRUE(database
                  ->Read([&](Transaction&) -> Status {
                    meanwhile = TryLength(*database, 1);
                    return {};
                  })
                  .ok());
  EXPECT_EQ(meanwhile, std::nullopt);
  EXPECT_EQ(TryLength(*database, 1), -1);
  database->Close();
  EXPECT_EQ(TryLength(*database, 1), std::nullopt);
}

}  // namespace
}  // namespace quartet::test
