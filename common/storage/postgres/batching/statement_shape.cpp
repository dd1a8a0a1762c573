#include "common/storage/postgres/batching/statement_shape.h"

#include <algorithm>
#include <regex>

#include <fmt/format.h>

namespace quartet::storage {
namespace {

using Kind = StatementShape::Kind;

const std::regex& Insert() {
  static const std::regex kForm(
      R"(INSERT INTO (\w+) \(([\w, ]+)\) VALUES \(([^()]+)\)( ON CONFLICT \(([\w, ]+)\) [^$]+)?)");
  return kForm;
}

const std::regex& Update() {
  static const std::regex kForm(R"(UPDATE (\w+) SET ([^()]+) WHERE ([^()]+))");
  return kForm;
}

const std::regex& Delete() {
  static const std::regex kForm(R"(DELETE FROM (\w+) WHERE ([^()]+))");
  return kForm;
}

const std::regex& Select() {
  static const std::regex kForm(R"(SELECT ([\w, ]+) FROM (\w+) WHERE ([^()]+?)( ORDER BY [\w, ]+)?( LIMIT \S+)?)");
  return kForm;
}

// In a text, or as a whole.
const std::regex& ParamMark() {
  static const std::regex kForm(R"(\$(\d+))");
  return kForm;
}

std::vector<std::string> MatchesOf(const std::string& text, const std::regex& form) {
  std::vector<std::string> found;
  for (std::sregex_iterator i(text.begin(), text.end(), form), end; i != end; ++i) found.push_back((*i)[0]);
  return found;
}

std::vector<std::string> WordsOf(const std::string& text) {
  static const std::regex kWord(R"([A-Za-z_]\w*)");
  return MatchesOf(text, kWord);
}

bool Contains(std::span<const std::string> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// "a = $1 AND b > $2": a is a key. Whether it can be understood.
bool ReadCondition(const std::string& condition, StatementShape& shape) {
  static const std::regex kEquality(R"((?:^| AND )(\w+) = \$(\d+)(?= AND |$))");
  static const std::regex kStrange(R"(\b(OR|UNION|RETURNING|FOR|BETWEEN|JOIN)\b)");
  if (std::regex_search(condition, kStrange)) return false;
  for (std::sregex_iterator i(condition.begin(), condition.end(), kEquality), end; i != end; ++i) {
    if (!Contains(shape.set_columns, (*i)[1].str()))
      shape.keys.push_back({.column = (*i)[1], .param = std::stoul((*i)[2]) - 1});
  }
  return true;
}

// The rows that it concerns are those with the same value where there may be only one: in the columns that it names
// after ON CONFLICT, or in its first, for every unique key begins with that.
bool ReadInsert(const std::string& columns, const std::string& values, const std::string& unique,
                StatementShape& shape) {
  static const std::regex kValue(R"([^, ][^,]*)");
  const auto names = WordsOf(columns);
  const auto all = MatchesOf(values, kValue);
  if (names.size() != all.size()) return false;
  const auto keys = unique.empty() ? std::vector{names.front()} : WordsOf(unique);
  for (std::size_t i = 0; i < names.size(); ++i) {
    std::smatch param;
    if (Contains(keys, names[i]) && std::regex_match(all[i], param, ParamMark()))
      shape.keys.push_back({.column = names[i], .param = std::stoul(param[1]) - 1});
  }
  return true;
}

bool ReadUpdate(const std::string& assignments, const std::string& condition, StatementShape& shape) {
  static const std::regex kAssigned(R"((\w+) =)");
  for (std::sregex_iterator i(assignments.begin(), assignments.end(), kAssigned), end; i != end; ++i)
    shape.set_columns.push_back((*i)[1]);
  return ReadCondition(condition, shape);
}

bool Read(StatementShape& shape) {
  std::smatch part;
  if (std::regex_match(shape.sql, part, Insert())) {
    shape.kind = Kind::kInsert;
    shape.table = part[1];
    shape.may_repeat = part[4].str().find("DO UPDATE") == std::string::npos;
    return ReadInsert(part[2], part[3], part[5], shape);
  }
  if (std::regex_match(shape.sql, part, Update())) {
    shape.kind = Kind::kUpdate;
    shape.table = part[1];
    return ReadUpdate(part[2], part[3], shape);
  }
  if (std::regex_match(shape.sql, part, Delete())) {
    shape.kind = Kind::kDelete;
    shape.table = part[1];
    return ReadCondition(part[2], shape);
  }
  if (std::regex_match(shape.sql, part, Select())) {
    shape.kind = Kind::kSelect;
    shape.table = part[2];
    shape.words = WordsOf(shape.sql);
    return ReadCondition(part[3], shape);
  }
  return false;
}

}  // namespace

StatementShape ShapeOf(std::string_view sql) {
  StatementShape shape{.sql = std::string(sql)};
  if (!Read(shape)) return {.sql = std::string(sql)};
  return shape;
}

bool StatementShape::LeavesAlone(const StatementShape& select) const {
  return kind == Kind::kUpdate && select.kind == Kind::kSelect &&
         std::ranges::none_of(set_columns, [&](const std::string& column) { return Contains(select.words, column); });
}

std::string StatementShape::ForManyRows(std::span<const std::string_view> types, bool numbered) const {
  const std::string text = std::regex_replace(sql, ParamMark(), "many.p$1");
  std::string arrays;
  std::string names;
  for (std::size_t i = 1; i <= types.size(); ++i) {
    arrays += fmt::format("{}${}::{}[]", i == 1 ? "" : ", ", i, types[i - 1]);
    names += fmt::format("p{}, ", i);
  }
  const std::string many = fmt::format("unnest({}) WITH ORDINALITY AS many({}row_number)", arrays, names);
  const std::string returning = numbered ? " RETURNING many.row_number" : "";
  std::smatch part;
  if (kind == Kind::kSelect)
    return fmt::format("SELECT one.*, many.row_number FROM {}, LATERAL ({}) AS one", many, text);
  if (kind == Kind::kInsert && std::regex_match(text, part, Insert()))
    return fmt::format("INSERT INTO {} ({}) SELECT {} FROM {}{}", table, part[2].str(), part[3].str(), many,
                       part[4].str());
  const auto where = text.find(" WHERE ");
  return fmt::format("{} {} {}{}{}", text.substr(0, where), kind == Kind::kUpdate ? "FROM" : "USING", many,
                     text.substr(where), returning);
}

}  // namespace quartet::storage
