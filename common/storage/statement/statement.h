#pragma once

#include <concepts>
#include <string_view>

#include "common/storage/statement/access.h"
#include "common/storage/statement/access_check.h"

namespace quartet::storage {

// A statement's text, and what it touches:
//
//   constexpr storage::Statement kFind = {"SELECT body FROM lead WHERE id = $1", storage::Reads("lead").By("id", 1)};
//
// The compiler holds such a declaration against the text. A text alone is opaque: it
// is run at its turn, after all before it and before all after it, and by itself.
// The text and the names must outlive the statement.
class Statement {
 public:
  template <std::convertible_to<std::string_view> Text>
  constexpr Statement(const Text& sql) : sql_(sql) {}  // NOLINT(google-explicit-constructor)

  consteval Statement(std::string_view sql, const Access& access) : sql_(sql), access_(access) {
    if (!FindContradiction(sql, access).empty()) throw "the declaration contradicts the text of the statement";
  }

  // For a text that is made when the program runs; the store holds the declaration
  // against it when it first sees it, and takes a wrong one for none.
  static constexpr Statement Declared(std::string_view sql, const Access& access) {
    Statement statement(sql);
    statement.access_ = access;
    return statement;
  }

  constexpr std::string_view sql() const { return sql_; }
  constexpr const Access& access() const { return access_; }
  constexpr bool is_opaque() const { return access_.kind == Access::Kind::kOpaque; }

 private:
  std::string_view sql_;
  Access access_;
};

}  // namespace quartet::storage
