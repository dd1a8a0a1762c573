#include "common/resource/field_rules.h"

#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "google/protobuf/descriptor.h"
#include "quartet/lead/v1/lead.pb.h"

namespace quartet::resource {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// The fields that are wrong after `check`.
std::vector<std::string> Wrong(const std::function<void(Violations&)>& check) {
  Violations violations;
  check(violations);
  std::vector<std::string> fields;
  for (const FieldViolation& violation : violations.all()) fields.push_back(violation.field);
  return fields;
}

std::vector<std::string> WrongText(std::string text, std::size_t characters_max) {
  return Wrong([&](Violations& v) { CheckText(text, characters_max, "text", v); });
}

TEST(Violations, AllAreToldAtOnce) {
  Violations violations;
  EXPECT_TRUE(violations.ToStatus().ok());
  violations.Add("a", "is wrong");
  violations.AddError("b", NotFound("GONE", "is gone"));
  violations.AddError("ignored", InvalidArgument({{"c", "x"}, {"d", "y"}}));
  const Status status = violations.ToStatus();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kInvalidArgument);
  EXPECT_EQ(status.error().message, "a: is wrong; b: is gone; c: x; d: y");
  EXPECT_THAT(status.error().violations, SizeIs(4));
}

TEST(Text, IsTrimmedAndMeasuredInCharacters) {
  std::string text = "\u00A0 Zürich \n";
  EXPECT_THAT(Wrong([&](Violations& v) { CheckText(text, 6, "text", v); }), IsEmpty());
  EXPECT_EQ(text, "Zürich");
  EXPECT_THAT(WrongText("Zürichs", 6), ElementsAre("text"));
  EXPECT_THAT(WrongText("\xFF", 6), ElementsAre("text"));
  EXPECT_THAT(WrongText(std::string("a\0b", 3), 6), ElementsAre("text"));
}

TEST(Text, WhatIsRequiredMayNotBeSpace) {
  std::string text = " \t";
  EXPECT_THAT(Wrong([&](Violations& v) { CheckRequiredText(text, 6, "text", v); }), ElementsAre("text"));
}

TEST(PersonName, EachPartHasItsLimit) {
  type::v1::PersonName name;
  name.set_given_name(" Ann ");
  name.set_family_name(std::string(101, 'a'));
  name.set_prefix(std::string(51, 'a'));
  name.set_suffix(std::string(50, 'a'));
  EXPECT_THAT(Wrong([&](Violations& v) { CheckPersonName(name, "person", v); }),
              ElementsAre("person.family_name", "person.prefix"));
  EXPECT_EQ(name.given_name(), "Ann");
}

TEST(Emails, KeepTheirSpellingTrimmed) {
  lead::v1::Lead lead;
  lead.add_emails()->set_address(" Ann@Example.COM ");
  EXPECT_THAT(Wrong([&](Violations& v) { CheckEmails(*lead.mutable_emails(), "emails", v); }), IsEmpty());
  EXPECT_EQ(lead.emails(0).address(), "Ann@Example.COM");
}

TEST(Emails, EveryWrongOneIsNamed) {
  lead::v1::Lead lead;
  lead.add_emails()->set_address("ann@example.com");
  lead.add_emails()->set_address("nobody");
  lead.add_emails()->set_address("ANN@example.com");
  lead.mutable_emails(2)->set_label(std::string(51, 'x'));
  lead.mutable_emails(2)->mutable_since()->set_nanos(-1);
  Violations violations;
  CheckEmails(*lead.mutable_emails(), "emails", violations);
  EXPECT_EQ(violations.ToStatus().error().message,
            "emails[1].address: there is no '@'; an e-mail address looks like name@example.com; "
            "emails[2].address: is the same as emails[0]; emails[2].label: has 51 characters; 50 is the most; "
            "emails[2].since: must be a time of the years 1 to 9999");
}

TEST(Emails, ThereAreAtMostTwenty) {
  lead::v1::Lead lead;
  for (int i = 0; i < 20; ++i) lead.add_emails()->set_address("a" + std::to_string(i) + "@example.com");
  EXPECT_THAT(Wrong([&](Violations& v) { CheckEmails(*lead.mutable_emails(), "emails", v); }), IsEmpty());
  lead.add_emails()->set_address("more@example.com");
  EXPECT_THAT(Wrong([&](Violations& v) { CheckEmails(*lead.mutable_emails(), "emails", v); }), ElementsAre("emails"));
}

