#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace quartet::storage {

// What a statement reads or writes, as it is declared beside its text
// (statement.h). From this alone a store knows which statements concern different
// rows, and so may change places, share a journey or keep their answers.
struct Access {
  enum class Kind {
    kOpaque,  // not declared: may concern everything
    kRead,
    kInsert,  // with or without ON CONFLICT … DO NOTHING
    kUpsert,  // ON CONFLICT … DO UPDATE
    kUpdate,
    kDelete,
  };

  // A column that has the value of a parameter (1 is $1) in every row concerned.
  struct Key {
    std::string_view column;
    std::size_t param = 0;
  };
  static constexpr std::size_t kKeysMax = 4;

  Kind kind = Kind::kOpaque;
  std::string_view table;    // the only one concerned
  std::string_view columns;  // "a, b": all that a read names, or an update sets; "" if that is left open
  std::array<Key, kKeysMax> key_list{};
  std::size_t key_count = 0;

  // The same with one more key. Of an insert: a column that has to do with every
  // unique constraint of the table, or that ON CONFLICT names.
  constexpr Access By(std::string_view column, std::size_t param) const {
    Access access = *this;
    // Beyond the last is an error of the compiler's where this is a constant.
    access.key_list.at(access.key_count++) = {.column = column, .param = param};
    return access;
  }
  constexpr std::span<const Key> keys() const { return {key_list.data(), key_count}; }
};

constexpr Access Reads(std::string_view table, std::string_view columns = "") {
  return {.kind = Access::Kind::kRead, .table = table, .columns = columns};
}
constexpr Access Inserts(std::string_view table) {
  return {.kind = Access::Kind::kInsert, .table = table, .columns = {}};
}
constexpr Access Upserts(std::string_view table) {
  return {.kind = Access::Kind::kUpsert, .table = table, .columns = {}};
}
constexpr Access Updates(std::string_view table, std::string_view columns = "") {
  return {.kind = Access::Kind::kUpdate, .table = table, .columns = columns};
}
constexpr Access Deletes(std::string_view table) {
  return {.kind = Access::Kind::kDelete, .table = table, .columns = {}};
}

}  // namespace quartet::storage
