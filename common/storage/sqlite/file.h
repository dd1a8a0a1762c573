#pragma once

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <new>

namespace quartet::storage {

// A file as SQLite sees it where one of ours stands before the real one: `Part` is what ours consists of. The real one
// lies behind it in the same memory.
template <class Part>
struct SqliteFile {
  sqlite3_file file = {};
  int fd = -1;  // our own way to the same file
  Part part = {};

  SqliteFile() = default;
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;
  ~SqliteFile() {
    if (fd >= 0) ::close(fd);
  }

  sqlite3_file* Real() { return reinterpret_cast<sqlite3_file*>(this + 1); }

  static SqliteFile& Of(sqlite3_file* file) { return *reinterpret_cast<SqliteFile*>(file); }

  template <auto kMethod, class... Arguments>
  static int PassOn(sqlite3_file* file, Arguments... arguments) {
    sqlite3_file* real = Of(file).Real();
    return (real->pMethods->*kMethod)(real, arguments...);
  }

  // Everything goes straight to the real file; ours sets what it does itself.
  static constexpr sqlite3_io_methods AllPassedOn() {
    return {.iVersion = 3,
            .xClose = Close,
            .xRead = PassOn<&sqlite3_io_methods::xRead, void*, int, sqlite3_int64>,
            .xWrite = PassOn<&sqlite3_io_methods::xWrite, const void*, int, sqlite3_int64>,
            .xTruncate = PassOn<&sqlite3_io_methods::xTruncate, sqlite3_int64>,
            .xSync = PassOn<&sqlite3_io_methods::xSync, int>,
            .xFileSize = PassOn<&sqlite3_io_methods::xFileSize, sqlite3_int64*>,
            .xLock = PassOn<&sqlite3_io_methods::xLock, int>,
            .xUnlock = PassOn<&sqlite3_io_methods::xUnlock, int>,
            .xCheckReservedLock = PassOn<&sqlite3_io_methods::xCheckReservedLock, int*>,
            .xFileControl = PassOn<&sqlite3_io_methods::xFileControl, int, void*>,
            .xSectorSize = PassOn<&sqlite3_io_methods::xSectorSize>,
            .xDeviceCharacteristics = PassOn<&sqlite3_io_methods::xDeviceCharacteristics>,
            .xShmMap = PassOn<&sqlite3_io_methods::xShmMap, int, int, int, void volatile**>,
            .xShmLock = PassOn<&sqlite3_io_methods::xShmLock, int, int, int>,
            .xShmBarrier = [](sqlite3_file* file) { Of(file).Real()->pMethods->xShmBarrier(Of(file).Real()); },
            .xShmUnmap = PassOn<&sqlite3_io_methods::xShmUnmap, int>,
            .xFetch = PassOn<&sqlite3_io_methods::xFetch, sqlite3_int64, int, void**>,
            .xUnfetch = PassOn<&sqlite3_io_methods::xUnfetch, sqlite3_int64, void*>};
  }

  // For xOpen: the real file is opened by the default VFS, and then ours for `access` (O_RDONLY, O_WRONLY).
  static int Make(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out,
                  const sqlite3_io_methods& methods, int access) {
    auto* made = new (file) SqliteFile();
    made->Real()->pMethods = nullptr;
    int code = sqlite3_vfs_find(nullptr)->xOpen(vfs, name, made->Real(), flags, flags_out);
    if (code == SQLITE_OK) {
      made->fd = ::open(name, access | O_CLOEXEC);
      if (made->fd < 0) code = SQLITE_CANTOPEN;
    }
    if (code == SQLITE_OK) {
      made->file.pMethods = &methods;
      return code;
    }
    // Without methods SQLite does not close it.
    if (made->Real()->pMethods != nullptr) made->Real()->pMethods->xClose(made->Real());
    made->~SqliteFile();
    file->pMethods = nullptr;
    return code;
  }

  // For xClose.
  static int Close(sqlite3_file* file) {
    SqliteFile& made = Of(file);
    const int code = made.Real()->pMethods->xClose(made.Real());
    made.~SqliteFile();
    return code;
  }
};

// A VFS that opens some files as `File`; all else is the default VFS's own, which finds in the copy what it needs.
template <class File>
class SqliteVfs {
 public:
  SqliteVfs(const char* name, int (*open)(sqlite3_vfs*, const char*, sqlite3_file*, int, int*))
      : vfs_(*sqlite3_vfs_find(nullptr)) {
    vfs_.zName = name;
    vfs_.szOsFile += static_cast<int>(sizeof(File));
    vfs_.xOpen = open;
    code_ = sqlite3_vfs_register(&vfs_, /*makeDflt=*/0);
  }

  bool registered() const { return code_ == SQLITE_OK; }

 private:
  sqlite3_vfs vfs_;
  int code_ = SQLITE_OK;
};

}  // namespace quartet::storage
