#pragma once

#include <string_view>
#include <vector>

namespace quartet::storage {

// The statements of `text`, without their semicolons; comments stay where they
// are. Knows '…' and "…" with doubled quotes, -- and /* */ comments; a text that
// ends without a semicolon ends its last statement.
std::vector<std::string_view> SplitStatements(std::string_view text);

}  // namespace quartet::storage
