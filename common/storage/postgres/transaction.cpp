#include "common/storage/postgres/transaction.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <forward_list>
#include <string>
#include <utility>

#include <libpq-fe.h>

#include "common/base/limits.h"
#include "common/storage/operation.h"

namespace quartet::storage {
namespace {

// Object identifiers of types, as pg_type.dat has them.
enum TypeId : Oid { kBool = 16, kBytea = 17, kInt8 = 20, kInt2 = 21, kInt4 = 23, kText = 25, kVarchar = 1043 };

bool IsKnown(Oid type) {
  constexpr std::array<Oid, 7> kTypes = {kBool, kBytea, kInt8, kInt2, kInt4, kText, kVarchar};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

// Values come in the binary form.
class PostgresRow final : public Row {
 public:
  PostgresRow(const PGresult* result, int row) : result_(result), row_(row) {}

  bool IsNull(int column) const override { return PQgetisnull(result_, row_, column) == 1; }
  std::int64_t Int(int column) const override {
    const Oid type = PQftype(result_, column);
    const bool is_integer = type == kInt8 || type == kInt4 || type == kInt2 || type == kBool;
    unreadable_ = unreadable_ || (!is_integer && !IsNull(column));
    return is_integer ? IntegerAt(result_, row_, column) : 0;
  }
  std::string_view Bytes(int column) const override {
    const Oid type = PQftype(result_, column);
    if (IsNull(column) || (type != kInt8 && type != kInt4 && type != kInt2)) return Value(column);
    return digits_.emplace_front(std::to_string(IntegerAt(result_, row_, column)));
  }

  // Whether a value was of another type than was asked for.
  bool unreadable() const { return unreadable_; }

 private:
  // As the server sent it.
  std::string_view Value(int column) const {
    return {PQgetvalue(result_, row_, column), static_cast<std::size_t>(PQgetlength(result_, row_, column))};
  }

  const PGresult* result_;
  int row_;
  mutable bool unreadable_ = false;
  mutable std::forward_list<std::string> digits_;  // what Bytes has given of integers
};

bool IsSelect(std::string_view sql) {
  sql.remove_prefix(std::min(sql.find_first_not_of(" \n\t\r"), sql.size()));
  return sql.starts_with("SELECT");
}

}  // namespace

Status PostgresTransaction::Query(const Statement& statement, std::span<const Param> params,
                                  const RowCallback& on_row) {
  QUARTET_ASSIGN_OR_RETURN(const AnswerPtr answer, Ask(statement, params));
  const pg_result* result = answer->result.get();
  if (answer->rows.size() > limits::kResultRowsMax) return ResultTooLarge();
  for (int column = 0; column < answer->columns; ++column) {
    const Oid type = PQftype(result, column);
    if (!IsKnown(type)) return Internal("a statement gives a column of the unexpected type " + std::to_string(type));
  }
  bool unreadable = false;
  for (const int number : answer->rows) {
    const PostgresRow row(result, number);
    on_row(row);
    unreadable = unreadable || row.unreadable();
  }
  return unreadable ? Status(RowUnreadable()) : Status();
}

Result<std::int64_t> PostgresTransaction::Execute(const Statement& statement, std::span<const Param> params) {
  QUARTET_ASSIGN_OR_RETURN(const AnswerPtr answer, Ask(statement, params));
  std::int64_t changed = 0;
  // libpq does not change what it is asked about.
  auto* result = const_cast<pg_result*>(answer->result.get());
  const std::string_view tag = PQcmdStatus(result);
  if (tag.starts_with("SELECT")) return changed;
  const std::string_view count = PQcmdTuples(result);
  std::from_chars(count.data(), count.data() + count.size(), changed);
  return changed;
}

Status PostgresTransaction::Run(const Statement& statement, std::span<const Param> params) {
  working_set_.Write(statement, params, std::nullopt);
  return Queued(params);
}

Status PostgresTransaction::Change(const Statement& statement, std::span<const Param> params, Error if_none) {
  working_set_.Write(statement, params, std::move(if_none));
  return Queued(params);
}

Status PostgresTransaction::Touch(const Statement& statement, std::span<const Param> params) {
  working_set_.Touch(statement, params);
  return Queued(params);
}

void PostgresTransaction::Expect(const Statement& statement, std::span<const Param> params) {
  working_set_.Expect(statement, params);
}

Status PostgresTransaction::Queued(std::span<const Param> params) {
  connection_.CountStatement(SizeOf(params));
  // Whatever it is, somebody has to wait for it.
  has_changes_ = true;
  is_queueing_ = true;
  return Standing();
}

Status PostgresTransaction::RunOperation(const std::function<Status(Transaction&)>& run, bool settle) {
  Status status = RunCatching(run, *this);
  if (settle && is_queueing_ && status.ok()) {
    working_set_.Flush();
    if (connection_.AwaitsAnswers()) connection_.Await();
  }
  if (status.ok()) return Standing();
  return status;
}

Result<PostgresTransaction::AnswerPtr> PostgresTransaction::Ask(const Statement& statement,
                                                                std::span<const Param> params) {
  const bool reads = statement.access().kind == Access::Kind::kRead || IsSelect(statement.sql());
  has_changes_ = has_changes_ || !reads;
  connection_.CountStatement(SizeOf(params));
  AnswerPtr answer = working_set_.Ask(statement, params);
  QUARTET_RETURN_IF_ERROR(Standing());
  return answer;
}

Status PostgresTransaction::Standing() const {
  const auto& failure = connection_.failure();
  return failure ? Status(failure->error) : Status();
}

}  // namespace quartet::storage
