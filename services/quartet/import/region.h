#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quartet::cli {

// The CLDR region code ("DE") that a country's cell names: the code itself in any case, a name in English, German,
// French, Spanish, Italian, Portuguese or Dutch as Unicode's CLDR has it, or a usual short form ("USA", "UK"). Case,
// blanks and points do not matter. Nothing if it names none.
std::optional<std::string> RegionCode(std::string_view country);

}  // namespace quartet::cli
