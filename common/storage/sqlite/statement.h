#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/storage/database.h"

struct sqlite3;
struct sqlite3_stmt;

namespace quartet::storage {

// A prepared statement. SQLite takes $1 for a name and numbers parameters by
// their first appearance, so which parameter each position wants is found out
// once, here.
class SqliteStatement {
 public:
  // Gives SQLite's extended result code beside the statement; not SQLITE_OK
  // means that there is none. `keep`: it will be used many times.
  static std::pair<std::unique_ptr<SqliteStatement>, int> Prepare(sqlite3* connection, std::string_view sql, bool keep);

  ~SqliteStatement();
  SqliteStatement(const SqliteStatement&) = delete;
  SqliteStatement& operator=(const SqliteStatement&) = delete;

  // Binds all parameters; they must live until Reset. Gives SQLite's result code:
  // SQLITE_RANGE if their number is not the statement's.
  int Bind(std::span<const Param> params);
  // Ends the execution, so that the statement can be bound and run again.
  void Reset();

  sqlite3_stmt* handle() const { return handle_; }
  // INSERT, UPDATE or DELETE: the rows that it changed are counted.
  bool changes_rows() const { return changes_rows_; }
  // Changes the database without counting rows: CREATE, ALTER, DROP, …
  bool changes_schema() const { return changes_schema_; }

 private:
  explicit SqliteStatement(sqlite3_stmt* handle) : handle_(handle) {}
  bool ResolveParameters();

  sqlite3_stmt* handle_;
  std::vector<std::size_t> parameters_;  // for each position of SQLite's, the index in `params`
  std::size_t parameter_count_ = 0;
  bool changes_rows_ = false;
  bool changes_schema_ = false;
};

// One connection's prepared statements by their text; the least recently used
// gives way. Used from one thread at a time.
class SqliteStatementCache {
  struct Entry {
    std::string sql;
    std::unique_ptr<SqliteStatement> statement;
    bool in_use = false;
  };

 public:
  // The use of a statement; it is reset when this ends.
  class Lease {
   public:
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease();
    SqliteStatement* operator->() const { return statement_; }

   private:
    friend class SqliteStatementCache;
    explicit Lease(Entry& entry);
    explicit Lease(std::unique_ptr<SqliteStatement> own);

    Entry* entry_ = nullptr;
    std::unique_ptr<SqliteStatement> own_;
    SqliteStatement* statement_ = nullptr;
  };

  // `limit`: statements to keep, at least 1. `connection` must outlive the cache.
  SqliteStatementCache(sqlite3* connection, std::size_t limit) : connection_(connection), limit_(limit) {}

  // The statement of this text; while one is in use (a query inside its own row
  // callback) another is made for the occasion. Nothing on failure; `code` is then
  // SQLite's extended result code, and SQLITE_RANGE means parameters not named $n,
  // SQLITE_MISUSE no statement or more than one.
  std::optional<Lease> Borrow(std::string_view sql, int& code);

 private:
  void MakeRoom();

  sqlite3* connection_;
  const std::size_t limit_;
  std::list<Entry> entries_;                                                  // the most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_text_;  // keys are views of Entry::sql
};

}  // namespace quartet::storage