TEST(Phones, BecomeE164InTheCountryOfTheAddress) {
  lead::v1::Lead lead;
  lead.add_phones()->set_number(" 030 123456 ");
  lead.add_phones()->set_number("+1 202 555 0143");
  EXPECT_THAT(Wrong([&](Violations& v) { CheckPhones(*lead.mutable_phones(), "DE", "phones", v); }), IsEmpty());
  EXPECT_EQ(lead.phones(0).number(), "+4930123456");
  EXPECT_EQ(lead.phones(1).number(), "+12025550143");
}

TEST(Phones, WhatIsWrongStaysAsItIs) {
  lead::v1::Lead lead;
  lead.add_phones()->set_number("030 123456");
  lead.add_phones()->set_number("+49 30 123456");
  lead.add_phones()->set_number("(+49) 30-123456");
  for (const std::string region : {"", "??", "\xFF"}) {
    EXPECT_THAT(Wrong([&](Violations& v) { CheckPhones(*lead.mutable_phones(), region, "phones", v); }),
                ElementsAre("phones[0].number", "phones[2].number"));
  }
  EXPECT_EQ(lead.phones(0).number(), "030 123456");
}

TEST(Website, MustLeadToADomain) {
  std::string website = " https://www.example.com/about ";
  EXPECT_THAT(Wrong([&](Violations& v) { CheckWebsite(website, "website", v); }), IsEmpty());
  EXPECT_EQ(website, "https://www.example.com/about");
  for (std::string wrong : {"n/a", "ftp://example.com", "co.uk", "\xFF"}) {
    EXPECT_THAT(Wrong([&](Violations& v) { CheckWebsite(wrong, "website", v); }), ElementsAre("website")) << wrong;
  }
  website = "";
  EXPECT_THAT(Wrong([&](Violations& v) { CheckWebsite(website, "website", v); }), IsEmpty());
  website = "example.com/" + std::string(489, 'x');
  EXPECT_THAT(Wrong([&](Violations& v) { CheckWebsite(website, "website", v); }), ElementsAre("website"));
}

TEST(Address, TheRegionIsTwoLetters) {
  google::type::PostalAddress address;
  address.set_region_code(" de ");
  address.add_address_lines(" Unter den Linden 1 ");
  EXPECT_THAT(Wrong([&](Violations& v) { CheckAddress(address, "address", v); }), IsEmpty());
  EXPECT_EQ(address.region_code(), "DE");
  EXPECT_EQ(address.address_lines(0), "Unter den Linden 1");

  address.set_region_code("Germany");
  address.set_locality(std::string(501, 'x'));
  address.add_address_lines("\xFF");
  EXPECT_THAT(Wrong([&](Violations& v) { CheckAddress(address, "address", v); }),
              ElementsAre("address.region_code", "address.locality", "address.address_lines[1]"));
}

TEST(Money, HasALargestAmount) {
  google::type::Money money;
  money.set_currency_code("EUR");
  money.set_units(1'000'000'000'000);
  EXPECT_THAT(Wrong([&](Violations& v) { CheckMoney(money, "value", v); }), IsEmpty());
  money.set_units(1'000'000'000'001);
  EXPECT_THAT(Wrong([&](Violations& v) { CheckMoney(money, "value", v); }), ElementsAre("value.units"));
}

TEST(Money, IsNotNegativeAndHasACurrency) {
  google::type::Money money;
  money.set_currency_code("EUR");
  money.set_units(5);
  money.set_nanos(500'000'000);
  EXPECT_THAT(Wrong([&](Violations& v) { CheckMoney(money, "value", v); }), IsEmpty());
  money.set_units(-1);
  money.set_nanos(-1);
  money.set_currency_code("eur");
  EXPECT_THAT(Wrong([&](Violations& v) { CheckMoney(money, "value", v); }),
              ElementsAre("value.units", "value.nanos", "value.currency_code"));
  EXPECT_THAT(Wrong([&](Violations& v) { CheckMoney({}, "value", v); }), ElementsAre("value.currency_code"));
}

