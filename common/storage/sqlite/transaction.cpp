#include "common/storage/sqlite/transaction.h"

#include <sqlite3.h>

#include "common/base/limits.h"
#include "common/storage/operation.h"

namespace quartet::storage {
namespace {

class SqliteRow final : public Row {
 public:
  explicit SqliteRow(sqlite3_stmt* statement) : statement_(statement) {}

  bool IsNull(int column) const override { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::int64_t Int(int column) const override {
    const int type = sqlite3_column_type(statement_, column);
    unreadable_ = unreadable_ || (type != SQLITE_INTEGER && type != SQLITE_NULL);
    return type == SQLITE_INTEGER ? sqlite3_column_int64(statement_, column) : 0;
  }
  std::string_view Bytes(int column) const override {
    if (sqlite3_column_type(statement_, column) == SQLITE_FLOAT) {
      unreadable_ = true;
      return {};
    }
    // The pointer first: asking for it may convert the value and so change its size.
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

  // Whether a value was of another type than was asked for.
  bool unreadable() const { return unreadable_; }

 private:
  sqlite3_stmt* statement_;
  mutable bool unreadable_ = false;
};

}  // namespace

SqliteTransaction::SqliteTransaction(SqliteConnection& connection)
    : connection_(connection), changes_before_(sqlite3_total_changes64(connection.handle())) {}

Status SqliteTransaction::Query(const Statement& statement, std::span<const Param> params, const RowCallback& on_row) {
  return Step(statement.sql(), params, &on_row);
}

Result<std::int64_t> SqliteTransaction::Execute(const Statement& statement, std::span<const Param> params) {
  QUARTET_RETURN_IF_ERROR(Step(statement.sql(), params, nullptr));
  return rows_changed_;
}

Status SqliteTransaction::Touch(const Statement& /*statement*/, std::span<const Param> /*params*/) {
  return failure_ ? Status(*failure_) : Status();
}

Status SqliteTransaction::RunOperation(const std::function<Status(Transaction&)>& run) {
  Status status = RunCatching(run, *this);
  if (status.ok() && failure_) return *failure_;
  return status;
}

bool SqliteTransaction::HasChanges() const {
  return schema_changed_ || sqlite3_total_changes64(connection_.handle()) != changes_before_;
}

Status SqliteTransaction::Step(std::string_view sql, std::span<const Param> params, const RowCallback* on_row) {
  if (failure_) return *failure_;
  connection_.CountStatement(SizeOf(params));
  int code = SQLITE_OK;
  const auto statement = connection_.statements().Borrow(sql, code);
  if (!statement) return Fail(code, sql);
  code = (*statement)->Bind(params);
  if (code != SQLITE_OK) return Fail(code, sql);
  schema_changed_ = schema_changed_ || (*statement)->changes_schema();

  sqlite3_stmt* handle = (*statement)->handle();
  const SqliteRow row(handle);
  std::size_t rows = 0;
  while ((code = sqlite3_step(handle)) == SQLITE_ROW) {
    if (++rows > limits::kResultRowsMax) return failure_.emplace(ResultTooLarge());
    if (on_row != nullptr) (*on_row)(row);
  }
  if (code != SQLITE_DONE) return Fail(code, sql);
  if (row.unreadable()) return RowUnreadable();
  rows_changed_ = (*statement)->changes_rows() ? sqlite3_changes64(connection_.handle()) : 0;
  return {};
}

Error SqliteTransaction::Fail(int code, std::string_view sql) {
  failure_ = connection_.ErrorFor(code, sql);
  return *failure_;
}

}  // namespace quartet::storage
