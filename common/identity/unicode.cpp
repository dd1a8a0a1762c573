#include "common/identity/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <new>

#include "common/base/text.h"

namespace quartet::identity {
namespace {

std::string Map(std::string_view text, int options) {
  utf8proc_uint8_t* mapped = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &mapped, static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, &std::free);
  // Valid UTF-8 fails only for want of memory.
  if (size < 0) throw std::bad_alloc();
  return std::string(reinterpret_cast<const char*>(mapped), static_cast<std::size_t>(size));
}

// Most text is ASCII, whose normal forms are itself, at most in lower case.
bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

Error Invalid(std::string reason, std::string message) {
  return Error{.code = Code::kInvalidArgument, .reason = std::move(reason), .message = std::move(message)};
}

std::string ComposedForm(std::string_view text) {
  if (IsAscii(text)) return std::string(text);
  return Map(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_IGNORE);
}

std::string LowerComposedForm(std::string_view text) {
  if (IsAscii(text)) return AsciiLower(text);
  const std::string composed = ComposedForm(text);
  std::string lower;
  lower.reserve(composed.size());
  for (std::string_view rest = composed; !rest.empty();) {
    AppendCodePoint(utf8proc_tolower(TakeCodePoint(rest)), lower);
  }
  return ComposedForm(lower);
}

std::string FoldedDecomposedForm(std::string_view text) {
  if (IsAscii(text)) return AsciiLower(text);
  return Map(text, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE);
}

std::string Recomposed(std::string_view text) {
  if (IsAscii(text)) return std::string(text);
  return Map(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

std::int32_t TakeCodePoint(std::string_view& text) {
  utf8proc_int32_t code_point = 0;
  const utf8proc_ssize_t size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()),
                                                 static_cast<utf8proc_ssize_t>(text.size()), &code_point);
  text.remove_prefix(static_cast<std::size_t>(size));
  return code_point;
}

void AppendCodePoint(std::int32_t code_point, std::string& text) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const utf8proc_ssize_t size = utf8proc_encode_char(code_point, bytes.data());
  text.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

}  // namespace quartet::identity
