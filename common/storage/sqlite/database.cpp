#include "common/storage/sqlite/database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "common/storage/sqlite/reader.h"
#include "common/storage/sqlite/transaction.h"

namespace quartet::storage {
namespace {

Error FileError(const std::string& what, const std::filesystem::path& path, const std::error_code& code) {
  return Unavailable("DATABASE_UNAVAILABLE", "cannot " + what + " " + path.string() + ": " + code.message());
}

Error FileError(const std::string& what, const std::filesystem::path& path) {
  return FileError(what, path, std::error_code(errno, std::generic_category()));
}

// Makes a new entry of `folder` survive a power failure.
Status SyncFolder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return FileError("open", folder);
  const bool synced = ::fsync(descriptor) == 0;
  Status status = synced ? Status() : Status(FileError("sync", folder));
  ::close(descriptor);
  return status;
}

Status MakeFolders(const std::filesystem::path& folder) {
  std::error_code code;
  if (std::filesystem::is_directory(folder, code)) return {};
  if (folder.has_parent_path() && folder.parent_path() != folder) {
    QUARTET_RETURN_IF_ERROR(MakeFolders(folder.parent_path()));
  }
  if (std::filesystem::create_directory(folder, code)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, code);
    if (!code) return SyncFolder(folder.parent_path());
  }
  if (code) return FileError("create", folder, code);
  return {};
}

// SQLite gives its other files the permissions of this one.
Status MakeFile(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return FileError("open", path);
  ::close(descriptor);
  return SyncFolder(path.parent_path());
}

}  // namespace

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const SqliteOptions& options) {
  std::error_code code;
  const std::filesystem::path path = std::filesystem::absolute(options.path, code);
  if (code) return FileError("find", options.path, code);
  QUARTET_RETURN_IF_ERROR(MakeFolders(path.parent_path()));
  std::filesystem::path lock_path = path;
  QUARTET_ASSIGN_OR_RETURN(FileLock lock, FileLock::Acquire(lock_path += ".lock"));
  QUARTET_RETURN_IF_ERROR(MakeFile(path));

  SqliteConnection::Options connection{.path = path,
                                       .writer = true,
                                       .cache_bytes = options.writer_cache_bytes,
                                       .file_bytes_max = options.file_bytes_max};
  QUARTET_ASSIGN_OR_RETURN(ConnectionPtr writer, SqliteConnection::Open(connection));
  connection.writer = false;
  connection.cache_bytes = options.reader_cache_bytes;
  connection.map_bytes = options.map_bytes;
  std::vector<ConnectionPtr> readers;
  for (std::size_t i = 0; i < options.readers + 1; ++i) {
    QUARTET_ASSIGN_OR_RETURN(readers.emplace_back(), SqliteConnection::Open(connection));
  }
  return std::unique_ptr<SqliteDatabase>(
      new SqliteDatabase(std::move(lock), std::move(writer), std::move(readers), options));
}

SqliteDatabase::SqliteDatabase(FileLock lock, ConnectionPtr writer, std::vector<ConnectionPtr> readers,
                               const SqliteOptions& options)
    : lock_(std::move(lock)),
      session_(std::move(writer)),
      readers_(std::move(readers)),
      commits_(session_, {.queue_limit = options.queue_limit,
                          .queue_bytes_limit = options.queue_bytes_limit,
                          .batch_limit = options.batch_limit,
                          .batch_bytes_limit = options.batch_bytes_limit}) {
  for (const ConnectionPtr& reader : readers_) free_readers_.push_back(reader.get());
}

SqliteDatabase::~SqliteDatabase() {
  Close();
}

void SqliteDatabase::Enqueue(WriteOperation operation) {
  commits_.Enqueue(std::move(operation));
}

void SqliteDatabase::Perform(WriteOperation operation) {
  commits_.Perform(std::move(operation));
}

Status SqliteDatabase::Read(const std::function<Status(Transaction&)>& run) {
  return ReadOn(TakeReader(Urgency::kWait), run);
}

Status SqliteDatabase::ReadUrgent(const std::function<Status(Transaction&)>& run) {
  return ReadOn(TakeReader(Urgency::kUrgent), run);
}

Status SqliteDatabase::ReadOn(SqliteConnection* reader, const std::function<Status(Transaction&)>& run) {
  if (reader == nullptr) return Unavailable("DATABASE_CLOSED", "the database is shutting down");
  reads_.fetch_add(1, std::memory_order_relaxed);
  Status status = ReadWith(*reader, run);
  GiveBack(reader);
  return status;
}

std::optional<Status> SqliteDatabase::TryRead(const std::function<Status(Transaction&)>& run) {
  SqliteConnection* reader = TakeReader(Urgency::kTry);
  if (reader == nullptr) return std::nullopt;
  const NoWait no_wait;
  std::optional<Status> status = ReadWith(*reader, run);
  if (no_wait.refused())
    status.reset();
  else
    reads_.fetch_add(1, std::memory_order_relaxed);
  GiveBack(reader);
  return status;
}

Status SqliteDatabase::ReadWith(SqliteConnection& reader, const std::function<Status(Transaction&)>& run) {
  Status status = reader.Run("BEGIN");
  if (status.ok()) status = SqliteTransaction(reader).RunOperation(run);
  if (reader.InTransaction()) {
    // Nothing was written, so the end of the snapshot has nothing to lose.
    Status ended = reader.Run("ROLLBACK");
    if (status.ok()) status = std::move(ended);
  }
  return status;
}

void SqliteDatabase::Close() {
  commits_.Close();
  std::unique_lock lock(mutex_);
  closed_ = true;
  reader_changed_.notify_all();
  urgent_changed_.notify_all();
  reader_changed_.wait(lock, [this] { return free_readers_.size() == readers_.size(); });
}

DatabaseCounters SqliteDatabase::Counters() const {
  DatabaseCounters counters;
  commits_.AddTo(counters);
  counters.reads = reads_.load(std::memory_order_relaxed);
  counters.statements = session_.connection().statement_count();
  for (const ConnectionPtr& reader : readers_) counters.statements += reader->statement_count();
  return counters;
}

SqliteConnection* SqliteDatabase::TakeReader(Urgency urgency) {
  std::unique_lock lock(mutex_);
  const std::size_t left = urgency == Urgency::kUrgent ? 0 : 1;
  const auto is_free = [&] { return closed_ || free_readers_.size() > left; };
  if (urgency == Urgency::kUrgent) {
    ++urgent_waiting_;
    urgent_changed_.wait(lock, is_free);
    --urgent_waiting_;
  } else if (urgency == Urgency::kWait) {
    reader_changed_.wait(lock, is_free);
  }
  if (closed_ || !is_free()) return nullptr;
  SqliteConnection* reader = free_readers_.back();
  free_readers_.pop_back();
  return reader;
}

void SqliteDatabase::GiveBack(SqliteConnection* reader) {
  std::lock_guard lock(mutex_);
  free_readers_.push_back(reader);
  // The closer and those who wait for a reader share the condition.
  if (closed_) {
    reader_changed_.notify_all();
  } else if (urgent_waiting_ > 0) {
    urgent_changed_.notify_one();
  } else {
    reader_changed_.notify_one();
  }
}

}  // namespace quartet::storage
