#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/storage/database.h"

namespace quartet::events {

// How far a piece of a table goes that is bounded in rows and in bytes.
struct RowPage {
  std::int64_t rows = 0;
  std::string last_id;  // of those; nothing below it is left out
  bool has_more = false;
};

// The first rows of `sql`, which selects an id and the length of what is to be
// read, in the order of ids, at most `rows_max` of them (its last parameter): those
// that have together no more than `bytes_max`, and at least one.
Result<RowPage> MeasurePage(storage::Transaction& transaction, const storage::Statement& statement,
                            std::initializer_list<storage::Param> parameters, std::int64_t rows_max,
                            std::size_t bytes_max);

}  // namespace quartet::events
