#pragma once

#include <sqlite3.h>

#include <new>

namespace quartet::storage {

// A file as SQLite sees it where one of ours stands before the real one: `Part` is what ours consists of. The real one
// lies behind it in the same memory. What concerns a file's locks and its place in memory goes straight to the real
// one.
template <class Part>
struct SqliteFile {
  sqlite3_file file;
  Part part;

  sqlite3_file* Real() { return reinterpret_cast<sqlite3_file*>(this + 1); }

  static SqliteFile& Of(sqlite3_file* file) { return *reinterpret_cast<SqliteFile*>(file); }

  template <auto kMethod, class... Arguments>
  static int PassOn(sqlite3_file* file, Arguments... arguments) {
    sqlite3_file* real = Of(file).Real();
    return (real->pMethods->*kMethod)(real, arguments...);
  }

  // For xOpen: the real file is opened by the default VFS, and then ours by `open`, which gives one of SQLite's codes.
  template <class Open>
  static int Make(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out,
                  const sqlite3_io_methods& methods, Open open) {
    auto* made = new (file) SqliteFile{.file = {}, .part = {}};
    made->Real()->pMethods = nullptr;
    int code = sqlite3_vfs_find(nullptr)->xOpen(vfs, name, made->Real(), flags, flags_out);
    if (code == SQLITE_OK) code = open(made->part);
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
