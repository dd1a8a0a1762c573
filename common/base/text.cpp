#include "common/base/text.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace quartet {
namespace {

constexpr std::array<std::string_view, 22> kSpaces = {
    " ",      "\t",     "\n",     "\v",     "\f",     "\r",     "\u00A0", "\u2000", "\u2001", "\u2002", "\u2003",
    "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200A", "\u200B", "\u202F", "\u3000", "\uFEFF",
};

// Length in bytes of the well-formed sequence that `text` begins with, 0 if there is none. The bounds of the second
// byte are those of Unicode's table 3-7; they exclude overlong forms, surrogates and what is above U+10FFFF.
std::size_t SequenceLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  }
  if (length == 0 || text.size() < length || byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

std::optional<std::size_t> CountCodePoints(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) {
    const std::size_t length = SequenceLength(text);
    if (length == 0) return std::nullopt;
    text.remove_prefix(length);
  }
  return count;
}

std::string_view Trim(std::string_view text) {
  // Of most texts one look at each end shows that no space is there: an ASCII character above ' ' is in none.
  const auto is_visible = [](char c) { return static_cast<signed char>(c) > ' '; };
  const auto leads = [&](std::string_view space) { return text.starts_with(space); };
  const auto trails = [&](std::string_view space) { return text.ends_with(space); };
  while (!text.empty() && !is_visible(text.front())) {
    const auto* space = std::ranges::find_if(kSpaces, leads);
    if (space == kSpaces.end()) break;
    text.remove_prefix(space->size());
  }
  while (!text.empty() && !is_visible(text.back())) {
    const auto* space = std::ranges::find_if(kSpaces, trails);
    if (space == kSpaces.end()) break;
    text.remove_suffix(space->size());
  }
  return text;
}

std::string AsciiLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::string AsciiUpper(std::string_view text) {
  std::string upper(text);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

}  // namespace quartet
