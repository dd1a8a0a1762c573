#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/storage/sqlite/statement.h"

struct sqlite3;

namespace quartet::storage {

// One connection to a database file, with its statement cache. Used from one
// thread at a time.
class SqliteConnection {
 public:
  struct Options {
    std::filesystem::path path;  // the file must exist, it may be empty
    bool writer = false;         // otherwise every change is refused
    std::int64_t cache_bytes = 0;
    std::int64_t map_bytes = 0;       // of the file that are read through a memory map; 0: none
    std::int64_t file_bytes_max = 0;  // the file never grows beyond this; 0: no limit
    std::size_t statements_max = 256;
  };

  // Errors: those of SqliteError.
  static Result<std::unique_ptr<SqliteConnection>> Open(Options options);

  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  // Runs a statement that has neither parameters nor rows of interest.
  Status Run(std::string_view sql);

  // Why `code` came of `sql`, for callers; a wrong
  // statement's text goes to the log.
  Error ErrorFor(int code, std::string_view sql) const;

  bool InTransaction() const;

  sqlite3* handle() const { return handle_.get(); }
  SqliteStatementCache& statements() { return statements_; }
  // `bytes`: of its parameters.
  void CountStatement(std::size_t bytes) {
    statement_count_.fetch_add(1, std::memory_order_relaxed);
    param_bytes_ += bytes;
  }
  std::size_t param_bytes() const { return param_bytes_; }
  std::uint64_t statement_count() const { return statement_count_.load(std::memory_order_relaxed); }

 private:
  struct Closer {
    void operator()(sqlite3* handle) const;
  };

  SqliteConnection(sqlite3* handle, Options options);
  Status Configure();
  Status SwitchToWal();

  Options options_;
  std::unique_ptr<sqlite3, Closer> handle_;
  SqliteStatementCache statements_;  // after handle_: statements end before their connection
  std::atomic<std::uint64_t> statement_count_ = 0;
  std::size_t param_bytes_ = 0;
};

}  // namespace quartet::storage
