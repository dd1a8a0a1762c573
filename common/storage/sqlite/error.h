#pragma once

#include <string_view>

#include "common/base/result.h"

namespace quartet::storage {

// The error that a caller may see for SQLite's extended result code `code`; it
// never carries the statement's text. `detail` is SQLite's own message, kept only
// where it speaks of the environment and not of the statement.
Error SqliteError(int code, std::string_view detail);

}  // namespace quartet::storage
