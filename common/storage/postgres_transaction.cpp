#include "common/storage/postgres_transaction.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <forward_list>
#include <string>
#include <utility>

#include <libpq-fe.h>

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
    const std::string_view bytes = Value(column);
    if (bytes.empty() || bytes.size() > sizeof(std::int64_t)) return 0;
    // From network order; the first byte has the sign, which fills what a shorter integer leaves.
    std::uint64_t value = (static_cast<unsigned char>(bytes.front()) & 0x80U) != 0 ? ~std::uint64_t{0} : 0;
    for (const char byte : bytes) value = (value << 8U) | static_cast<unsigned char>(byte);
    return static_cast<std::int64_t>(value);
  }
  std::string_view Bytes(int column) const override {
    const Oid type = PQftype(result_, column);
    if (IsNull(column) || (type != kInt8 && type != kInt4 && type != kInt2)) return Value(column);
    return digits_.emplace_front(std::to_string(Int(column)));
  }

 private:
  // As the server sent it.
  std::string_view Value(int column) const {
    return {PQgetvalue(result_, row_, column), static_cast<std::size_t>(PQgetlength(result_, row_, column))};
  }

  const PGresult* result_;
  int row_;
  mutable std::forward_list<std::string> digits_;  // what Bytes has given of integers
};

bool IsSelect(std::string_view sql) {
  sql.remove_prefix(std::min(sql.find_first_not_of(" \n\t\r"), sql.size()));
  return sql.starts_with("SELECT");
}

}  // namespace

Status PostgresTransaction::Query(std::string_view sql, std::span<const Param> params, const RowCallback& on_row) {
  QUARTET_ASSIGN_OR_RETURN(const PostgresResult result, Ask(sql, params));
  for (int column = 0; column < PQnfields(result.get()); ++column) {
    const Oid type = PQftype(result.get(), column);
    if (!IsKnown(type)) return Internal("a statement gives a column of the unexpected type " + std::to_string(type));
  }
  for (int row = 0; row < PQntuples(result.get()); ++row) on_row(PostgresRow(result.get(), row));
  return {};
}

Result<std::int64_t> PostgresTransaction::Execute(std::string_view sql, std::span<const Param> params) {
  QUARTET_ASSIGN_OR_RETURN(const PostgresResult result, Ask(sql, params));
  std::int64_t changed = 0;
  const std::string_view tag = PQcmdStatus(result.get());
  if (tag.starts_with("SELECT")) return changed;
  const std::string_view count = PQcmdTuples(result.get());
  std::from_chars(count.data(), count.data() + count.size(), changed);
  return changed;
}

Status PostgresTransaction::Run(std::string_view sql, std::span<const Param> params) {
  return Queue(sql, params, std::nullopt);
}

Status PostgresTransaction::Change(std::string_view sql, std::span<const Param> params, Error if_none) {
  return Queue(sql, params, std::move(if_none));
}

Status PostgresTransaction::Queue(std::string_view sql, std::span<const Param> params, std::optional<Error> if_none) {
  connection_.CountStatement();
  connection_.Send(sql, params, std::move(if_none));
  // Whatever it is, somebody has to wait for it.
  has_changes_ = true;
  is_queueing_ = true;
  return Standing();
}

Status PostgresTransaction::RunOperation(const std::function<Status(Transaction&)>& run, bool settle) {
  Status status = RunCatching(run, *this);
  if (settle && is_queueing_ && status.ok()) (void)connection_.Await();
  if (status.ok()) return Standing();
  return status;
}

Result<PostgresResult> PostgresTransaction::Ask(std::string_view sql, std::span<const Param> params) {
  has_changes_ = has_changes_ || !IsSelect(sql);
  connection_.CountStatement();
  connection_.Send(sql, params);
  PostgresResult result = connection_.Await();
  is_queueing_ = false;
  QUARTET_RETURN_IF_ERROR(Standing());
  return result;
}

Status PostgresTransaction::Standing() const {
  const auto& failure = connection_.failure();
  return failure ? Status(failure->error) : Status();
}

}  // namespace quartet::storage
