#include "common/storage/sqlite/log_buffer.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/uio.h>

#include <new>
#include <string>

#include "common/storage/sqlite/file.h"

namespace quartet::storage {
namespace {

constexpr const char* kLogBufferName = "quartet-log-buffer";
// A larger transaction is written in pieces: SQLite's VFS writes no more than this at a time.
constexpr std::size_t kBufferMax = 0x1ffff;

struct Log {
  // Bytes that belong at `begin`, and are not written yet.
  std::string buffer;
  sqlite3_int64 begin = 0;
  // Something was written that is not synced, or the file is new and its folder is not synced.
  bool needs_sync = true;
};

using LogFile = SqliteFile<Log>;

// One call where two would do, each of which may wait for the disk; false if it was not done, for whatever reason.
bool WriteSynced(LogFile& file) {
  std::string& buffer = file.part.buffer;
  const iovec bytes{.iov_base = buffer.data(), .iov_len = buffer.size()};
  return ::pwritev2(file.fd, &bytes, 1, file.part.begin, RWF_DSYNC) == static_cast<ssize_t>(buffer.size());
}

int Flush(LogFile& file) {
  Log& log = file.part;
  if (log.buffer.empty()) return SQLITE_OK;
  sqlite3_file* real = file.Real();
  const int code = real->pMethods->xWrite(real, log.buffer.data(), static_cast<int>(log.buffer.size()), log.begin);
  log.needs_sync = true;
  // After a failure too: whatever SQLite does next, it writes these places anew before it reads them.
  log.buffer.clear();
  return code;
}

int Write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  LogFile& made = LogFile::Of(file);
  Log& log = made.part;
  const bool follows = offset == log.begin + static_cast<sqlite3_int64>(log.buffer.size());
  if (!follows || log.buffer.size() + static_cast<std::size_t>(count) > kBufferMax) {
    if (const int code = Flush(made); code != SQLITE_OK) return code;
  }
  if (log.buffer.empty()) log.begin = offset;
  try {
    log.buffer.append(static_cast<const char*>(bytes), static_cast<std::size_t>(count));
  } catch (const std::bad_alloc&) {
    return SQLITE_IOERR_NOMEM;
  }
  return SQLITE_OK;
}

// What else concerns the file's content: first what is gathered, then the real thing.
template <auto kMethod, class... Arguments>
int AfterFlush(sqlite3_file* file, Arguments... arguments) {
  if (const int code = Flush(LogFile::Of(file)); code != SQLITE_OK) return code;
  return LogFile::PassOn<kMethod>(file, arguments...);
}

int Sync(sqlite3_file* file, int flags) {
  LogFile& made = LogFile::Of(file);
  Log& log = made.part;
  if (!log.needs_sync && !log.buffer.empty() && WriteSynced(made)) {
    log.buffer.clear();
    return SQLITE_OK;
  }
  // If it failed, SQLite's way of doing it tells why, and where it cannot be done so it still succeeds.
  const int code = AfterFlush<&sqlite3_io_methods::xSync>(file, flags);
  log.needs_sync = code != SQLITE_OK;
  return code;
}

int Close(sqlite3_file* file) {
  const int flushed = Flush(LogFile::Of(file));
  const int closed = LogFile::Close(file);
  return flushed == SQLITE_OK ? closed : flushed;
}

constexpr sqlite3_io_methods kLogBufferMethods = [] {
  sqlite3_io_methods methods = LogFile::AllPassedOn();
  methods.iVersion = 1;  // a log has no shared memory, and must not be mapped past the buffer
  methods.xClose = Close;
  methods.xRead = AfterFlush<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>;
  methods.xWrite = Write;
  methods.xTruncate = AfterFlush<&sqlite3_io_methods::xTruncate, sqlite3_int64>;
  methods.xSync = Sync;
  methods.xFileSize = AfterFlush<&sqlite3_io_methods::xFileSize, sqlite3_int64*>;
  return methods;
}();

int OpenLogFile(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  if ((flags & SQLITE_OPEN_WAL) == 0) return sqlite3_vfs_find(nullptr)->xOpen(vfs, name, file, flags, flags_out);
  // A log is never locked, so the process loses nothing when ours is closed.
  return LogFile::Make(vfs, name, file, flags, flags_out, kLogBufferMethods, O_WRONLY);
}

}  // namespace

Result<const char*> LogBufferVfs() {
  static const SqliteVfs<LogFile> vfs(kLogBufferName, OpenLogFile);
  if (!vfs.registered()) return Internal("SQLite does not take the log's buffer");
  return kLogBufferName;
}

}  // namespace quartet::storage
