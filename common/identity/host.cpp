#include "common/identity/host.h"

#include <idn2.h>

#include <algorithm>
#include <memory>

#include "common/base/text.h"
#include "common/identity/unicode.h"

namespace quartet::identity {
namespace {

constexpr std::size_t kHostBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 63;
// More than any host name needs in UTF-8 before its conversion; keeps a hostile one from costing time.
constexpr std::size_t kUnicodeHostBytesMax = 1024;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool IsHostCharacter(char c, Underscores underscores) {
  return (c >= 'a' && c <= 'z') || IsDigit(c) || c == '-' || (c == '_' && underscores == Underscores::kAllowed);
}

Result<std::string> ConvertToAscii(std::string_view host, const std::string& reason) {
  std::uint8_t* converted = nullptr;
  const std::string terminated(host);
  const int code = idn2_lookup_u8(reinterpret_cast<const std::uint8_t*>(terminated.c_str()), &converted,
                                  IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<std::uint8_t, decltype(&idn2_free)> owner(converted, &idn2_free);
  if (code != IDN2_OK) return Invalid(reason, std::string("the domain is not valid: ") + idn2_strerror(code));
  return AsciiLower(reinterpret_cast<const char*>(converted));
}

Status CheckLabel(std::string_view label, Underscores underscores, const std::string& reason) {
  if (label.empty()) return Invalid(reason, "the domain has two dots in a row, or one at an end");
  if (label.size() > kLabelBytesMax) return Invalid(reason, "a part of the domain is longer than 63 characters");
  if (!std::all_of(label.begin(), label.end(), [&](char c) { return IsHostCharacter(c, underscores); })) {
    return Invalid(reason, "the domain has a character that is not a letter, a digit or a hyphen");
  }
  if (label.front() == '-' || label.back() == '-') {
    return Invalid(reason, "a part of the domain begins or ends with a hyphen");
  }
  return {};
}

}  // namespace

Result<std::string> AsciiHost(std::string_view host, Underscores underscores, const std::string& reason) {
  if (host.empty()) return Invalid(reason, "the domain is missing");
  if (host.size() > kUnicodeHostBytesMax) return Invalid(reason, "the domain is longer than 253 characters");
  std::string ascii = AsciiLower(host);
  const auto is_plain = [](char c) { return c > 0; };
  if (!std::all_of(ascii.begin(), ascii.end(), is_plain) && ascii.find('\0') == std::string::npos) {
    QUARTET_ASSIGN_OR_RETURN(ascii, ConvertToAscii(host, reason));
  }
  if (ascii.size() > kHostBytesMax) return Invalid(reason, "the domain is longer than 253 characters");
  std::string_view last;
  for (std::string_view rest = ascii;;) {
    const std::size_t dot = rest.find('.');
    last = rest.substr(0, dot);
    QUARTET_RETURN_IF_ERROR(CheckLabel(last, underscores, reason));
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (last.size() == ascii.size()) return Invalid(reason, "the domain has no dot; it looks like example.com");
  if (std::all_of(last.begin(), last.end(), IsDigit)) return Invalid(reason, "the domain is an IP address");
  return ascii;
}

}  // namespace quartet::identity
