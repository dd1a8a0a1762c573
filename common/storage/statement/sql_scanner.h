#pragma once

#include <cstddef>
#include <string_view>

namespace quartet::storage {

// The words and signs of a statement, one after the other. Usable by the compiler.
class SqlScanner {
 public:
  enum class Kind {
    kEnd,
    kWord,       // a name or a keyword
    kParam,      // $1
    kNumber,     // 7
    kText,       // '…', with doubled quotes
    kSign,       // one character of anything else
    kForbidden,  // a comment, a quoted name, a semicolon: what a plain statement does without
  };
  struct Token {
    Kind kind = Kind::kEnd;
    std::string_view text;
    std::size_t begin = 0;
    int depth = 0;  // brackets around it; a bracket itself counts as outside
    constexpr std::size_t end() const { return begin + text.size(); }
    constexpr bool Is(char sign) const { return kind == Kind::kSign && text.front() == sign; }
    // Whether it is this keyword, given in capitals.
    constexpr bool Is(std::string_view keyword) const;
  };

  constexpr explicit SqlScanner(std::string_view sql, std::size_t begin = 0) : sql_(sql), next_(begin) {}

  constexpr Token Next();

 private:
  static constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
  static constexpr bool IsWord(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || IsDigit(c);
  }
  constexpr std::size_t EndOfText() const {
    // A doubled quote ends one text and begins the next at once, which comes to the same, but for its one token.
    std::size_t end = next_ + 1;
    while (end < sql_.size() && (sql_[end] != '\'' || sql_.substr(end + 1, 1) == "'")) end += sql_[end] == '\'' ? 2 : 1;
    return end < sql_.size() ? end + 1 : sql_.size();
  }
  constexpr Token Make(Kind kind, std::size_t end) {
    const Token token{.kind = kind, .text = sql_.substr(next_, end - next_), .begin = next_, .depth = depth_};
    next_ = end;
    return token;
  }

  std::string_view sql_;
  std::size_t next_;
  int depth_ = 0;
};

constexpr bool SqlScanner::Token::Is(std::string_view keyword) const {
  if (kind != Kind::kWord || text.size() != keyword.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i] >= 'a' && text[i] <= 'z' ? static_cast<char>(text[i] - 'a' + 'A') : text[i];
    if (c != keyword[i]) return false;
  }
  return true;
}

constexpr SqlScanner::Token SqlScanner::Next() {
  while (next_ < sql_.size() && (sql_[next_] == ' ' || sql_[next_] == '\n' || sql_[next_] == '\t')) ++next_;
  if (next_ >= sql_.size()) return {.kind = Kind::kEnd, .text = {}, .begin = sql_.size(), .depth = depth_};
  const char first = sql_[next_];
  const std::string_view two = sql_.substr(next_, 2);
  if (first == '"' || first == ';' || two == "--" || two == "/*") return Make(Kind::kForbidden, sql_.size());
  if (first == '\'') return Make(Kind::kText, EndOfText());
  std::size_t end = next_ + 1;
  if (IsWord(first) || first == '$') {
    while (end < sql_.size() && IsWord(sql_[end])) ++end;
    if (first == '$') return Make(Kind::kParam, end);
    return Make(IsDigit(first) ? Kind::kNumber : Kind::kWord, end);
  }
  if (first == ')') --depth_;
  const Token token = Make(Kind::kSign, end);
  if (first == '(') ++depth_;
  return token;
}

}  // namespace quartet::storage
