#include "common/storage/postgres/batching/statement_shape.h"

#include <algorithm>

#include <fmt/format.h>

#include "common/storage/statement/access_check.h"
#include "common/storage/statement/insert_form.h"
#include "common/storage/statement/sql_scanner.h"
#include "common/telemetry/log.h"

namespace quartet::storage {
namespace {

// `sql` with the columns of the table `many` for its parameters.
std::string WithColumnsOfMany(std::string_view sql) {
  std::string text;
  std::size_t copied = 0;
  SqlScanner scanner(sql);
  for (auto token = scanner.Next(); token.kind != SqlScanner::Kind::kEnd; token = scanner.Next()) {
    if (token.kind != SqlScanner::Kind::kParam) continue;
    text.append(sql.substr(copied, token.begin - copied)).append("many.p").append(token.text.substr(1));
    copied = token.end();
  }
  return text.append(sql.substr(copied));
}

std::size_t BeginOfCondition(std::string_view sql) {
  SqlScanner scanner(sql);
  auto token = scanner.Next();
  while (token.kind != SqlScanner::Kind::kEnd && !(token.depth == 0 && token.Is("WHERE"))) token = scanner.Next();
  return token.begin;
}

}  // namespace

StatementShape ShapeOf(const Statement& statement) {
  StatementShape shape{.sql = std::string(statement.sql()), .table = {}, .keys = {}, .columns = {}};
  const Access& access = statement.access();
  if (const auto contradiction = FindContradiction(statement.sql(), access); !contradiction.empty()) {
    telemetry::LogError("a statement is not what it is declared to be",
                        {{"sql", shape.sql}, {"detail", std::string(contradiction)}});
    return shape;
  }
  shape.kind = access.kind;
  shape.table = access.table;
  for (const Access::Key& key : access.keys())
    shape.keys.push_back({.column = std::string(key.column), .param = key.param - 1});
  SqlScanner columns(access.columns);
  for (auto token = columns.Next(); token.kind != SqlScanner::Kind::kEnd; token = columns.Next()) {
    if (token.kind == SqlScanner::Kind::kWord) shape.columns.emplace_back(token.text);
  }
  return shape;
}

bool StatementShape::LeavesAlone(const StatementShape& read) const {
  return kind == Kind::kUpdate && read.kind == Kind::kRead && !columns.empty() && !read.columns.empty() &&
         std::ranges::none_of(columns, [&](const std::string& column) {
           return std::ranges::find(read.columns, column) != read.columns.end();
         });
}

std::string StatementShape::ForManyRows(std::span<const std::string_view> types, bool numbered) const {
  const std::string text = WithColumnsOfMany(sql);
  std::string arrays;
  std::string names;
  for (std::size_t i = 1; i <= types.size(); ++i) {
    arrays += fmt::format("{}${}::{}[]", i == 1 ? "" : ", ", i, types[i - 1]);
    names += fmt::format("p{}, ", i);
  }
  const std::string many = fmt::format("unnest({}) WITH ORDINALITY AS many({}row_number)", arrays, names);
  const std::string returning = numbered ? " RETURNING many.row_number" : "";
  if (kind == Kind::kRead) return fmt::format("SELECT one.*, many.row_number FROM {}, LATERAL ({}) AS one", many, text);
  if (kind == Kind::kInsert || kind == Kind::kUpsert) {
    const InsertForm form = InsertForm::Of(text);
    const std::string columns_end = text.substr(0, text.rfind(')', form.values) + 1);
    // Within its brackets.
    const std::string values = text.substr(form.values + 1, form.values_end - form.values - 2);
    return fmt::format("{} SELECT {} FROM {}{}", columns_end, values, many, text.substr(form.values_end));
  }
  const std::size_t where = BeginOfCondition(text);
  return fmt::format("{}{} {} {}{}", text.substr(0, where), kind == Kind::kUpdate ? "FROM" : "USING", many,
                     text.substr(where), returning);
}

}  // namespace quartet::storage
