#include "common/storage/postgres/batching/row_footprint.h"

#include <algorithm>

namespace quartet::storage {

RowFootprint::RowFootprint(const StatementShape& shape) {
  for (const StatementShape::Key& key : shape.keys) columns_.push_back({.key = key, .values = {}});
}

void RowFootprint::Add(std::span<const WireValue> params) {
  empty_ = false;
  for (Column& column : columns_) column.values.emplace(params[column.key.param].bytes());
}

bool RowFootprint::MayOverlap(const StatementShape& shape, std::span<const WireValue> params) const {
  if (empty_) return false;
  // One column in which none of these rows has the value that the other's have is enough.
  return std::ranges::none_of(columns_, [&](const Column& column) {
    const auto key = std::ranges::find(shape.keys, column.key.column, &StatementShape::Key::column);
    return key != shape.keys.end() && !column.values.contains(params[key->param].bytes());
  });
}

}  // namespace quartet::storage
