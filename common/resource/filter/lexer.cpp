#include "common/resource/filter/lexer.h"

#include <algorithm>

#include "common/base/text.h"

namespace quartet::resource {
namespace {

constexpr std::string_view kSpaces = " \t\r\n";
constexpr std::string_view kWordEnds = " \t\r\n\"'()<>=,";

}  // namespace

bool FilterToken::Is(std::string_view keyword) const {
  return kind == Kind::kWord && AsciiUpper(text) == keyword;
}

Result<FilterToken> FilterLexer::Next() {
  rest_.remove_prefix(std::min(rest_.find_first_not_of(kSpaces), rest_.size()));
  if (rest_.empty()) return FilterToken{};
  const auto take = [&](FilterToken::Kind kind, std::size_t size) {
    FilterToken token{.kind = kind, .text = std::string(rest_.substr(0, size))};
    rest_.remove_prefix(size);
    return token;
  };
  if (rest_.starts_with("!=") || rest_.starts_with("<=") || rest_.starts_with(">=")) {
    return take(FilterToken::Kind::kComparison, 2);
  }
  const char first = rest_.front();
  if (first == '=' || first == '<' || first == '>') return take(FilterToken::Kind::kComparison, 1);
  if (first == '"' || first == '\'') return Quoted();
  if (kWordEnds.find(first) != std::string_view::npos) return take(FilterToken::Kind::kOther, 1);
  // A '!' belongs to a word unless a comparison begins with it.
  return take(FilterToken::Kind::kWord, std::min({rest_.find_first_of(kWordEnds), rest_.find("!="), rest_.size()}));
}

Result<FilterToken> FilterLexer::Quoted() {
  FilterToken token{.kind = FilterToken::Kind::kQuoted, .text = ""};
  const char quote = rest_.front();
  for (std::size_t i = 1; i < rest_.size(); ++i) {
    if (rest_[i] == quote) {
      rest_.remove_prefix(i + 1);
      return token;
    }
    if (rest_[i] == '\\' && i + 1 < rest_.size()) ++i;
    token.text.push_back(rest_[i]);
  }
  rest_ = {};
  return Error{.code = Code::kInvalidArgument,
               .reason = "INVALID_FILTER",
               .message = std::string("the quote ") + quote + " is never closed"};
}

}  // namespace quartet::resource
