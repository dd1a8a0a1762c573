#pragma once

#include <cstddef>
#include <string_view>

#include "common/storage/statement/sql_scanner.h"

namespace quartet::storage {

// Where an insert's lists in brackets begin and end; npos where it has not that form.
struct InsertForm {
  static constexpr std::size_t kNone = std::string_view::npos;
  std::size_t columns = kNone;
  std::size_t values = kNone;  // of its one row
  std::size_t values_end = kNone;
  std::size_t target = kNone;  // of ON CONFLICT; none without
  bool updates = false;        // ON CONFLICT … DO UPDATE
  bool is_plain = false;       // it is all of this form, and has no parameter after its values

  static constexpr InsertForm Of(std::string_view sql);
};

constexpr InsertForm InsertForm::Of(std::string_view sql) {
  using Token = SqlScanner::Token;
  using Kind = SqlScanner::Kind;
  InsertForm form;
  SqlScanner scanner(sql);
  const auto list = [&](std::size_t& begin) {
    Token token = scanner.Next();
    if (!token.Is('(')) return token;
    begin = token.begin;
    while (token.kind != Kind::kEnd && !(token.depth == 0 && token.Is(')'))) token = scanner.Next();
    return token;
  };
  for (int i = 0; i < 3; ++i) scanner.Next();
  list(form.columns);
  if (!scanner.Next().Is("VALUES")) return form;
  form.values_end = list(form.values).end();
  Token token = scanner.Next();
  if (token.kind != Kind::kEnd) {
    const bool conflicts = token.Is("ON") && scanner.Next().Is("CONFLICT");
    if (conflicts) list(form.target);
    if (form.target == kNone || !scanner.Next().Is("DO")) return form;
    form.updates = scanner.Next().Is("UPDATE");
    while (token.kind != Kind::kEnd && token.kind != Kind::kParam) token = scanner.Next();
  }
  form.is_plain = token.kind == Kind::kEnd && form.columns != kNone && form.values != kNone;
  return form;
}

}  // namespace quartet::storage
