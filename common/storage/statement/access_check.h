#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "common/storage/statement/access.h"
#include "common/storage/statement/insert_form.h"
#include "common/storage/statement/sql_scanner.h"

namespace quartet::storage {
namespace access_check {

using Kind = Access::Kind;
using Token = SqlScanner::Token;
using TokenKind = SqlScanner::Kind;

constexpr bool IsAmong(const Token& token, std::string_view first, std::string_view second, std::string_view third = "",
                       std::string_view fourth = "") {
  return token.Is(first) || token.Is(second) || token.Is(third) || token.Is(fourth);
}

constexpr bool EndsCondition(const Token& token) {
  return token.kind == TokenKind::kEnd || IsAmong(token, "ORDER", "GROUP", "LIMIT");
}

constexpr bool IsParam(const Token& token, std::size_t number) {
  std::size_t value = 0;
  if (token.kind != TokenKind::kParam || token.text.size() < 2) return false;
  for (const char digit : token.text.substr(1)) {
    if (digit < '0' || digit > '9') return false;
    value = value * 10 + static_cast<std::size_t>(digit - '0');
  }
  return value == number && value > 0;
}

// Whether "a, b" has it.
constexpr bool Lists(std::string_view columns, std::string_view column) {
  SqlScanner scanner(columns);
  for (Token token = scanner.Next(); token.kind != TokenKind::kEnd; token = scanner.Next()) {
    if (token.text == column) return true;
  }
  return false;
}

// Nothing in the text may speak of a second table, of a second statement, or of
// rows by other means than conditions that all must hold.
constexpr bool IsPlain(std::string_view sql, Kind kind) {
  constexpr std::array<std::string_view, 10> kStrange = {"JOIN",      "UNION", "INTERSECT", "EXCEPT", "WITH",
                                                         "RETURNING", "USING", "FOR",       "CASE",   "BETWEEN"};
  const bool may_select = kind == Kind::kRead;
  const bool may_come_from = kind == Kind::kRead || kind == Kind::kDelete;
  int selects = 0;
  int froms = 0;
  SqlScanner scanner(sql);
  for (Token token = scanner.Next(); token.kind != TokenKind::kEnd; token = scanner.Next()) {
    if (token.kind == TokenKind::kForbidden || (token.depth == 0 && token.Is("OR"))) return false;
    for (const std::string_view word : kStrange) {
      if (token.Is(word)) return false;
    }
    if (token.Is("SELECT")) ++selects;
    if (token.Is("FROM")) ++froms;
  }
  return selects == (may_select ? 1 : 0) && froms == (may_come_from ? 1 : 0);
}

constexpr bool IsOnTable(std::string_view sql, const Access& access) {
  SqlScanner scanner(sql);
  const Token first = scanner.Next();
  Token before = first;
  if (access.kind == Kind::kRead) {
    if (!first.Is("SELECT")) return false;
    while (before.kind != TokenKind::kEnd && !before.Is("FROM")) before = scanner.Next();
    if (before.depth != 0) return false;
  }
  if (access.kind == Kind::kInsert || access.kind == Kind::kUpsert) {
    if (!first.Is("INSERT") || !scanner.Next().Is("INTO")) return false;
  }
  if (access.kind == Kind::kDelete && (!first.Is("DELETE") || !scanner.Next().Is("FROM"))) return false;
  if (access.kind == Kind::kUpdate && !first.Is("UPDATE")) return false;
  const Token table = scanner.Next();
  if (table.kind != TokenKind::kWord || table.text != access.table) return false;
  const Token after = scanner.Next();
  if (access.kind == Kind::kRead) return after.Is("WHERE") || EndsCondition(after);
  if (access.kind == Kind::kUpdate) return after.Is("SET");
  return access.kind == Kind::kDelete ? after.Is("WHERE") : after.Is('(');
}

// "… WHERE column = $n AND …".
constexpr bool RequiresKey(std::string_view sql, const Access::Key& key) {
  SqlScanner scanner(sql);
  Token token = scanner.Next();
  while (token.kind != TokenKind::kEnd && !(token.depth == 0 && token.Is("WHERE"))) token = scanner.Next();
  while (token.depth == 0 && IsAmong(token, "WHERE", "AND")) {
    const bool column = (token = scanner.Next()).text == key.column && token.kind == TokenKind::kWord;
    const bool equals = column && (token = scanner.Next()).Is('=');
    const bool param = equals && IsParam(token = scanner.Next(), key.param);
    if (param) token = scanner.Next();
    if (param && token.depth == 0 && (token.Is("AND") || EndsCondition(token))) return true;
    while (!EndsCondition(token) && !(token.depth == 0 && token.Is("AND"))) token = scanner.Next();
  }
  return false;
}

// What an update sets, name by name; each must be "name = …". `visit` gives false to end with false.
template <typename Visit>
constexpr bool ForEachSet(std::string_view sql, Visit visit) {
  SqlScanner scanner(sql);
  Token token = scanner.Next();
  while (token.kind != TokenKind::kEnd && !token.Is("SET")) token = scanner.Next();
  while (token.Is("SET") || token.Is(',')) {
    token = scanner.Next();
    if (token.kind != TokenKind::kWord || !visit(token.text) || !scanner.Next().Is('=')) return false;
    token = scanner.Next();
    while (token.kind != TokenKind::kEnd && !(token.depth == 0 && (token.Is(',') || token.Is("WHERE"))))
      token = scanner.Next();
  }
  return token.Is("WHERE");
}

constexpr bool SetsOnly(std::string_view sql, const Access& access) {
  return ForEachSet(sql, [&](std::string_view column) {
    for (const Access::Key& key : access.keys()) {
      if (key.column == column) return false;
    }
    return access.columns.empty() || Lists(access.columns, column);
  });
}

// Whether a read names no other columns than those declared, if any are.
constexpr bool NamesOnly(std::string_view sql, const Access& access) {
  if (access.columns.empty()) return true;
  constexpr std::array<std::string_view, 15> kKeywords = {"SELECT", "DISTINCT", "FROM", "WHERE", "AND",
                                                          "NOT",    "IS",       "NULL", "LIKE",  "ORDER",
                                                          "BY",     "ASC",      "DESC", "LIMIT", "GROUP"};
  SqlScanner scanner(sql);
  for (Token token = scanner.Next(); token.kind != TokenKind::kEnd; token = scanner.Next()) {
    if (token.Is('*')) return false;
    if (token.kind != TokenKind::kWord || token.text == access.table || Lists(access.columns, token.text)) continue;
    bool is_keyword = false;
    for (const std::string_view word : kKeywords) is_keyword = is_keyword || token.Is(word);
    if (!is_keyword) return false;
  }
  return true;
}

// The one element at `index` of the list in brackets that begins at `begin`; kEnd if it is none, or more than one
// token.
constexpr Token ElementAt(std::string_view sql, std::size_t begin, std::size_t index) {
  SqlScanner scanner(sql, begin);
  Token token = scanner.Next();
  for (std::size_t i = 0; i < index; ++i) {
    token = scanner.Next();
    while (token.kind != TokenKind::kEnd && !(token.depth == 1 && token.Is(',')) &&
           !(token.depth == 0 && token.Is(')')))
      token = scanner.Next();
    if (!token.Is(',')) return {};
  }
  const Token element = scanner.Next();
  token = scanner.Next();
  return token.Is(',') || token.Is(')') ? element : Token{};
}

constexpr bool InsertsKey(std::string_view sql, const InsertForm& form, const Access::Key& key) {
  const auto position = [&](std::size_t begin) {
    std::size_t i = 0;
    Token token = ElementAt(sql, begin, i);
    while (token.kind == TokenKind::kWord && token.text != key.column) token = ElementAt(sql, begin, ++i);
    return token.kind == TokenKind::kWord ? i : InsertForm::kNone;
  };
  const std::size_t column = position(form.columns);
  if (column == InsertForm::kNone || !IsParam(ElementAt(sql, form.values, column), key.param)) return false;
  return form.target == InsertForm::kNone || position(form.target) != InsertForm::kNone;
}

}  // namespace access_check

// What is wrong with the declaration of the statement's text; "" if nothing is.
// Only what the text itself shows: that an insert's keys have to do with every
// unique constraint is for who declares it to know.
constexpr std::string_view FindContradiction(std::string_view sql, const Access& access) {
  using Kind = Access::Kind;
  if (access.kind == Kind::kOpaque) return "";
  const bool inserts = access.kind == Kind::kInsert || access.kind == Kind::kUpsert;
  if (!access_check::IsPlain(sql, access.kind)) return "it is not a plain statement on one table";
  if (!access_check::IsOnTable(sql, access)) return "it is of another kind, or on another table";
  const InsertForm form = inserts ? InsertForm::Of(sql) : InsertForm();
  if (inserts && (!form.is_plain || form.updates != (access.kind == Kind::kUpsert))) {
    return "it does not insert one row in the way that is declared";
  }
  for (const Access::Key& key : access.keys()) {
    const bool holds = inserts ? access_check::InsertsKey(sql, form, key) : access_check::RequiresKey(sql, key);
    if (!holds) return "a key has not the value of its parameter in every row concerned";
  }
  if (access.kind == Kind::kUpdate && !access_check::SetsOnly(sql, access)) return "it sets a key, or other columns";
  if (access.kind == Kind::kRead && !access_check::NamesOnly(sql, access)) return "it names other columns";
  return "";
}

}  // namespace quartet::storage
