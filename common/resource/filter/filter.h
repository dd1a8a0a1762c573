#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/identity/identity.h"
#include "common/resource/record.h"

namespace google::protobuf {
class EnumDescriptor;
}  // namespace google::protobuf

namespace quartet::resource {

// How a field of a filter is matched.
enum class FilterKind {
  kText,      // = and !=, exact, on a column that holds the text
  kTextFold,  // = and !=, on a column that holds the normal form
  kEnum,      // = and !=, on a column that holds the number; any case, the type's prefix may be left out
  kTime,      // <, <=, > and >= with an RFC 3339 time, on a column in microseconds since the Unix epoch
  kIdentity,  // = and !=: whether the record has this identity now, by the table of identities
};

// A field that a list may be filtered by. Make it with one of the functions below.
struct FilterField {
  std::string_view name;  // as callers write it
  FilterKind kind;
  std::string_view column;  // a projected one, or create_time, update_time or delete_time
  // Gives what is stored for what the caller wrote. kTextFold and kIdentity.
  Result<std::string> (*normalise)(std::string_view) = nullptr;
  // kEnum: the generated …_descriptor function of a type whose values begin with its name in capitals.
  const google::protobuf::EnumDescriptor* (*enum_type)() = nullptr;
  identity::Kind identity_kind = identity::Kind::kEmail;  // kIdentity
};

// Normal forms for `FilterField::normalise`. What says nothing (a company's name of punctuation only) is an error.
Result<std::string> FilterCompany(std::string_view value);
Result<std::string> FilterPhone(std::string_view value);

constexpr FilterField TextField(std::string_view name, std::string_view column) {
  return {.name = name, .kind = FilterKind::kText, .column = column};
}
constexpr FilterField EnumField(std::string_view name, std::string_view column,
                                const google::protobuf::EnumDescriptor* (*enum_type)()) {
  return {.name = name, .kind = FilterKind::kEnum, .column = column, .enum_type = enum_type};
}
constexpr FilterField TimeField(std::string_view name, std::string_view column) {
  return {.name = name, .kind = FilterKind::kTime, .column = column};
}
// On a column that holds identity::NormaliseCompanyName of the company's name.
constexpr FilterField CompanyField(std::string_view name, std::string_view column) {
  return {.name = name, .kind = FilterKind::kTextFold, .column = column, .normalise = FilterCompany};
}
constexpr FilterField IdentityField(std::string_view name, identity::Kind kind) {
  using identity::Kind;
  return {.name = name,
          .kind = FilterKind::kIdentity,
          .normalise = kind == Kind::kEmail    ? identity::NormaliseEmail
                       : kind == Kind::kPhone  ? FilterPhone
                       : kind == Kind::kDomain ? identity::NormaliseDomain
                                               : FilterCompany,
          .identity_kind = kind};
}

// Restrictions joined by AND: the part of AIP-160 that can always be answered from an index or a scan of columns.
//   filter      = restriction { AND restriction }      AND in any case
//   restriction = FIELD ( = | != | < | <= | > | >= ) VALUE
//   VALUE       = "…" or '…' with \" \' \\ inside, or a bare word without spaces, quotes, parentheses, commas, <, >, =
// A text that is not there is "", a number 0; != holds for them too.
class Filter {
 public:
  // Everything passes.
  Filter() = default;

  // At most 8,000 bytes and 50 restrictions. Errors: INVALID_ARGUMENT with every problem as a violation of "filter".
  static Result<Filter> Parse(std::string_view text, std::span<const FilterField> fields);

  // Adds the restrictions to `where` (" AND " goes between, the text before included if there is any) and their values
  // to `params`; the first is $`next_parameter`. The number of the next free parameter.
  int AppendSql(std::string& where, std::vector<ColumnValue>& params, int next_parameter) const;

  // The same of no more than the restrictions that a record has an identity, with
  // the name of the column that holds its id.
  int AppendIdentitySql(std::string_view id_column, std::string& where, std::vector<ColumnValue>& params,
                        int next_parameter) const;

  // The restrictions on other fields than these.
  Filter Without(std::span<const std::string_view> fields) const;

  // What the SQL says, about a record in memory, its identities included. `column_names` are those of record.columns.
  // A column that is in neither these nor the record is a broken invariant.
  bool Matches(const Record& record, std::span<const std::string_view> column_names) const;

  bool empty() const { return restrictions_.empty(); }
  std::size_t size() const { return restrictions_.size(); }

 private:
  friend class FilterParser;
  enum class Comparison { kEqual, kNotEqual, kLess, kLessEqual, kGreater, kGreaterEqual };
  struct Restriction {
    FilterField field;
    Comparison comparison;
    ColumnValue value;
  };

  std::vector<Restriction> restrictions_;
};

}  // namespace quartet::resource
