#include "common/storage/sqlite/reader.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/uio.h>

#include "common/storage/sqlite/file.h"

namespace quartet::storage {
namespace {

constexpr const char* kReaderName = "quartet-reader";

enum class Waiting { kAllowed, kForbidden, kRefused };
thread_local Waiting waiting = Waiting::kAllowed;

struct Nothing {};
using PagesFile = SqliteFile<Nothing>;

int Read(sqlite3_file* file, void* bytes, int count, sqlite3_int64 offset) {
  if (waiting == Waiting::kAllowed) {
    return PagesFile::PassOn<&sqlite3_io_methods::xRead>(file, bytes, count, offset);
  }
  const iovec place{.iov_base = bytes, .iov_len = static_cast<std::size_t>(count)};
  if (::preadv2(PagesFile::Of(file).fd, &place, 1, offset, RWF_NOWAIT) == count) return SQLITE_OK;
  // The end of the file, a page that is not in memory, a file system that does not know: all of that is for who can
  // wait.
  waiting = Waiting::kRefused;
  return SQLITE_IOERR_READ;
}

constexpr sqlite3_io_methods kReaderMethods = [] {
  sqlite3_io_methods methods = PagesFile::AllPassedOn();
  methods.xRead = Read;
  return methods;
}();

int OpenPagesFile(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* flags_out) {
  if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0)
    return sqlite3_vfs_find(nullptr)->xOpen(vfs, name, file, flags, flags_out);
  // When it is closed, the process loses its locks on the file (POSIX). That harms nobody: readers are closed all at
  // once, at the end, and until then no other process comes in, for the database's owner holds a lock of its own.
  return PagesFile::Make(vfs, name, file, flags, flags_out, kReaderMethods, O_RDONLY);
}

}  // namespace

Result<const char*> ReaderVfs() {
  static const SqliteVfs<PagesFile> vfs(kReaderName, OpenPagesFile);
  if (!vfs.registered()) return Internal("SQLite does not take the readers' VFS");
  return kReaderName;
}

NoWait::NoWait() {
  waiting = Waiting::kForbidden;
}

NoWait::~NoWait() {
  waiting = Waiting::kAllowed;
}

bool NoWait::refused() const {
  return waiting == Waiting::kRefused;
}

}  // namespace quartet::storage
