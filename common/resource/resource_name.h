#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quartet::resource {

// "leads" and a UUID make "leads/{uuid}" (AIP-122).
std::string NameOf(std::string_view collection, std::string_view id);

// The part of a name after its '/'; the whole text if there is none.
std::string IdOf(std::string_view name);

// The id in `name` if that is "{collection}/{uuid}", otherwise nothing.
std::optional<std::string> ParseName(std::string_view collection, std::string_view name);

}  // namespace quartet::resource
