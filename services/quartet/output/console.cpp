#include "services/quartet/output/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <iostream>

#include "services/quartet/connection/suite_address.h"

namespace quartet::cli {
namespace {

constexpr std::size_t kUsualWidth = 80;

std::size_t TerminalWidth(int file) {
  if (const auto columns = ProcessEnvironment("COLUMNS")) {
    std::size_t width = 0;
    std::from_chars(columns->data(), columns->data() + columns->size(), width);
    if (width > 0) return width;
  }
  winsize size = {};
  if (ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return kUsualWidth;
}

bool ShowsColours(bool is_terminal) {
  const auto terminal = ProcessEnvironment("TERM");
  return is_terminal && !ProcessEnvironment("NO_COLOR") && terminal && *terminal != "dumb";
}

std::string Coloured(std::string_view text, Tint tint) {
  std::string_view code;
  switch (tint) {
    case Tint::kNone:
      return std::string(text);
    case Tint::kHeading:
      code = "1";
      break;
    case Tint::kGood:
      code = "32";
      break;
    case Tint::kBad:
      code = "31";
      break;
    case Tint::kQuiet:
      code = "2";
      break;
  }
  return std::string("\x1b[").append(code).append("m").append(text).append("\x1b[0m");
}

}  // namespace

std::string Console::OutTint(std::string_view text, Tint tint) const {
  return out_colour ? Coloured(text, tint) : std::string(text);
}

std::string Console::ErrTint(std::string_view text, Tint tint) const {
  return err_colour ? Coloured(text, tint) : std::string(text);
}

Console ProcessConsole() {
  const bool out_is_terminal = isatty(STDOUT_FILENO) == 1;
  const bool err_is_terminal = isatty(STDERR_FILENO) == 1;
  return Console{.out = std::cout,
                 .err = std::cerr,
                 .out_is_terminal = out_is_terminal,
                 .err_is_terminal = err_is_terminal,
                 .out_colour = ShowsColours(out_is_terminal),
                 .err_colour = ShowsColours(err_is_terminal),
                 .out_width = out_is_terminal ? TerminalWidth(STDOUT_FILENO) : 0,
                 .err_width = err_is_terminal ? TerminalWidth(STDERR_FILENO) : 0};
}

}  // namespace quartet::cli
