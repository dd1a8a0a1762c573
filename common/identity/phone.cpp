#include <algorithm>
#include <array>
#include <optional>

#include <phonenumbers/phonenumberutil.h>

#include "common/base/text.h"
#include "common/identity/identity.h"
#include "common/identity/unicode.h"

namespace quartet::identity {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

constexpr std::size_t kPhoneInputBytesMax = 250;
constexpr int kReadingsMax = 10;
// libphonenumber's name for "no country".
constexpr std::string_view kNoRegion = "ZZ";

Error InvalidPhone(std::string_view what) {
  return Invalid("INVALID_PHONE", std::string(what));
}

Error ParseError(PhoneNumberUtil::ErrorType error, bool has_region) {
  switch (error) {
    case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR:
      return has_region ? InvalidPhone("it has no known country calling code")
                        : InvalidPhone(
                              "it has no known country calling code; write it as +49 30 123456, or give the address a "
                              "region code");
    case PhoneNumberUtil::TOO_SHORT_AFTER_IDD:
    case PhoneNumberUtil::TOO_SHORT_NSN:
      return InvalidPhone("it has too few digits");
    case PhoneNumberUtil::TOO_LONG_NSN:
      return InvalidPhone("it has too many digits");
    case PhoneNumberUtil::NOT_A_NUMBER:
    case PhoneNumberUtil::NO_PARSING_ERROR:
      break;
  }
  return InvalidPhone("it is not a phone number");
}

Status CheckPossible(const PhoneNumber& number) {
  switch (PhoneNumberUtil::GetInstance()->IsPossibleNumberWithReason(number)) {
    case PhoneNumberUtil::IS_POSSIBLE:
      return {};
    case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY:
      return InvalidPhone("it lacks its area code");
    case PhoneNumberUtil::TOO_SHORT:
      return InvalidPhone("it has too few digits for its country");
    case PhoneNumberUtil::TOO_LONG:
      return InvalidPhone("it has too many digits for its country");
    case PhoneNumberUtil::INVALID_LENGTH:
      return InvalidPhone("no number of its country has that many digits");
    case PhoneNumberUtil::INVALID_COUNTRY_CODE:
      break;
  }
  return InvalidPhone("it has no known country calling code");
}

// The digits that a national prefix, with which some write even a number in international form, may begin with where
// that is not 0 alone. (0 may also be the number's own, which the library must tell.) This is all the fast path knows
// of the countries' plans, and a test asks the library about each of them.
struct Prefixes {
  int calling_code;
  std::string_view first_digits;
};
constexpr std::string_view kUsualPrefix = "0";
constexpr std::array kOtherPrefixes = {
    Prefixes{1, "01"},    Prefixes{7, "08"},   Prefixes{52, "01"},  Prefixes{54, "0123456789"},
    Prefixes{55, "09"},   Prefixes{61, "01"},  Prefixes{86, "01"},  Prefixes{261, "0123456789"},
    Prefixes{298, "01"},  Prefixes{352, "01"}, Prefixes{370, "08"}, Prefixes{375, "08"},
    Prefixes{378, "089"}, Prefixes{423, "01"}, Prefixes{506, "01"}, Prefixes{672, "0123456789"},
    Prefixes{692, "01"},  Prefixes{993, "08"}, Prefixes{998, "08"},
};

bool MayBeginPrefix(int calling_code, char digit) {
  const auto* other = std::ranges::find(kOtherPrefixes, calling_code, &Prefixes::calling_code);
  return (other == kOtherPrefixes.end() ? kUsualPrefix : other->first_digits).find(digit) != std::string_view::npos;
}

bool IsCallingCode(int code) {
  std::string region;
  PhoneNumberUtil::GetInstance()->GetRegionCodeForCountryCode(code, &region);
  return region != kNoRegion;
}

// The normal form of a number in international form, of plain digits with the usual space between them, whose digits
// are all its own; nothing for all others. What the library would say too, but by regular expressions, twenty times as
// slow.
std::optional<std::string> ReadPlain(std::string_view text) {
  constexpr std::size_t kDigitsMax = 15;
  constexpr std::size_t kCallingCodeDigitsMax = 3;
  if (!text.starts_with('+')) return std::nullopt;
  std::string normalised = "+";
  for (const char c : text.substr(1)) {
    if (c >= '0' && c <= '9') {
      normalised.push_back(c);
    } else if (c != ' ' && c != '-' && c != '(' && c != ')') {
      return std::nullopt;
    }
  }
  if (normalised.size() - 1 > kDigitsMax) return std::nullopt;
  int code = 0;
  std::size_t national = 1;
  while (national < normalised.size() && national <= kCallingCodeDigitsMax) {
    code = 10 * code + (normalised[national++] - '0');
    if (code == 0) return std::nullopt;
    if (IsCallingCode(code)) break;
  }
  // Two digits at least, and the library knows what is wrong with fewer.
  if (normalised.size() < national + 2 || !IsCallingCode(code) || MayBeginPrefix(code, normalised[national]))
    return std::nullopt;
  PhoneNumber number;
  number.set_country_code(code);
  number.set_national_number(std::stoull(normalised.substr(national)));
  if (PhoneNumberUtil::GetInstance()->IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE)
    return std::nullopt;
  return normalised;
}

// `text` in E.164 form, read once.
Result<std::string> Read(const std::string& text, std::string_view region) {
  const PhoneNumberUtil& library = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  const std::string country = region.empty() ? std::string(kNoRegion) : AsciiUpper(region);
  const PhoneNumberUtil::ErrorType error = library.Parse(text, country, &number);
  if (error != PhoneNumberUtil::NO_PARSING_ERROR) return ParseError(error, !region.empty());
  if (number.has_extension()) {
    return InvalidPhone("it has an extension, which cannot be kept; leave it out, or put it into the label");
  }
  QUARTET_RETURN_IF_ERROR(CheckPossible(number));
  std::string normalised;
  library.Format(number, PhoneNumberUtil::E164, &normalised);
  return normalised;
}

}  // namespace

Result<std::string> NormalisePhone(std::string_view number, std::string_view region) {
  if (!CountCodePoints(number)) return InvalidPhone("it is not valid UTF-8");
  std::string text(Trim(number));
  if (text.empty()) return InvalidPhone("it is empty");
  if (text.size() > kPhoneInputBytesMax) return InvalidPhone("it is too long");
  if (std::optional<std::string> plain = ReadPlain(text)) return *std::move(plain);
  // Without a country "00" can only be the usual prefix of international calls.
  if (region.empty() && text.starts_with("00")) text.replace(0, 2, "+");

  // A reading takes one national prefix off; what it leaves may look as if it began with another ("+43 00…"). Only what
  // reads as itself is a normal form.
  for (int reading = 0; reading < kReadingsMax; ++reading) {
    QUARTET_ASSIGN_OR_RETURN(std::string normalised, Read(text, region));
    if (normalised == text) return normalised;
    text = std::move(normalised);
  }
  return InvalidPhone("it can be read in more than one way");
}

}  // namespace quartet::identity
