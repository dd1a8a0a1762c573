#include "common/telemetry/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace quartet::telemetry {
namespace {

constexpr std::array<std::string_view, 4> kNames = {"debug", "info", "warning", "error"};
constexpr std::array<std::string_view, 4> kLabels = {"DEBUG", "INFO", "WARNING", "ERROR"};

// The one state of the process's log; stderr itself is no less global.
std::atomic<Level> log_level{Level::kInfo};

void AppendValue(std::string& line, std::string_view value) {
  const bool plain =
      !value.empty() && value.find_first_of(" \"=\\") == std::string_view::npos &&
      std::none_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 32; });
  if (plain) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (c == '\n') {
      line += "\\n";
    } else if (static_cast<unsigned char>(c) < 32) {
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      line += c;
    }
  }
  line += '"';
}

}  // namespace

Result<Level> ParseLevel(std::string_view text) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == text) return static_cast<Level>(i);
  }
  return InvalidArgument({{"log_level", fmt::format("'{}' is none of debug, info, warning, error", text)}});
}

void SetLogLevel(Level level) {
  log_level.store(level, std::memory_order_relaxed);
}

std::string FormatLine(Level level, std::string_view event, std::span<const Field> fields) {
  std::string line(kLabels[static_cast<std::size_t>(level)]);
  line += ' ';
  line += event;
  for (const auto& [key, value] : fields) {
    line += ' ';
    line += key;
    line += '=';
    AppendValue(line, value);
  }
  return line;
}

void Log(Level level, std::string_view event, std::span<const Field> fields) {
  if (level < log_level.load(std::memory_order_relaxed)) return;
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  const auto micros = now.time_since_epoch().count() % 1'000'000;
  const std::string line =
      fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z {}\n", fmt::gmtime(std::chrono::system_clock::to_time_t(now)), micros,
                  FormatLine(level, event, fields));
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return;  // There is nowhere left to say that the log cannot be written.
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace quartet::telemetry
