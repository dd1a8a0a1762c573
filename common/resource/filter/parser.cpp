#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/limits.h"
#include "common/base/text.h"
#include "common/resource/filter/filter.h"
#include "common/resource/filter/lexer.h"
#include "common/resource/filter/values.h"
#include "common/resource/violations.h"

namespace quartet::resource {
namespace {

using limits::kFilterBytesMax;
using limits::kFilterRestrictionsMax;
constexpr std::string_view kSupported =
    "what is supported: comparisons joined by AND, for instance owner = \"ann\" AND create_time >= "
    "\"2026-01-31T08:00:00Z\"";

}  // namespace

// Reads one restriction after the other; after a mistake it goes on behind the next AND, to find the others too.
class FilterParser {
 public:
  FilterParser(std::string_view text, std::span<const FilterField> fields) : lexer_(text), fields_(fields) {
    Advance();
  }

  Result<Filter> Parse() {
    if (token_.kind == FilterToken::Kind::kEnd) return Finish();
    for (;;) {
      if (!ParseRestriction() || !AtBorder()) SkipToBorder();
      if (token_.kind == FilterToken::Kind::kEnd) return Finish();
      Advance();
    }
  }

 private:
  using Comparison = Filter::Comparison;

  static std::optional<Comparison> ComparisonOf(std::string_view sign) {
    constexpr std::array<std::pair<std::string_view, Comparison>, 6> kSigns = {{{"=", Comparison::kEqual},
                                                                                {"!=", Comparison::kNotEqual},
                                                                                {"<", Comparison::kLess},
                                                                                {"<=", Comparison::kLessEqual},
                                                                                {">", Comparison::kGreater},
                                                                                {">=", Comparison::kGreaterEqual}}};
    for (const auto& [text, comparison] : kSigns) {
      if (text == sign) return comparison;
    }
    return std::nullopt;
  }

  static bool Allows(FilterKind kind, Comparison comparison) {
    const bool is_equality = comparison == Comparison::kEqual || comparison == Comparison::kNotEqual;
    return is_equality != (kind == FilterKind::kTime);
  }

  void Advance() {
    Result<FilterToken> next = lexer_.Next();
    if (next.ok()) {
      token_ = *std::move(next);
    } else {
      Complain(next.error().message);
      quote_is_open_ = true;
      token_ = {};
    }
  }

  // What comes after an open quote is no mistake of its own.
  void Complain(std::string description) {
    if (!quote_is_open_) violations_.Add("filter", std::move(description));
  }

  bool AtBorder() const { return token_.kind == FilterToken::Kind::kEnd || token_.Is("AND"); }

  // Leaves what remains of a restriction that is wrong.
  void SkipToBorder() {
    while (!AtBorder()) Advance();
  }

  // Leaves the token behind the restriction; false after a mistake in how it is written.
  bool ParseRestriction() {
    if (token_.Is("NOT") || (token_.kind == FilterToken::Kind::kWord && token_.text.starts_with('-'))) {
      Complain(fmt::format("\"{}\" is not supported; {}", token_.text, kSupported));
      return false;
    }
    if (token_.kind != FilterToken::Kind::kWord || AtBorder() || token_.Is("OR")) {
      Complain(fmt::format("a field is missing {}; {}", Where(), kSupported));
      return false;
    }
    const std::string name = std::move(token_.text);
    Advance();
    if (token_.kind != FilterToken::Kind::kComparison) {
      Complain(fmt::format("after \"{}\" a comparison (=, !=, <, <=, >, >=) is missing; {}", name, kSupported));
      return false;
    }
    const std::string sign = std::move(token_.text);
    Advance();
    const bool is_word = token_.kind == FilterToken::Kind::kWord && !AtBorder() && !token_.Is("OR");
    if (!is_word && token_.kind != FilterToken::Kind::kQuoted) {
      Complain(fmt::format("after \"{} {}\" a value is missing", name, sign));
      return false;
    }
    const std::string value = std::move(token_.text);
    Advance();
    Add(name, sign, value);
    if (AtBorder()) return true;
    Complain(fmt::format("AND is missing {}; {}", Where(), kSupported));
    return false;
  }

  std::string Where() const {
    return token_.kind == FilterToken::Kind::kEnd ? "at the end" : fmt::format("before \"{}\"", token_.text);
  }

  void Add(const std::string& name, const std::string& sign, const std::string& value) {
    const auto field = std::ranges::find(fields_, name, &FilterField::name);
    if (field == fields_.end()) {
      std::string known;
      for (const FilterField& each : fields_) known.append(known.empty() ? "" : ", ").append(each.name);
      return Complain(fmt::format("\"{}\" is not a field to filter by; there are {}", name, known));
    }
    const std::optional<Comparison> comparison = ComparisonOf(sign);
    if (!comparison || !Allows(field->kind, *comparison)) {
      return Complain(fmt::format("\"{}\" is compared by {}, not by {}", name,
                                  field->kind == FilterKind::kTime ? "<, <=, > or >=" : "= or !=", sign));
    }
    Result<ColumnValue> compared = FilterValue(*field, sign, value);
    if (!compared.ok()) return Complain(fmt::format("\"{}\" {}", name, compared.error().message));
    filter_.restrictions_.push_back({.field = *field, .comparison = *comparison, .value = *std::move(compared)});
  }

  Result<Filter> Finish() {
    if (filter_.restrictions_.size() > kFilterRestrictionsMax) {
      Complain(fmt::format("has more than {} restrictions", kFilterRestrictionsMax));
    }
    QUARTET_RETURN_IF_ERROR(violations_.ToStatus());
    return std::move(filter_);
  }

  FilterLexer lexer_;
  std::span<const FilterField> fields_;
  FilterToken token_;
  Filter filter_;
  Violations violations_;
  bool quote_is_open_ = false;
};

Result<Filter> Filter::Parse(std::string_view text, std::span<const FilterField> fields) {
  Violations violations;
  if (text.size() > kFilterBytesMax) violations.Add("filter", "is longer than 8,000 bytes");
  if (!CountCodePoints(text) || text.find('\0') != std::string_view::npos) {
    violations.Add("filter", "is not valid UTF-8 text");
  }
  QUARTET_RETURN_IF_ERROR(violations.ToStatus());
  return FilterParser(text, fields).Parse();
}

}  // namespace quartet::resource
