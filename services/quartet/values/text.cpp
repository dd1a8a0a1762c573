#include "services/quartet/values/text.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace quartet::cli {
namespace {

constexpr std::string_view kEllipsis = "…";
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kNoBreakSpace = "\xC2\xA0";
constexpr std::string_view kBlanks = " \t\r\n\v\f";

struct Character {
  std::int32_t codepoint;  // negative: not UTF-8
  std::size_t bytes;
};

Character Next(std::string_view text) {
  utf8proc_int32_t codepoint = -1;
  const auto bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                      static_cast<utf8proc_ssize_t>(text.size()), &codepoint);
  if (bytes <= 0) return {-1, 1};
  return {codepoint, static_cast<std::size_t>(bytes)};
}

std::size_t WidthOf(Character character) {
  return character.codepoint < 0 ? 1 : static_cast<std::size_t>(utf8proc_charwidth(character.codepoint));
}

bool IsControl(std::int32_t codepoint) {
  return codepoint < 0x20 || (codepoint >= 0x7F && codepoint < 0xA0);
}

std::string Encode(std::int32_t codepoint) {
  std::array<utf8proc_uint8_t, 4> bytes;
  const auto count = utf8proc_encode_char(codepoint, bytes.data());
  return {bytes.begin(), bytes.begin() + count};
}

}  // namespace

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character character = Next(text);
    width += WidthOf(character);
    text.remove_prefix(character.bytes);
  }
  return width;
}

std::string Truncate(std::string_view text, std::size_t width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  std::string_view rest = text;
  std::size_t used = 0;
  while (!rest.empty()) {
    const Character character = Next(rest);
    if (used + WidthOf(character) > width - 1) break;
    used += WidthOf(character);
    rest.remove_prefix(character.bytes);
  }
  return std::string(text.substr(0, text.size() - rest.size())).append(kEllipsis);
}

std::string Printable(std::string_view text) {
  std::string line;
  line.reserve(text.size());
  while (!text.empty()) {
    const Character character = Next(text);
    if (character.codepoint == '\n' || character.codepoint == '\t') {
      line += ' ';
    } else if (character.codepoint == '\r') {
      // Part of a line break that shows as one space.
      if (!text.starts_with("\r\n")) line += ' ';
    } else if (IsControl(character.codepoint)) {
      line += kReplacement;
    } else {
      line += text.substr(0, character.bytes);
    }
    text.remove_prefix(character.bytes);
  }
  return line;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const Character character = Next(text);
    if (character.codepoint < 0) return false;
    text.remove_prefix(character.bytes);
  }
  return true;
}

std::string Windows1252ToUtf8(std::string_view text) {
  // 0x80 to 0x9F, where Windows-1252 differs from ISO 8859-1 (Unicode's own mapping table, CP1252.TXT).
  static constexpr std::array<std::int32_t, 32> kHigh = {
      0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
      0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD, 0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
      0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};
  std::string utf8;
  utf8.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      utf8 += c;
    } else if (byte < 0xA0) {
      utf8 += Encode(kHigh[byte - 0x80]);
    } else {
      utf8 += Encode(byte);
    }
  }
  return utf8;
}

std::string_view Trim(std::string_view text) {
  for (;;) {
    const std::size_t before = text.size();
    text.remove_prefix(std::min(text.find_first_not_of(kBlanks), text.size()));
    text.remove_suffix(text.size() - (text.find_last_not_of(kBlanks) + 1));
    if (text.starts_with(kNoBreakSpace)) text.remove_prefix(kNoBreakSpace.size());
    if (text.ends_with(kNoBreakSpace)) text.remove_suffix(kNoBreakSpace.size());
    if (text.size() == before) return text;
  }
}

std::string AsciiLower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return lower;
}

}  // namespace quartet::cli
