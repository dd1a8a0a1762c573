#include "common/base/text.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace quartet {
namespace {

TEST(CountCodePoints, CountsCharactersNotBytes) {
  EXPECT_EQ(CountCodePoints(""), 0U);
  EXPECT_EQ(CountCodePoints("abc"), 3U);
  EXPECT_EQ(CountCodePoints("é€😀"), 3U);
  EXPECT_EQ(CountCodePoints(std::string("a\0b", 3)), 3U);
  EXPECT_EQ(CountCodePoints("\uFFFF\U0010FFFF"), 2U);
}

TEST(CountCodePoints, RefusesWhatIsNotUtf8) {
  for (const std::string text :
       {"\x80", "\xC3", "\xC3(", "\xC0\xAF", "\xC1\xBF", "\xE0\x9F\xBF", "\xE2\x82", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
        "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "ok\xF0\x9F\x98"}) {
    EXPECT_EQ(CountCodePoints(text), std::nullopt);
  }
}

TEST(Trim, TakesEveryKindOfSpaceOffBothEnds) {
  EXPECT_EQ(Trim(" \t\r\n a b \v\f"), "a b");
  EXPECT_EQ(Trim("\uFEFF\u00A0\u3000x\u200B\u2007"), "x");
  EXPECT_EQ(Trim(" \u00A0 "), "");
  EXPECT_EQ(Trim(""), "");
  EXPECT_EQ(Trim("\xFF \x80"), "\xFF \x80");
}

TEST(AsciiCase, LeavesOtherLettersAlone) {
  EXPECT_EQ(AsciiLower("AZaz09Ä"), "azaz09Ä");
  EXPECT_EQ(AsciiUpper("AZaz09ä"), "AZAZ09ä");
}

}  // namespace
}  // namespace quartet
