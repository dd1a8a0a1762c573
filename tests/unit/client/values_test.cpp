#include "services/quartet/values/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "quartet/lead/v1/lead.pb.h"
#include "quartet/qualification/v1/qualification.pb.h"

namespace quartet::cli {
namespace {

using ::testing::HasSubstr;

// "number currency" of what was read, or "wrong".
std::string Money(std::string_view text, NumberStyle style = NumberStyle::kDecimalPoint,
                  std::string_view currency = "EUR") {
  const auto money = ParseMoney(text, currency, style);
  return money.ok() ? AmountText(*money) + " " + money->currency_code() : "wrong";
}

std::string Date(std::string_view text) {
  const auto date = ParseDate(text);
  return date.ok() ? DateText(*date) : "wrong";
}

TEST(CliMoney, IsReadAsPeopleAndSpreadsheetsWriteIt) {
  EXPECT_EQ(Money("25100"), "25100 EUR");
  EXPECT_EQ(Money(" 1,234.50 "), "1234.5 EUR");
  EXPECT_EQ(Money("1,234"), "1234 EUR");
  EXPECT_EQ(Money("12,34"), "12.34 EUR");
  EXPECT_EQ(Money("1.234,50"), "1234.5 EUR");
  EXPECT_EQ(Money("1 234 567"), "1234567 EUR");
  EXPECT_EQ(Money("1'234.50"), "1234.5 EUR");
  EXPECT_EQ(Money("3600.0000"), "3600 EUR");
  EXPECT_EQ(Money("0"), "0 EUR");
  EXPECT_EQ(Money("0.05"), "0.05 EUR");
  EXPECT_EQ(Money("999999999999999999"), "999999999999999999 EUR");
}

TEST(CliMoney, InAFileWithDecimalCommasThePointGroups) {
  EXPECT_EQ(Money("1.234", NumberStyle::kDecimalComma), "1234 EUR");
  EXPECT_EQ(Money("1,234", NumberStyle::kDecimalComma), "1.234 EUR");
  EXPECT_EQ(Money("1234.50", NumberStyle::kDecimalComma), "1234.5 EUR");
}

TEST(CliMoney, TheCurrencyWrittenWinsOverTheDefault) {
  EXPECT_EQ(Money("$1,200"), "1200 USD");
  EXPECT_EQ(Money("1200 gbp"), "1200 GBP");
  EXPECT_EQ(Money("USD 1200"), "1200 USD");
  EXPECT_EQ(Money("12 €"), "12 EUR");
  EXPECT_EQ(Money("12", NumberStyle::kDecimalPoint, ""), "12 ");
}

TEST(CliMoney, NegativeAmountsKeepTheirSignInBothParts) {
  const auto money = ParseMoney("-5.25", "EUR");
  ASSERT_TRUE(money.ok());
  EXPECT_EQ(money->units(), -5);
  EXPECT_EQ(money->nanos(), -250'000'000);
  EXPECT_EQ(Money("-$5"), "-5 USD");
}

TEST(CliMoney, WhatIsNoNumberIsRefusedWithTheText) {
  for (const char* text : {"lots", "1e999", "", "1,23,456", "12.3.4", "1..2", "EUR", "--5", "0x10", "NaN",
                           "1.0000000001", "1000000000000000000"}) {
    EXPECT_EQ(Money(text), "wrong") << text;
  }
  EXPECT_THAT(ParseMoney("lots", "EUR").error().violations[0].description, HasSubstr("\"lots\""));
}

TEST(CliMoney, IsShownWithGroupsAndTwoDecimals) {
  google::type::Money money;
  money.set_currency_code("EUR");
  money.set_units(1234567);
  EXPECT_EQ(MoneyText(money), "1,234,567 EUR");
  money.set_nanos(500'000'000);
  EXPECT_EQ(MoneyText(money), "1,234,567.50 EUR");
  EXPECT_EQ(AmountText(money), "1234567.5");
  money.set_units(-100);
  money.set_nanos(0);
  EXPECT_EQ(MoneyText(money), "-100 EUR");
}

TEST(CliDate, IsReadInTheOrdersThatCanBeToldApart) {
  EXPECT_EQ(Date("2025-03-31"), "2025-03-31");
  EXPECT_EQ(Date("2025/03/31"), "2025-03-31");
  EXPECT_EQ(Date("31.03.2025"), "2025-03-31");
  EXPECT_EQ(Date("3/31/2025"), "2025-03-31");
  EXPECT_EQ(Date("31/3/2025"), "2025-03-31");
  EXPECT_EQ(Date("4/4/2025"), "2025-04-04");
  EXPECT_EQ(Date("2025-03-31T09:30:00Z"), "2025-03-31");
  EXPECT_EQ(Date("2025-03-31 00:00"), "2025-03-31");
}

TEST(CliDate, WhatCouldBeTwoDaysOrIsNoneIsRefused) {
  for (const char* text :
       {"3/4/2025", "2025-02-29", "2025-13-01", "31.04.2025", "yesterday", "25-03-31", "2025-03", ""}) {
    EXPECT_EQ(Date(text), "wrong") << text;
  }
  EXPECT_THAT(ParseDate("3/4/2025").error().violations[0].description, HasSubstr("either"));
}

TEST(CliTime, IsRfc3339OrADay) {
  EXPECT_EQ(ParseTime("2025-03-31T09:30:00+02:00").value().seconds(), 1743406200);
  EXPECT_EQ(ParseTime("2025-03-31").value().seconds(), 1743379200);
  EXPECT_FALSE(ParseTime("soon").ok());
}

TEST(CliSource, IsKnownInAnySpelling) {
  using type::v1::Source;
  EXPECT_EQ(ParseSource("Trade Show"), Source::SOURCE_TRADE_SHOW);
  EXPECT_EQ(ParseSource("trade-show"), Source::SOURCE_TRADE_SHOW);
  EXPECT_EQ(ParseSource("SOURCE_CARD_SCAN"), Source::SOURCE_CARD_SCAN);
  EXPECT_EQ(ParseSource("Card Scan"), Source::SOURCE_CARD_SCAN);
  EXPECT_EQ(ParseSource("Webinar"), Source::SOURCE_SEMINAR);
  EXPECT_EQ(ParseSource("Skywriting"), std::nullopt);
  EXPECT_EQ(ParseSource("unspecified"), std::nullopt);
  EXPECT_EQ(ParseSource(""), std::nullopt);
}

TEST(CliEnum, SharedPrefixesNeedNotBeWritten) {
  using lead::v1::Lead;
  EXPECT_EQ(ParseEnum(*Lead::Reason_descriptor(), "cannot-contact").value(), Lead::REASON_CANNOT_CONTACT);
  EXPECT_EQ(ParseEnum(*Lead::State_descriptor(), "STATE_OPEN").value(), Lead::STATE_OPEN);
  EXPECT_EQ(EnumText(*Lead::State_descriptor(), Lead::STATE_OPEN), "OPEN");
  EXPECT_EQ(EnumText(*qualification::v1::Qualification::State_descriptor(), qualification::v1::Qualification::PARKED),
            "PARKED");
  EXPECT_EQ(EnumText(*Lead::State_descriptor(), 99), "99");
  EXPECT_THAT(ParseEnum(*type::v1::Rating_descriptor(), "tepid").error().violations[0].description,
              HasSubstr("COLD, WARM, HOT"));
}

}  // namespace
}  // namespace quartet::cli
