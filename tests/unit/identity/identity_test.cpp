#include "common/identity/identity.h"

#include <array>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartet::identity {
namespace {

using ::testing::HasSubstr;
using namespace std::string_literals;

// The normal form, or what is wrong in angle brackets: one text to compare with.
std::string Text(const Result<std::string>& result) {
  return result.ok() ? *result : "<" + result.error().message + ">";
}

TEST(Email, SpellingsOfOneAddressHaveOneForm) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"ann@example.com", "ann@example.com"},
      {" Ann.Lee@Example.COM\r\n", "ann.lee@example.com"},
      {"\u00A0ann@example.com\u200B", "ann@example.com"},
      {"ann+news@example.com", "ann+news@example.com"},
      {"ANN＠ｅxample.com", "ann@example.com"},
      {"kathrin@Bücher.example", "kathrin@xn--bcher-kva.example"},
      {"kathrin@xn--bcher-kva.example", "kathrin@xn--bcher-kva.example"},
      {"a@straße.de", "a@xn--strae-oqa.de"},
      {"ÄNNE@example.com", "änne@example.com"},
      {"A\u0308nne@example.com", "änne@example.com"},
      {"用户@例え.jp", "用户@xn--r8jz45g.jp"},
      {"\"ann\"@example.com", "ann@example.com"},
      {"\"Ann Lee\"@example.com", "\"ann lee\"@example.com"},
      {"\"a\\\"b\"@example.com", "\"a\\\"b\"@example.com"},
      {"\"a@b\"@example.com", "\"a@b\"@example.com"},
      {"o'neill@example.ie", "o'neill@example.ie"},
      {"x@sub.domain.example.co.uk", "x@sub.domain.example.co.uk"},
  };
  for (const auto& [given, wanted] : cases) EXPECT_EQ(Text(NormaliseEmail(given)), wanted) << given;
}

TEST(Email, WhatIsWrongIsSaid) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "empty"},
      {" \t", "empty"},
      {"not an address", "no '@'"},
      {"missing-at.example", "no '@'"},
      {"a@@b.example", "more than one '@'"},
      {"@example.com", "nothing before '@'"},
      {"ann@", "domain is missing"},
      {"ann@localhost", "no dot"},
      {"ann@example..com", "two dots"},
      {"ann@.example.com", "two dots"},
      {"ann@example.com.", "two dots"},
      {".ann@example.com", "dot at an end"},
      {"ann.@example.com", "dot at an end"},
      {"a..b@example.com", "two in a row"},
      {"ann lee@example.com", "a space"},
      {"ann@exa mple.com", "not a letter"},
      {"ann@exa_mple.com", "not a letter"},
      {"ann@-example.com", "hyphen"},
      {"ann@192.168.0.1", "IP address"},
      {"ann@[192.168.0.1]", "not a letter"},
      {"ann,lee@example.com", "not allowed"},
      {"Ann <ann@example.com>", "a space"},
      {"\"ann@example.com", "quotes"},
      {"\"@example.com", "quotes"},
      {"\"a\\\"@example.com", "quotes"},
      {"ann@exam\0ple.com"s, "not a letter"},
      {"a\0nn@example.com"s, "not allowed"},
      {"ann@\xFF\xFE.com", "UTF-8"},
      {"\xED\xA0\x80@example.com", "UTF-8"},
      {std::string(65, 'a') + "@example.com", "64"},
      {"a@" + std::string(64, 'b') + ".com", "63"},
      {std::string(3000, 'a'), "254"},
  };
  for (const auto& [given, wanted] : cases) {
    const Result<std::string> result = NormaliseEmail(given);
    ASSERT_FALSE(result.ok()) << given << " became " << *result;
    EXPECT_EQ(result.error().code, Code::kInvalidArgument);
    EXPECT_EQ(result.error().reason, "INVALID_EMAIL");
    EXPECT_THAT(result.error().message, HasSubstr(wanted)) << given;
  }
}

TEST(Email, TheLongestAddressAllowedIs254Characters) {
  const std::string domain = std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(57, 'd') + ".com";
  EXPECT_TRUE(NormaliseEmail(std::string(64, 'a') + "@" + domain).ok());
  EXPECT_FALSE(NormaliseEmail(std::string(64, 'a') + "@e" + domain).ok());
}

TEST(Phone, SpellingsOfOneNumberHaveOneForm) {
  struct Case {
    std::string_view given, region, wanted;
  };
  const std::vector<Case> cases = {
      {"+49 30 123456", "", "+4930123456"},
      {"(+49) 30 123456", "", "+4930123456"},
      {"+49-30-123456", "US", "+4930123456"},
      {"+49 (0)30 123456", "", "+4930123456"},
      {"0049 30 123456", "", "+4930123456"},
      {"0049 30 123456", "DE", "+4930123456"},
      {"030 123456", "DE", "+4930123456"},
      {"030 123456", "de", "+4930123456"},
      {"tel:+1-202-555-0143", "", "+12025550143"},
      {"(202) 555-0143", "US", "+12025550143"},
      {"1-800-FLOWERS", "US", "+18003569377"},
      {"+39 06 698 1234", "", "+39066981234"},
      {"＋８１ ３ １２３４ ５６７８", "", "+81312345678"},
      {" +44 20 7946 0958 ", "", "+442079460958"},
      {"+7 (495) 123-45-67", "", "+74951234567"},
  };
  for (const Case& c : cases) EXPECT_EQ(Text(NormalisePhone(c.given, c.region)), c.wanted) << c.given;
}

