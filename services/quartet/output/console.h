#pragma once

#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>

namespace quartet::cli {

// What a colour says, not which one it is.
enum class Tint { kNone, kHeading, kGood, kBad, kQuiet };

// Where a command writes: results to `out`, messages to `err`.
struct Console {
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool out_colour = false;
  bool err_colour = false;
  // Columns of the terminal behind `out` and `err`; 0 where there is none, which means that nothing is cut.
  std::size_t out_width = 0;
  std::size_t err_width = 0;

  // `text` in a colour, if that stream shows colours.
  std::string OutTint(std::string_view text, Tint tint) const;
  std::string ErrTint(std::string_view text, Tint tint) const;
};

// The process's own streams. Colours only on a terminal that knows them, and never with NO_COLOR set (no-color.org).
Console ProcessConsole();

}  // namespace quartet::cli
