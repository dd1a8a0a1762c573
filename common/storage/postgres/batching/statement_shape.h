#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/storage/statement/statement.h"

namespace quartet::storage {

// What is declared of a statement, kept for as long as its connection, and the text
// that does the same for many rows at once.
struct StatementShape {
  using Kind = Access::Kind;

  struct Key {
    std::string column;
    std::size_t param = 0;  // 0 is $1
  };

  std::string sql;
  Kind kind = Kind::kOpaque;
  std::string table;
  std::vector<Key> keys;
  std::vector<std::string> columns;  // that it reads or sets; none if that is left open

  // Whether it may be run for several rows of parameters in one statement.
  bool TakesSets() const { return kind != Kind::kOpaque; }
  // Whether it may name the same row twice when it is.
  bool MayRepeat() const { return kind == Kind::kInsert; }
  // Whether `read` reads the same with this update and without it.
  bool LeavesAlone(const StatementShape& read) const;

  // The statement that does for many rows of parameters what this one does for
  // one: $1, $2, … are arrays then, whose n-th elements are the n-th row. `types`
  // are the SQL types of the elements. `numbered`: an update's or delete's result
  // is the numbers (from 1 on) of those rows that changed something; a read's
  // last column is always the row's number. Not for kOpaque.
  std::string ForManyRows(std::span<const std::string_view> types, bool numbered) const;
};

// A declaration that the text contradicts is logged and counts for none.
StatementShape ShapeOf(const Statement& statement);

}  // namespace quartet::storage