TEST(Phone, WhatIsWrongIsSaid) {
  struct Case {
    std::string given;
    std::string_view region, wanted;
  };
  const std::vector<Case> cases = {
      {"", "DE", "empty"},
      {"  ", "", "empty"},
      {"call me", "DE", "not a phone number"},
      {"030 123456", "", "country calling code"},
      {"030 123456", "XX", "country calling code"},
      {"+999 123456", "", "country calling code"},
      {"+49 1", "", "too few"},
      {"+1 202 555 01430000", "", "too many"},
      {"555-0143", "US", "area code"},
      {"+1 202 555 0143 ext. 12", "", "extension"},
      {"\xFF\xFE", "US", "UTF-8"},
      {std::string(300, '1'), "US", "too long"},
      {"+49 30 \0 123456"s, "", ""},
  };
  for (const Case& c : cases) {
    const Result<std::string> result = NormalisePhone(c.given, c.region);
    if (c.wanted.empty()) continue;
    ASSERT_FALSE(result.ok()) << c.given << " became " << *result;
    EXPECT_EQ(result.error().reason, "INVALID_PHONE");
    EXPECT_THAT(result.error().message, HasSubstr(std::string(c.wanted))) << c.given;
  }
}

TEST(Domain, AWebSiteIsReducedToItsRegistrableDomain) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"https://www.Example.co.uk/x", "example.co.uk"},
      {"http://example.com", "example.com"},
      {"HTTPS://EXAMPLE.COM:8443/a?b=c#d", "example.com"},
      {"www.example.com", "example.com"},
      {" example.com. ", "example.com"},
      {"shop.zotware.example/", "zotware.example"},
      {"https://user:secret@www.example.com/", "example.com"},
      {"example.com?next=https://other.org", "example.com"},
      {"https://www.bücher.example/regal", "xn--bcher-kva.example"},
      {"www.公司.cn", "www.xn--55qx5d.cn"},
      {"a.b.公司.cn", "b.xn--55qx5d.cn"},
      {"my_shop.example.com", "example.com"},
      {"ann.github.io", "ann.github.io"},
      {"github.io", "github.io"},
  };
  for (const auto& [given, wanted] : cases) EXPECT_EQ(Text(NormaliseDomain(given)), wanted) << given;
}

TEST(Domain, WhatIsWrongIsSaid) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "empty"},
      {"ftp://example.com", "https://"},
      {"mailto:ann@example.com", "e-mail address"},
      {"ann@example.com", "e-mail address"},
      {"https://", "missing"},
      {"n/a", "no dot"},
      {"https:\\\\example.com", "no dot"},
      {"http://localhost:80", "no dot"},
      {"co.uk", "open to everybody"},
      {"http://10.0.0.1/", "IP address"},
      {"http://[::1]/", "IP address"},
      {"my company.com", "not a letter"},
      {"https://exa%6Dple.com", "not a letter"},
      {"a\0b.com"s, "not a letter"},
      {"\xC3\x28.com", "UTF-8"},
      {std::string(300, 'a') + ".com", "longer than"},
  };
  for (const auto& [given, wanted] : cases) {
    const Result<std::string> result = NormaliseDomain(given);
    ASSERT_FALSE(result.ok()) << given << " became " << *result;
    EXPECT_EQ(result.error().reason, "INVALID_WEBSITE");
    EXPECT_THAT(result.error().message, HasSubstr(wanted)) << given;
  }
}

TEST(Domain, FreeMailNamesNoCompany) {
  EXPECT_EQ(CompanyDomainOfEmail("ann@mail.example.co.uk"), "example.co.uk");
  for (const std::string_view address :
       {"a@gmail.com", "a@googlemail.com", "a@outlook.com", "a@hotmail.fr", "a@yahoo.co.jp", "a@yahoo.com",
        "a@icloud.com", "a@gmx.de", "a@gmx.at", "a@web.de", "a@proton.me", "a@mail.ru", "a@qq.com", "a@163.com",
        "no address", "a@com"}) {
    EXPECT_EQ(CompanyDomainOfEmail(address), std::nullopt) << address;
  }
}

TEST(Domain, APageOnASharedPlatformNamesNoCompany) {
  EXPECT_EQ(CompanyDomainOfWebsite("https://www.example.com/about"), "example.com");
  for (const std::string_view website :
       {"https://www.facebook.com/acme", "linkedin.com/company/acme", "gmail.com", "not a site", ""}) {
    EXPECT_EQ(CompanyDomainOfWebsite(website), std::nullopt) << website;
  }
}

