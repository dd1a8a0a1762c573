#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace quartet {

// Number of Unicode code points in `text`; nothing if it is not valid UTF-8 (RFC 3629: no surrogates, no overlong
// forms, nothing above U+10FFFF).
std::optional<std::size_t> CountCodePoints(std::string_view text);

// `text` without white space at either end: that of ASCII, the no-break, ideographic and typographic spaces and the
// byte-order mark, which spreadsheets leave behind. Any bytes are allowed.
std::string_view Trim(std::string_view text);

// Change A–Z and a–z only; other bytes, those of UTF-8 sequences included, stay as they are.
std::string AsciiLower(std::string_view text);
std::string AsciiUpper(std::string_view text);

}  // namespace quartet
