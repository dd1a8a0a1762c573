#include <utf8proc.h>

#include <algorithm>
#include <optional>

#include "common/base/text.h"
#include "common/identity/host.h"
#include "common/identity/identity.h"
#include "common/identity/unicode.h"

namespace quartet::identity {
namespace {

constexpr std::size_t kAddressBytesMax = 254;
constexpr std::size_t kLocalPartBytesMax = 64;
// Bounds the work that a hostile address costs; no valid one is as long in any spelling.
constexpr std::size_t kEmailInputBytesMax = 2048;
constexpr std::string_view kLooksLike = "; an e-mail address looks like name@example.com";

Error InvalidEmail(std::string_view what) {
  return Invalid("INVALID_EMAIL", std::string(what));
}

bool IsSpaceOrControl(std::int32_t code_point) {
  switch (utf8proc_category(code_point)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CO:
      return true;
    default:
      return false;
  }
}

// What may stand in an unquoted local part: RFC 5322 atext, and RFC 6531 beyond ASCII.
bool IsAtomCharacter(std::int32_t code_point) {
  if (code_point >= 0x80) return !IsSpaceOrControl(code_point);
  const char c = static_cast<char>(code_point);
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

Status CheckDotAtom(std::string_view local) {
  if (local.starts_with('.') || local.ends_with('.') || local.find("..") != std::string_view::npos) {
    return InvalidEmail("there is a dot at an end of the part before '@', or two in a row");
  }
  for (std::string_view rest = local; !rest.empty();) {
    const std::int32_t code_point = TakeCodePoint(rest);
    if (code_point == '@') return InvalidEmail("there is more than one '@'");
    if (code_point == ' ') return InvalidEmail("there is a space in it");
    if (code_point != '.' && !IsAtomCharacter(code_point)) {
      return InvalidEmail("the part before '@' has a character that is not allowed there");
    }
  }
  return {};
}

// What a quoted local part (RFC 5321 4.1.2) means, without quotes and backslashes; nothing if it is malformed.
std::optional<std::string> Unquote(std::string_view quoted) {
  if (quoted.size() < 3) return std::nullopt;
  std::string meaning;
  for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
    if (quoted[i] == '"') return std::nullopt;
    if (quoted[i] == '\\' && ++i + 1 == quoted.size()) return std::nullopt;
    meaning.push_back(quoted[i]);
  }
  for (std::string_view rest = meaning; !rest.empty();) {
    const std::int32_t code_point = TakeCodePoint(rest);
    if (code_point != ' ' && IsSpaceOrControl(code_point)) return std::nullopt;
  }
  return meaning;
}

// Two spellings that RFC 5321 calls equivalent get one form: quotes stay only where they are needed.
Result<std::string> NormaliseLocalPart(std::string_view local) {
  if (local.empty()) return InvalidEmail(std::string("there is nothing before '@'").append(kLooksLike));
  if (!local.starts_with('"')) {
    QUARTET_RETURN_IF_ERROR(CheckDotAtom(local));
    return std::string(local);
  }
  const std::optional<std::string> meaning = local.ends_with('"') ? Unquote(local) : std::nullopt;
  if (!meaning) return InvalidEmail("the quotes before '@' are not right");
  if (CheckDotAtom(*meaning).ok()) return *meaning;
  std::string quoted = "\"";
  for (const char c : *meaning) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + '"';
}

}  // namespace

Result<std::string> NormaliseEmail(std::string_view address) {
  if (address.size() > kEmailInputBytesMax) return InvalidEmail("it is longer than 254 characters");
  if (!CountCodePoints(address)) return InvalidEmail("it is not valid UTF-8");
  const std::string composed = ComposedForm(Trim(address));
  const std::string_view text = Trim(composed);
  if (text.empty()) return InvalidEmail("it is empty");
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos) return InvalidEmail(std::string("there is no '@'").append(kLooksLike));
  QUARTET_ASSIGN_OR_RETURN(std::string local, NormaliseLocalPart(LowerComposedForm(text.substr(0, at))));
  QUARTET_ASSIGN_OR_RETURN(const std::string domain,
                           AsciiHost(text.substr(at + 1), Underscores::kRefused, "INVALID_EMAIL"));
  if (local.size() > kLocalPartBytesMax) return InvalidEmail("the part before '@' is longer than 64 characters");
  if (local.size() + 1 + domain.size() > kAddressBytesMax) return InvalidEmail("it is longer than 254 characters");
  return local + '@' + domain;
}

}  // namespace quartet::identity
