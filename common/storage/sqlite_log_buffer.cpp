#include "common/storage/sqlite_log_buffer.h"

#include <sqlite3.h>

#include <new>
#include <string>

namespace quartet::storage {
namespace {

constexpr const char* kName = "quartet-log-buffer";
// A larger transaction is written in pieces: SQLite's VFS writes no more than this at a time.
constexpr std::size_t kBufferMax = 0x1ffff;

// The log's file as SQLite sees it; the real one lies behind it in the same memory.
struct LogFile {
  sqlite3_file file;
  // Bytes that belong at `begin`, and are not written yet.
  std::string buffer;
  sqlite3_int64 begin = 0;

  sqlite3_file* Real() { return reinterpret_cast<sqlite3_file*>(this + 1); }

  int Flush() {
    if (buffer.empty()) return SQLITE_OK;
    const int code = Real()->pMethods->xWrite(Real(), buffer.data(), static_cast<int>(buffer.size()), begin);
    // After a failure too: whatever SQLite does next, it writes these places anew before it reads them.
    buffer.clear();
    return code;
  }
};

LogFile& Of(sqlite3_file* file) {
  return *reinterpret_cast<LogFile*>(file);
}

int Write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  LogFile& log = Of(file);
  const bool follows = offset == log.begin + static_cast<sqlite3_int64>(log.buffer.size());
  if (!follows || log.buffer.size() + static_cast<std::size_t>(count) > kBufferMax) {
    if (const int code = log.Flush(); code != SQLITE_OK) return code;
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
  LogFile& log = Of(file);
  if (const int code = log.Flush(); code != SQLITE_OK) return code;
  return (log.Real()->pMethods->*kMethod)(log.Real(), arguments...);
}

template <auto kMethod, class... Arguments>
int PassOn(sqlite3_file* file, Arguments... arguments) {
  LogFile& log = Of(file);
  return (log.Real()->pMethods->*kMethod)(log.Real(), arguments...);
}

int Close(sqlite3_file* file) {
  LogFile& log = Of(file);
  const int flushed = log.Flush();
  const int closed = log.Real()->pMethods->xClose(log.Real());
  log.~LogFile();
  return flushed == SQLITE_OK ? closed : flushed;
}

constexpr sqlite3_io_methods kMethods = {
    .iVersion = 1,
    .xClose = Close,
    .xRead = AfterFlush<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>,
    .xWrite = Write,
    .xTruncate = AfterFlush<&sqlite3_io_methods::xTruncate, sqlite3_int64>,
    .xSync = AfterFlush<&sqlite3_io_methods::xSync, int>,
    .xFileSize = AfterFlush<&sqlite3_io_methods::xFileSize, sqlite3_int64*>,
    .xLock = PassOn<&sqlite3_io_methods::xLock, int>,
    .xUnlock = PassOn<&sqlite3_io_methods::xUnlock, int>,
    .xCheckReservedLock = PassOn<&sqlite3_io_methods::xCheckReservedLock, int*>,
    .xFileControl = PassOn<&sqlite3_io_methods::xFileControl, int, void*>,
    .xSectorSize = PassOn<&sqlite3_io_methods::xSectorSize>,
    .xDeviceCharacteristics = PassOn<&sqlite3_io_methods::xDeviceCharacteristics>,
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  const sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
  if ((flags & SQLITE_OPEN_WAL) == 0) return real->xOpen(vfs, name, file, flags, flags_out);
  auto* log = new (file) LogFile{.file = {}, .buffer = {}};
  log->Real()->pMethods = nullptr;
  const int code = real->xOpen(vfs, name, log->Real(), flags, flags_out);
  if (code == SQLITE_OK) {
    log->file.pMethods = &kMethods;
  } else {
    // Without methods SQLite does not close it.
    if (log->Real()->pMethods != nullptr) log->Real()->pMethods->xClose(log->Real());
    log->~LogFile();
    file->pMethods = nullptr;
  }
  return code;
}

struct Registration {
  sqlite3_vfs vfs;
  int code = SQLITE_OK;

  // All but Open is the default VFS's own, which finds in the copy what it needs.
  Registration() : vfs(*sqlite3_vfs_find(nullptr)) {
    vfs.zName = kName;
    vfs.szOsFile += static_cast<int>(sizeof(LogFile));
    vfs.xOpen = Open;
    code = sqlite3_vfs_register(&vfs, /*makeDflt=*/0);
  }
};

}  // namespace

Result<const char*> LogBufferVfs() {
  static Registration registration;
  if (registration.code != SQLITE_OK) return Internal("SQLite does not take the log's buffer");
  return kName;
}

}  // namespace quartet::storage
