#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/quartet/records/field_set.h"

#include "quartet/contact/v1/contact.pb.h"
#include "quartet/lead/v1/lead.pb.h"

namespace quartet::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CliSet : public ::testing::Test {
 protected:
  std::string Set(std::string_view assignment) {
    auto field = SetField(lead_, assignment);
    return field.ok() ? *field : field.error().violations.front().field + "!";
  }
  lead::v1::Lead lead_;
};

TEST_F(CliSet, FieldsAreNamedShortOrInFull) {
  EXPECT_EQ(Set("company=Acme"), "company");
  EXPECT_EQ(Set("given_name=Jane"), "person");
  EXPECT_EQ(Set("person.family_name=Doe"), "person");
  EXPECT_EQ(Set("country=DE"), "address");
  EXPECT_EQ(lead_.company(), "Acme");
  EXPECT_EQ(lead_.person().given_name(), "Jane");
  EXPECT_EQ(lead_.person().family_name(), "Doe");
  EXPECT_EQ(lead_.address().region_code(), "DE");
}

TEST_F(CliSet, ValuesAreWrittenAsPeopleDo) {
  Set("estimated_value=1,200 EUR");
  Set("expected_close_date=2025-03-31");
  Set("source=trade show");
  Set("rating=hot");
  Set("email=a@x.example, b@x.example");
  Set("tags=vip,fair");
  Set("next_touch_time=2025-03-31");
  EXPECT_EQ(lead_.estimated_value().units(), 1200);
  EXPECT_EQ(lead_.expected_close_date().day(), 31);
  EXPECT_EQ(lead_.source(), type::v1::SOURCE_TRADE_SHOW);
  EXPECT_EQ(lead_.rating(), type::v1::RATING_HOT);
  EXPECT_EQ(lead_.emails(1).address(), "b@x.example");
  EXPECT_THAT(lead_.tags(), ElementsAre("vip", "fair"));
  EXPECT_EQ(lead_.next_touch_time().seconds(), 1743379200);
}

TEST_F(CliSet, AnEmptyValueClears) {
  lead_.set_notes("old");
  lead_.add_tags("old");
  EXPECT_EQ(Set("notes="), "notes");
  EXPECT_EQ(Set("tags="), "tags");
  EXPECT_EQ(lead_.notes(), "");
  EXPECT_EQ(lead_.tags_size(), 0);
}

TEST_F(CliSet, AKeyOfACustomAttributeIsReplacedOrRemovedAlone) {
  (*lead_.mutable_custom_attributes())["a"] = "1";
  (*lead_.mutable_custom_attributes())["b"] = "2";
  EXPECT_EQ(Set("custom_attributes.a=x=y"), "custom_attributes");
  EXPECT_EQ(Set("custom_attributes.b="), "custom_attributes");
  EXPECT_EQ(lead_.custom_attributes().at("a"), "x=y");
  EXPECT_EQ(lead_.custom_attributes().size(), 1U);
}

TEST_F(CliSet, MistakesNameTheFieldAsItWasWritten) {
  EXPECT_EQ(Set("color=red"), "color!");
  EXPECT_EQ(Set("value=lots"), "value!");
  EXPECT_EQ(Set("rating=tepid"), "rating!");
  EXPECT_EQ(Set("person=Jane"), "person!");
  EXPECT_EQ(Set("company.name=x"), "company.name!");
  EXPECT_EQ(Set("custom_attributes=x"), "custom_attributes!");
  EXPECT_EQ(Set("just text"), "--set!");
}

TEST_F(CliSet, OnlyPartsNeedWhatIsStored) {
  EXPECT_TRUE(SetsPartOfField(lead_, "given_name=Jane"));
  EXPECT_TRUE(SetsPartOfField(lead_, "custom_attributes.a=1"));
  EXPECT_FALSE(SetsPartOfField(lead_, "company=Acme.Inc"));
  EXPECT_FALSE(SetsPartOfField(lead_, "email=a@x.example"));
}

TEST(CliJson, TheMaskHasWhatACallerMayChange) {
  const auto records = ParseRecords(
      R"([{"name": "leads/1", "company": "Acme", "estimatedValue": {"units": "5", "currencyCode": "EUR"},
           "state": "STATE_OPEN", "etag": "7", "createTime": "2025-01-01T00:00:00Z"}])",
      lead::v1::Lead::default_instance());
  ASSERT_TRUE(records.ok());
  ASSERT_THAT(*records, SizeIs(1));
  EXPECT_THAT(records->front().fields, ElementsAre("company", "estimated_value"));
  EXPECT_EQ(static_cast<const lead::v1::Lead&>(*records->front().record).etag(), "7");
}

TEST(CliJson, AContactsBasisCannotBeChanged) {
  const auto records =
      ParseRecords(R"({"title": "CTO", "basis": {"reference": "x"}})", contact::v1::Contact::default_instance());
  ASSERT_TRUE(records.ok());
  EXPECT_THAT(records->front().fields, ElementsAre("title"));
}

TEST(CliJson, WhatIsNoRecordIsRefused) {
  const auto& prototype = lead::v1::Lead::default_instance();
  EXPECT_FALSE(ParseRecords("{", prototype).ok());
  EXPECT_FALSE(ParseRecords("5", prototype).ok());
  EXPECT_FALSE(ParseRecords("[5]", prototype).ok());
  EXPECT_THAT(ParseRecords(R"({"colour": "red"})", prototype).error().message, HasSubstr("colour"));
}

}  // namespace
}  // namespace quartet::cli
