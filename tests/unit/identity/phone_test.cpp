#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <phonenumbers/phonenumberutil.h>

#include "common/identity/identity.h"

namespace quartet::identity {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

// The normal form of a number in international form by the library alone.
std::optional<std::string> ByLibrary(std::string text) {
  const PhoneNumberUtil& library = *PhoneNumberUtil::GetInstance();
  for (int reading = 0; reading < 10; ++reading) {
    PhoneNumber number;
    if (library.Parse(text, "ZZ", &number) != PhoneNumberUtil::NO_PARSING_ERROR) return std::nullopt;
    if (library.IsPossibleNumberWithReason(number) != PhoneNumberUtil::IS_POSSIBLE) return std::nullopt;
    std::string normalised;
    library.Format(number, PhoneNumberUtil::E164, &normalised);
    if (normalised == text) return normalised;
    text = normalised;
  }
  return std::nullopt;
}

// With some of the space that people write between digits, as often as without.
class Spelling {
 public:
  explicit Spelling(unsigned seed) : random_(seed) {}

  std::string Of(std::string_view digits) {
    const bool has_space = random_() % 2 == 0;
    std::string text = "+";
    for (const char digit : digits) {
      if (has_space && random_() % 4 == 0) text.push_back(" -()"[random_() % 4]);
      text.push_back(digit);
    }
    return text;
  }

  std::string Digits(std::size_t count) {
    std::string digits;
    while (digits.size() < count) digits.push_back(static_cast<char>('0' + random_() % 10));
    return digits;
  }

 private:
  std::mt19937 random_;
};

TEST(Phone, NumbersOfEveryCountryAreReadAsTheLibraryReadsThem) {
  std::set<int> calling_codes;
  PhoneNumberUtil::GetInstance()->GetSupportedCallingCodes(&calling_codes);
  ASSERT_GT(calling_codes.size(), 200U);
  Spelling spelling(20261122);
  constexpr std::size_t kLengthMax = 16;
  for (const int code : calling_codes) {
    for (int start = 0; start < 100; ++start) {
      for (std::size_t more = start % 3; more < kLengthMax - 4; more += 3) {
        const std::string digits =
            std::to_string(code) + std::to_string(start / 10) + std::to_string(start % 10) + spelling.Digits(more);
        const std::string text = spelling.Of(digits);
        const Result<std::string> normalised = NormalisePhone(text, start % 2 == 0 ? "" : "DE");
        ASSERT_EQ(normalised.ok() ? std::optional(*normalised) : std::nullopt, ByLibrary(text)) << text;
      }
    }
  }
}

TEST(Phone, AnyDigitsAreReadAsTheLibraryReadsThem) {
  Spelling spelling(7);
  for (std::size_t i = 0; i < 20'000; ++i) {
    const std::string text = spelling.Of(spelling.Digits(i % 19));
    const Result<std::string> normalised = NormalisePhone(text, "");
    ASSERT_EQ(normalised.ok() ? std::optional(*normalised) : std::nullopt, ByLibrary(text)) << text;
  }
}

}  // namespace
}  // namespace quartet::identity
