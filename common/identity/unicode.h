#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"

// What the normal forms share; not for other folders.
namespace quartet::identity {

// INVALID_ARGUMENT with a message that fits a field violation's description.
Error Invalid(std::string reason, std::string message);

// NFKC, without what Unicode calls default-ignorable (zero-width characters, soft hyphens). `text` is valid UTF-8.
std::string ComposedForm(std::string_view text);

// ComposedForm in lower case, code point by code point, so that no letter becomes two.
std::string LowerComposedForm(std::string_view text);

// NFKD with full case folding, without the default-ignorable. `text` is valid UTF-8.
std::string FoldedDecomposedForm(std::string_view text);

// NFC. `text` is valid UTF-8.
std::string Recomposed(std::string_view text);

// Takes the first code point off `text`, which is valid UTF-8 and not empty.
std::int32_t TakeCodePoint(std::string_view& text);

void AppendCodePoint(std::int32_t code_point, std::string& text);

}  // namespace quartet::identity
