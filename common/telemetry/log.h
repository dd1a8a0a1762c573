// common/telemetry: what a running process tells its operator: structured log
// lines on stderr (this header), once for a trouble that lasts (trouble.h), and
// counters (counters.h). Neither ever holds a
// secret or a person's data: log names of records, never their contents.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/base/result.h"

namespace quartet::telemetry {

enum class Level { kDebug, kInfo, kWarning, kError };

// "debug", "info", "warning" or "error". Errors: INVALID_ARGUMENT.
Result<Level> ParseLevel(std::string_view text);

// Lines below `level` are not written; info until set. Thread-safe.
void SetLogLevel(Level level);

// One key and its value. Numbers are written with fmt::to_string by the caller.
using Field = std::pair<std::string_view, std::string>;

// Writes one line, in one write, so that lines of several threads do not mix:
//   2026-01-31T12:00:00.123456Z INFO ready service=lead address=127.0.0.1:7400
// Values with spaces, quotes or control characters are quoted and escaped.
// `event` is a short constant text. Thread-safe.
void Log(Level level, std::string_view event, std::span<const Field> fields);
inline void Log(Level level, std::string_view event, std::initializer_list<Field> fields = {}) {
  Log(level, event, std::span<const Field>(fields.begin(), fields.size()));
}

inline void LogDebug(std::string_view event, std::initializer_list<Field> fields = {}) {
  Log(Level::kDebug, event, fields);
}
inline void LogInfo(std::string_view event, std::initializer_list<Field> fields = {}) {
  Log(Level::kInfo, event, fields);
}
inline void LogWarning(std::string_view event, std::initializer_list<Field> fields = {}) {
  Log(Level::kWarning, event, fields);
}
inline void LogError(std::string_view event, std::initializer_list<Field> fields = {}) {
  Log(Level::kError, event, fields);
}

// The text that Log would write, without the time: "INFO ready service=lead".
std::string FormatLine(Level level, std::string_view event, std::span<const Field> fields);
inline std::string FormatLine(Level level, std::string_view event, std::initializer_list<Field> fields) {
  return FormatLine(level, event, std::span<const Field>(fields.begin(), fields.size()));
}

}  // namespace quartet::telemetry
