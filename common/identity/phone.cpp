#include <phonenumbers/phonenumberutil.h>

#include "common/base/text.h"
#include "common/identity/identity.h"
#include "common/identity/unicode.h"

namespace quartet::identity {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

constexpr std::size_t kInputBytesMax = 250;
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
  if (text.size() > kInputBytesMax) return InvalidPhone("it is too long");
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
