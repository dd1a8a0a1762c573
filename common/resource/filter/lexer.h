#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace quartet::resource {

struct FilterToken {
  enum class Kind {
    kWord,        // a field, AND, a bare value
    kQuoted,      // a value in quotes; `text` is what they hold
    kComparison,  // =, !=, <, <=, >, >=
    kOther,       // a character with no meaning here
    kEnd,
  };
  Kind kind = Kind::kEnd;
  std::string text;

  // Whether it is the keyword, in any case.
  bool Is(std::string_view keyword) const;
};

// Cuts a filter into tokens; see Filter for what they are.
class FilterLexer {
 public:
  // `text` must outlive the lexer.
  explicit FilterLexer(std::string_view text) : rest_(text) {}

  // kEnd at the end, and again after it. Errors: INVALID_ARGUMENT for a quote that is never closed; the end follows.
  Result<FilterToken> Next();

 private:
  Result<FilterToken> Quoted();

  std::string_view rest_;
};

}  // namespace quartet::resource
