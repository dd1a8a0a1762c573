#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "common/base/result.h"
#include "common/storage/database.h"
#include "common/storage/sqlite/connection.h"

namespace quartet::storage {

// The statements of one operation, in a transaction that its maker begins and
// ends on the same connection.
class SqliteTransaction final : public Transaction {
 public:
  explicit SqliteTransaction(SqliteConnection& connection);

  using Transaction::Execute;
  using Transaction::Query;
  using Transaction::Touch;
  Status Query(const Statement& statement, std::span<const Param> params, const RowCallback& on_row) override;
  Result<std::int64_t> Execute(const Statement& statement, std::span<const Param> params) override;
  // There is nobody to collide with.
  Status Touch(const Statement& statement, std::span<const Param> params) override;

  // Runs `run` with this transaction: its error, or the statement error that it
  // overlooked, or INTERNAL for an exception.
  Status RunOperation(const std::function<Status(Transaction&)>& run);

  // Whether a statement of this transaction has changed anything.
  bool HasChanges() const;

 private:
  Status Step(std::string_view sql, std::span<const Param> params, const RowCallback* on_row);
  Error Fail(int code, std::string_view sql);

  SqliteConnection& connection_;
  const std::int64_t changes_before_;
  bool schema_changed_ = false;
  std::int64_t rows_changed_ = 0;  // by the last statement
  std::optional<Error> failure_;
};

}  // namespace quartet::storage
