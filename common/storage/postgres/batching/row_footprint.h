#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "common/storage/postgres/batching/statement_shape.h"
#include "common/storage/postgres/params.h"

namespace quartet::storage {

// Which rows a statement can concern that is run with several rows of parameters,
// by the values that its key columns have.
class RowFootprint {
 public:
  explicit RowFootprint(const StatementShape& shape);

  void Add(std::span<const WireValue> params);
  // Whether another statement on the same table, run with `params`, may concern any of these rows.
  bool MayOverlap(const StatementShape& shape, std::span<const WireValue> params) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Column {
    StatementShape::Key key;
    std::unordered_set<std::string, Hash, std::equal_to<>> values;
  };

  bool empty_ = true;
  std::vector<Column> columns_;
};

}  // namespace quartet::storage
