#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string_view>

#include "common/base/result.h"
#include "common/storage/database.h"
#include "common/storage/postgres/batching/working_set.h"
#include "common/storage/postgres/connection.h"

namespace quartet::storage {

// The statements of one operation, in a transaction that its maker begins and
// ends on the same connection.
class PostgresTransaction final : public Transaction {
 public:
  // `working_set` is the transaction's.
  explicit PostgresTransaction(PostgresWorkingSet& working_set)
      : connection_(working_set.connection()), working_set_(working_set) {}

  using Transaction::Change;
  using Transaction::Execute;
  using Transaction::Expect;
  using Transaction::Query;
  using Transaction::Run;
  Status Query(const Statement& statement, std::span<const Param> params, const RowCallback& on_row) override;
  Result<std::int64_t> Execute(const Statement& statement, std::span<const Param> params) override;
  // These only queue the statement.
  Status Run(const Statement& statement, std::span<const Param> params) override;
  Status Change(const Statement& statement, std::span<const Param> params, Error if_none) override;
  Status Touch(const Statement& statement, std::span<const Param> params) override;
  bool IsShared() const override { return true; }
  bool IsRemote() const override { return true; }
  void Expect(const Statement& statement, std::span<const Param> params) override;

  // Runs `run` with this transaction: its error, or the statement error that it
  // overlooked, or INTERNAL for an exception. `settle`: what it has queued is
  // waited for; otherwise failures of that may show later.
  Status RunOperation(const std::function<Status(Transaction&)>& run, bool settle);

  // Whether a statement of this transaction may have changed anything.
  bool HasChanges() const { return has_changes_; }

 private:
  using AnswerPtr = std::shared_ptr<const PostgresWorkingSet::Answer>;
  Status Queued(std::span<const Param> params);
  Result<AnswerPtr> Ask(const Statement& statement, std::span<const Param> params);
  Status Standing() const;

  PostgresConnection& connection_;
  PostgresWorkingSet& working_set_;
  bool has_changes_ = false;
  bool is_queueing_ = false;  // something was queued that nobody has waited for
};

}  // namespace quartet::storage
