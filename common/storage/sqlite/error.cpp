#include "common/storage/sqlite/error.h"

#include <sqlite3.h>

#include <chrono>
#include <string>

namespace quartet::storage {

Error SqliteError(int code, std::string_view detail) {
  using std::chrono::milliseconds;
  const std::string suffix = " (" + std::string(detail) + ", SQLite " + std::to_string(code) + ")";
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return AlreadyExists("UNIQUE_VIOLATION", "a record with the same unique value exists already");
    case SQLITE_READONLY_DBMOVED:
      return Unavailable("DATABASE_UNAVAILABLE", "the database file was moved or deleted" + suffix, milliseconds(5000));
    default:
      break;
  }
  switch (code & 0xff) {
    case SQLITE_FULL:
      return Unavailable("DATABASE_UNAVAILABLE", "the database has no space left" + suffix, milliseconds(2000));
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
    case SQLITE_PROTOCOL:
      return Unavailable("DATABASE_UNAVAILABLE", "the database cannot read or write its files" + suffix,
                         milliseconds(1000));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Unavailable("DATABASE_UNAVAILABLE", "the database is locked" + suffix);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error{.code = Code::kDataLoss,
                   .reason = "DATABASE_DAMAGED",
                   .message = "the database file is damaged or not a database" + suffix};
    default:
      return Internal("the database refused a statement (SQLite " + std::to_string(code) + ")");
  }
}

}  // namespace quartet::storage
