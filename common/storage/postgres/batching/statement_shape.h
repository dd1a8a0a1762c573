#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quartet::storage {

// What the text of a statement tells of the rows that it reads or writes. It
// understands the plain statements of this suite, and claims nothing of others.
struct StatementShape {
  enum class Kind { kSelect, kInsert, kUpdate, kDelete, kOther };

  // A column that has the value of a parameter (0 is $1) in every row concerned.
  struct Key {
    std::string column;
    std::size_t param = 0;
  };

  std::string sql;
  Kind kind = Kind::kOther;
  std::string table;                     // the only one concerned; empty for kOther
  std::vector<Key> keys;                 // an update's: only of columns that it does not set
  bool may_repeat = false;               // an insert that may name the same row twice when it is run for many
  std::vector<std::string> set_columns;  // an update's
  std::vector<std::string> words;        // a select's: all that may be names of columns

  // Whether `select` reads the same with this update and without it.
  bool LeavesAlone(const StatementShape& select) const;

  // The statement that does for many rows of parameters what this one does for
  // one: $1, $2, … are arrays then, whose n-th elements are the n-th row. `types`
  // are the SQL types of the elements. `numbered`: an update's or delete's result
  // is the numbers (from 1 on) of those rows that changed something; a select's
  // last column is always the row's number. Not for kOther.
  std::string ForManyRows(std::span<const std::string_view> types, bool numbered) const;
};

StatementShape ShapeOf(std::string_view sql);

}  // namespace quartet::storage
