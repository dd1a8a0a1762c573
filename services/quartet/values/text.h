#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quartet::cli {

// Text as a terminal shows it. Input is UTF-8; bytes that are not count as one column each and are shown as U+FFFD.

// Columns that `text` takes: 2 for East Asian wide characters, 0 for combining marks.
std::size_t DisplayWidth(std::string_view text);

// `text`, cut to `width` columns where it is longer; a cut one ends in "…". Never cuts a character or tears its
// combining marks off. `width` must be at least 1.
std::string Truncate(std::string_view text, std::size_t width);

// One line that is safe to print: line breaks and tabs become a space, and other control characters, which could change
// the terminal's state, U+FFFD.
std::string Printable(std::string_view text);

// Whether `text` is well-formed UTF-8.
bool IsUtf8(std::string_view text);

// Text in Windows-1252 as UTF-8; the five bytes that it leaves undefined become U+FFFD.
std::string Windows1252ToUtf8(std::string_view text);

// Without blanks at both ends: ASCII white space and the no-break space that web pages and spreadsheets leave behind.
std::string_view Trim(std::string_view text);

// Lower case for ASCII letters; other bytes stay.
std::string AsciiLower(std::string_view text);

}  // namespace quartet::cli
