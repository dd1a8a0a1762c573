#include "common/resource/inspection_range.h"

#include <fmt/format.h>

namespace quartet::resource {

std::string InspectionRange::Condition(std::string_view column) const {
  switch (kind_) {
    case Kind::kOne:
      return fmt::format("{} = $1", column);
    case Kind::kAfter:
      return fmt::format("{} > $1", column);
    case Kind::kUpTo:
      break;
  }
  return fmt::format("{0} > $1 AND {0} <= $2", column);
}

std::vector<storage::Param> InspectionRange::Params() const {
  std::vector<storage::Param> params = {std::string_view(key_)};
  if (kind_ == Kind::kUpTo) params.emplace_back(std::string_view(last_));
  return params;
}

bool InspectionRange::Contains(const std::string& key) const {
  if (kind_ == Kind::kOne) return key == key_;
  return key > key_ && (kind_ == Kind::kAfter || key <= last_);
}

Status InspectionRange::Shorten(storage::Transaction& transaction, std::string_view select, std::string_view column,
                                int rows_max, std::size_t bytes_max) {
  if (kind_ == Kind::kOne) return {};
  std::vector<storage::Param> params = Params();
  params.emplace_back(std::int64_t{rows_max} + 1);
  const std::string sql =
      fmt::format("{} WHERE {} ORDER BY {} LIMIT ${}", select, Condition(column), column, params.size());
  int rows = 0;
  std::size_t bytes = 0;
  bool is_over = false;
  std::string whole;    // the last key all of whose rows are in
  std::string current;  // the key that is being read
  QUARTET_RETURN_IF_ERROR(transaction.Query(sql, params, [&](const storage::Row& row) {
    if (is_over) return;
    std::string key = row.String(0);
    if (key != current) {
      whole = std::move(current);
      current = std::move(key);
    }
    bytes += static_cast<std::size_t>(row.Int(1));
    is_over = ++rows > rows_max || (bytes > bytes_max && !whole.empty());
  }));
  if (!is_over) return {};
  last_ = whole.empty() ? current : whole;
  kind_ = Kind::kUpTo;
  return {};
}

}  // namespace quartet::resource
