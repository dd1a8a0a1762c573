#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace quartet::config {

// What stands for a service's name in a connection string.
inline constexpr std::string_view kServicePlace = "{service}";

// A libpq connection string or URI for one service: `text` with the service's
// name in its place. Errors: INVALID_ARGUMENT; the message never holds a part of
// the text, which may have a password in it.
Result<std::string> DatabaseTarget(std::string_view text, std::string_view service);

}  // namespace quartet::config