TEST(CompanyName, SpellingsOfOneCompanyHaveOneForm) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"ACME, Inc.", "acme"},
      {"Acme Corporation", "acme"},
      {"acme", "acme"},
      {"Acme™ L.L.C.", "acme"},
      {"Acme (Holding) GmbH & Co. KG", "acmeholding"},
      {"Acme A/S", "acme"},
      {"Acme S. A. de C. V.", "acme"},
      {"Acme Sp. z o.o.", "acme"},
      {"Acme Pty Ltd", "acme"},
      {"ＡＣＭＥ", "acme"},
      {"Müller & Söhne AG", "mullerandsohne"},
      {"Muller and Sohne", "mullerandsohne"},
      {"Straße", "strasse"},
      {"McDonald's", "mcdonalds"},
      {"Ron-tech", "rontech"},
      {"Gekko & Co", "gekko"},
      {"The New York Inquirer", "thenewyorkinquirer"},
      {"Limited", "limited"},
      {"Co & Co", "co"},
      {"トヨタ自動車株式会社", "トヨタ自動車"},
      {"㈱ガスト", "ガスト"},
      {"华为技术有限公司", "华为技术"},
      {"ООО «Ромашка»", "ромашка"},
      {"삼성전자 주식회사", "삼성전자"},
      {"C#", "c#"},
      {"Canal+", "canal+"},
      {"", ""},
      {" .,- ", ""},
      {"\xFF\xFE", ""},
  };
  for (const auto& [given, wanted] : cases) EXPECT_EQ(NormaliseCompanyName(given), wanted) << given;
}

TEST(CompanyName, VoicedKanaAndIndicVowelsStayDistinct) {
  EXPECT_NE(NormaliseCompanyName("ガス"), NormaliseCompanyName("カス"));
  EXPECT_NE(NormaliseCompanyName("मूल"), NormaliseCompanyName("मल"));
}

// Texts made of what the normal forms treat specially, and of any bytes.
std::string RandomText(std::mt19937& random) {
  static const std::vector<std::string> kPieces = {
      "a",  "B",    "ß",    "İ",    "e\u0301", "\u0301", "\u0345", "ガ",        "株式会社", "가",  "ﬀ",   "＠",   "@",
      ".",  "..",   "-",    "_",    " ",       "\t",     "\u00A0", "&",         " and ",    " co", "inc", "gmbh", "+",
      "0",  "00",   "1",    "2079", "49",      "(0)",    "://",    "http",      "/",        ":",   "[",   "]",    "\"",
      "\\", "\xFF", "\xC3", "xn--", "www.",    ".com",   ".co.uk", "github.io", "bücher",   "。",  "™",   "'",    "ext",
      "x",  ";",    "#",    "*",    "tel:",    "\u200B", "\u00AD", "\u0130",    "ς",        "Σ"};
  std::string text;
  const auto pick = [&](std::size_t count) { return std::uniform_int_distribution<std::size_t>(0, count - 1)(random); };
  for (std::size_t i = pick(12); i > 0; --i) {
    if (pick(8) == 0) {
      text.push_back(static_cast<char>(pick(256)));
    } else {
      text += kPieces[pick(kPieces.size())];
    }
  }
  return text;
}

void ExpectStable(const std::string& text) {
  if (const Result<std::string> email = NormaliseEmail(text); email.ok()) {
    EXPECT_EQ(Text(NormaliseEmail(*email)), *email) << text;
  }
  for (const std::string_view region : {"", "US", "DE", "IT", "RU"}) {
    if (const Result<std::string> phone = NormalisePhone(text, region); phone.ok()) {
      EXPECT_EQ(Text(NormalisePhone(*phone, region)), *phone) << text;
      EXPECT_EQ(Text(NormalisePhone(*phone, "")), *phone) << text;
    }
  }
  if (const Result<std::string> domain = NormaliseDomain(text); domain.ok()) {
    EXPECT_EQ(Text(NormaliseDomain(*domain)), *domain) << text;
  }
  const std::string company = NormaliseCompanyName(text);
  EXPECT_EQ(NormaliseCompanyName(company), company) << text;
}

TEST(AnyIdentity, NormalisingTwiceChangesNothingAndNothingCrashes) {
  std::mt19937 random(20260101);
  for (int i = 0; i < 20'000 && !::testing::Test::HasFailure(); ++i) ExpectStable(RandomText(random));
}

TEST(AnyIdentity, NumbersOfEveryCountryAreStable) {
  std::mt19937 random(7);
  std::uniform_int_distribution<int> digit(0, 9);
  for (int i = 0; i < 20'000 && !::testing::Test::HasFailure(); ++i) {
    std::string number = "+";
    for (int length = 5 + i % 11; length > 0; --length) number.push_back(static_cast<char>('0' + digit(random)));
    ExpectStable(number);
  }
}

}  // namespace
}  // namespace quartet::identity
