#include "common/storage/postgres/batching/sql_text.h"

#include <algorithm>
#include <cstddef>

namespace quartet::storage {
namespace {

// Where the quoted text or comment that begins at `begin` ends; `begin` itself
// if none begins there.
std::size_t SkipQuotedOrComment(std::string_view text, std::size_t begin) {
  const auto past = [&](std::string_view end, std::size_t from) {
    const std::size_t found = text.find(end, from);
    return found == std::string_view::npos ? text.size() : found + end.size();
  };
  // A doubled quote ends one quoted text and begins the next at once, which comes to the same.
  if (text[begin] == '\'' || text[begin] == '"') return past(text.substr(begin, 1), begin + 1);
  if (text.substr(begin, 2) == "--") return past("\n", begin + 2);
  if (text.substr(begin, 2) == "/*") return past("*/", begin + 2);
  return begin;
}

}  // namespace

std::vector<std::string_view> SplitStatements(std::string_view text) {
  std::vector<std::string_view> statements;
  std::size_t begin = 0;
  bool has_code = false;
  for (std::size_t i = 0; i <= text.size();) {
    if (i == text.size() || text[i] == ';') {
      if (has_code) statements.push_back(text.substr(begin, i - begin));
      begin = ++i;
      has_code = false;
      continue;
    }
    const std::size_t end = SkipQuotedOrComment(text, i);
    const bool comment = end != i && text[i] != '\'' && text[i] != '"';
    if (!comment && std::string_view(" \t\r\n").find(text[i]) == std::string_view::npos) has_code = true;
    i = std::max(end, i + 1);
  }
  return statements;
}

}  // namespace quartet::storage
