#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace quartet::identity {

enum class Underscores { kRefused, kAllowed };

// Lower-case ASCII form (RFC 5891, UTS 46 non-transitional) of a fully qualified host name in valid UTF-8, checked
// against RFC 1123: labels of letters, digits and inner hyphens, at most 63 characters each and 253 in all.
// Errors: INVALID_ARGUMENT `reason`.
Result<std::string> AsciiHost(std::string_view host, Underscores underscores, const std::string& reason);

}  // namespace quartet::identity
