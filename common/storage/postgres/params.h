#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/storage/database.h"

namespace quartet::storage {

// The types that parameters have: their object identifiers, as pg_type.dat has them.
enum class PostgresType : std::uint32_t { kUnknown = 0, kBytea = 17, kInt8 = 20, kText = 25 };
std::string_view SqlName(PostgresType type);

// A value in the server's binary form; one without data is NULL.
struct WireValue {
  const char* data = nullptr;
  std::size_t size = 0;

  std::string_view bytes() const { return {data, size}; }
};

// A statement's parameters in the binary form: integers in network order, texts
// and bytes as they are, which must outlive this object.
class WireParams {
 public:
  explicit WireParams(std::span<const Param> params);
  WireParams(const WireParams&) = delete;
  WireParams& operator=(const WireParams&) = delete;

  std::span<const WireValue> values() const { return values_; }
  // kUnknown of a NULL.
  const std::vector<PostgresType>& types() const { return types_; }

 private:
  std::vector<std::array<char, sizeof(std::int64_t)>> integers_;
  std::vector<WireValue> values_;
  std::vector<PostgresType> types_;
};

// A one-dimensional array without NULLs (array_recv in PostgreSQL's sources): the
// number of dimensions, whether there are NULLs, the elements' type, the length,
// the first index; then the elements, each behind its size.
class WireArray {
 public:
  explicit WireArray(PostgresType type);

  void Add(WireValue value);
  // Valid until the next Add.
  WireValue AsValue() const { return {bytes_.data(), bytes_.size()}; }

 private:
  std::string bytes_;
  std::uint32_t length_ = 0;
};

}  // namespace quartet::storage