TEST(Date, MustExist) {
  const auto is_wrong = [](int year, int month, int day) {
    google::type::Date date;
    date.set_year(year);
    date.set_month(month);
    date.set_day(day);
    return !Wrong([&](Violations& v) { CheckDate(date, "date", v); }).empty();
  };
  EXPECT_FALSE(is_wrong(2028, 2, 29));
  EXPECT_FALSE(is_wrong(9999, 12, 31));
  EXPECT_FALSE(is_wrong(1, 1, 1));
  EXPECT_TRUE(is_wrong(2026, 2, 29));
  EXPECT_TRUE(is_wrong(0, 1, 1));
  EXPECT_TRUE(is_wrong(10'000, 1, 1));
  EXPECT_TRUE(is_wrong(2026, 0, 1));
  EXPECT_TRUE(is_wrong(2026, 13, 1));
  EXPECT_TRUE(is_wrong(2026, 1, 0));
  EXPECT_TRUE(is_wrong(2026, 4, 31));
  EXPECT_TRUE(is_wrong(2026, 257, 1));
  EXPECT_TRUE(is_wrong(2026, 1, 257));
  EXPECT_TRUE(is_wrong(2026, -255, -255));
}

TEST(Time, IsOfTheYears1To9999) {
  google::protobuf::Timestamp time;
  EXPECT_THAT(Wrong([&](Violations& v) { CheckTime(time, "time", v); }), IsEmpty());
  time.set_seconds(253'402'300'800);
  EXPECT_THAT(Wrong([&](Violations& v) { CheckTime(time, "time", v); }), ElementsAre("time"));
}

TEST(Enum, OnlyDeclaredValues) {
  const google::protobuf::EnumDescriptor& type = *lead::v1::Lead::Reason_descriptor();
  EXPECT_THAT(Wrong([&](Violations& v) { CheckEnum(lead::v1::Lead::REASON_LOST, type, "reason", v); }), IsEmpty());
  EXPECT_THAT(Wrong([&](Violations& v) { CheckEnum(9, type, "reason", v); }), ElementsAre("reason"));
}

TEST(Tags, AreDistinctAndNotEmpty) {
  lead::v1::Lead lead;
  for (const std::string tag : {"a", " a ", "", "A"}) lead.add_tags(tag);
  lead.add_tags(std::string(101, 'x'));
  EXPECT_THAT(Wrong([&](Violations& v) { CheckTags(*lead.mutable_tags(), "tags", v); }),
              ElementsAre("tags[1]", "tags[2]", "tags[4]"));
  for (int i = 0; i < 100; ++i) lead.add_tags(std::to_string(i));
  EXPECT_THAT(Wrong([&](Violations& v) { CheckTags(*lead.mutable_tags(), "tags", v); }), ElementsAre("tags"));
}

TEST(CustomAttributes, KeysAndValuesAreLimited) {
  lead::v1::Lead lead;
  auto& attributes = *lead.mutable_custom_attributes();
  attributes["colour"] = " red ";
  EXPECT_THAT(Wrong([&](Violations& v) { CheckCustomAttributes(attributes, "custom_attributes", v); }), IsEmpty());
  EXPECT_EQ(attributes["colour"], "red");
  attributes[""] = "x";
  attributes[" z"] = std::string(2'001, 'x');
  attributes["\xFF"] = "x";
  EXPECT_THAT(Wrong([&](Violations& v) { CheckCustomAttributes(attributes, "custom_attributes", v); }),
              ElementsAre("custom_attributes[\"\"]", "custom_attributes[\" z\"]", "custom_attributes[\" z\"]",
                          "custom_attributes"));
  for (int i = 0; i < 100; ++i) attributes[std::to_string(i)] = "";
  EXPECT_THAT(Wrong([&](Violations& v) { CheckCustomAttributes(attributes, "custom_attributes", v); }),
              ElementsAre("custom_attributes"));
}

TEST(Descriptions, SayWhatWouldBeRight) {
  Violations violations;
  google::type::Money money;
  CheckMoney(money, "amount", violations);
  EXPECT_THAT(violations.all().at(0).description, HasSubstr("\"EUR\""));
}

}  // namespace
}  // namespace quartet::resource
