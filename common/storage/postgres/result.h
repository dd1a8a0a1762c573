#pragma once

#include <cstdint>
#include <memory>

struct pg_result;

namespace quartet::storage {

struct PostgresResultDeleter {
  void operator()(pg_result* result) const;
};
using PostgresResult = std::unique_ptr<pg_result, PostgresResultDeleter>;

// An integer of a result in the binary form; NULL is 0.
std::int64_t IntegerAt(const pg_result* result, int row, int column);

}  // namespace quartet::storage
