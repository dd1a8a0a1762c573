#include "common/resource/filter/filter.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace quartet::resource {
namespace {

ColumnValue ValueOf(const Record& record, std::string_view column, std::span<const std::string_view> column_names) {
  const auto found = std::ranges::find(column_names, column);
  if (found != column_names.end()) return record.columns[static_cast<std::size_t>(found - column_names.begin())];
  if (column == "create_time") return record.create_time_us;
  if (column == "update_time") return record.update_time_us;
  if (column == "delete_time") return record.delete_time_us;
  std::abort();
}

}  // namespace

int Filter::AppendIdentitySql(std::string_view id_column, std::string& where, std::vector<ColumnValue>& params,
                              int next_parameter) const {
  for (const Restriction& restriction : restrictions_) {
    if (restriction.field.kind != FilterKind::kIdentity || restriction.comparison != Comparison::kEqual) continue;
    if (!where.empty()) where += " AND ";
    where += fmt::format("{} IN (SELECT record_id FROM identity WHERE kind = ${} AND value = ${})", id_column,
                         next_parameter, next_parameter + 1);
    params.emplace_back(static_cast<std::int64_t>(restriction.field.identity_kind));
    params.push_back(restriction.value);
    next_parameter += 2;
  }
  return next_parameter;
}

Filter Filter::Without(std::span<const std::string_view> fields) const {
  Filter rest = *this;
  std::erase_if(rest.restrictions_, [&](const Restriction& restriction) {
    return std::ranges::find(fields, restriction.field.name) != fields.end();
  });
  return rest;
}

int Filter::AppendSql(std::string& where, std::vector<ColumnValue>& params, int next_parameter) const {
  constexpr std::string_view kSigns[] = {"=", "<>", "<", "<=", ">", ">="};
  for (const Restriction& restriction : restrictions_) {
    if (!where.empty()) where += " AND ";
    if (restriction.field.kind == FilterKind::kIdentity) {
      where += fmt::format("id {} (SELECT record_id FROM identity WHERE kind = ${} AND value = ${} AND former = 0)",
                           restriction.comparison == Comparison::kEqual ? "IN" : "NOT IN", next_parameter,
                           next_parameter + 1);
      params.emplace_back(static_cast<std::int64_t>(restriction.field.identity_kind));
      next_parameter += 2;
    } else {
      where += fmt::format("{} {} ${}", restriction.field.column,
                           kSigns[static_cast<std::size_t>(restriction.comparison)], next_parameter);
      next_parameter += 1;
    }
    params.push_back(restriction.value);
  }
  return next_parameter;
}

bool Filter::Matches(const Record& record, std::span<const std::string_view> column_names) const {
  return std::ranges::all_of(restrictions_, [&](const Restriction& restriction) {
    if (restriction.field.kind == FilterKind::kIdentity) {
      const identity::Identity wanted{restriction.field.identity_kind, std::get<std::string>(restriction.value)};
      const bool has = std::ranges::binary_search(record.identities, wanted);
      return has == (restriction.comparison == Comparison::kEqual);
    }
    const ColumnValue value = ValueOf(record, restriction.field.column, column_names);
    switch (restriction.comparison) {
      case Comparison::kEqual:
        return value == restriction.value;
      case Comparison::kNotEqual:
        return value != restriction.value;
      case Comparison::kLess:
        return value < restriction.value;
      case Comparison::kLessEqual:
        return value <= restriction.value;
      case Comparison::kGreater:
        return value > restriction.value;
      case Comparison::kGreaterEqual:
        return value >= restriction.value;
    }
    std::abort();
  });
}

}  // namespace quartet::resource
