// What becomes of a lead when an import writes a row into it.

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>

#include "services/lead/lead_rules.h"
#include "tests/support/lead_rows.h"

namespace quartet::lead {
namespace {

using google::protobuf::util::MessageDifferencer;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using v1::Lead;

Lead OpenLead() {
  Lead lead;
  lead.set_name("leads/1");
  lead.set_state(Lead::STATE_OPEN);
  lead.set_reason(Lead::REASON_CONTACTED);
  return lead;
}

Lead Merged(Lead lead, const Lead& row) {
  const Status status = MergeImported(lead, row);
  EXPECT_TRUE(status.ok()) << ToString(status.error());
  return lead;
}

std::string Text(const google::protobuf::Message& message) {
  return message.ShortDebugString();
}

TEST(MergeImported, AnAddressIsReplacedAsAWhole) {
  Lead lead = OpenLead();
  lead.mutable_address()->set_region_code("DE");
  lead.mutable_address()->set_locality("Berlin");
  lead.mutable_address()->add_address_lines("Hauptstr. 1");
  Lead row;
  row.mutable_address()->set_locality("Köln");

  EXPECT_EQ(Text(Merged(lead, row).address()), Text(row.address()));
}

TEST(MergeImported, ACountryAloneReplacesNoAddress) {
  Lead lead = OpenLead();
  lead.mutable_address()->set_region_code("DE");
  lead.mutable_address()->set_locality("Berlin");
  Lead row;
  row.mutable_address()->set_region_code("AT");

  EXPECT_EQ(Text(Merged(lead, row).address()), Text(lead.address()));
  EXPECT_EQ(Merged(OpenLead(), row).address().region_code(), "AT");
}

TEST(MergeImported, AnAmountADateAndANameAreReplacedAsAWhole) {
  Lead lead = OpenLead();
  lead.mutable_estimated_value()->set_units(5);
  lead.mutable_estimated_value()->set_nanos(500'000'000);
  lead.mutable_estimated_value()->set_currency_code("EUR");
  lead.mutable_expected_close_date()->set_year(2027);
  lead.mutable_expected_close_date()->set_month(2);
  lead.mutable_expected_close_date()->set_day(28);
  lead.mutable_person()->set_prefix("Dr.");
  lead.mutable_person()->set_family_name("Doe");
  Lead row;
  row.mutable_estimated_value()->set_units(7);
  row.mutable_estimated_value()->set_currency_code("EUR");
  row.mutable_expected_close_date()->set_year(2028);
  row.mutable_expected_close_date()->set_month(3);
  row.mutable_person()->set_family_name("Smith");

  const Lead merged = Merged(lead, row);
  EXPECT_EQ(merged.estimated_value().nanos(), 0);
  EXPECT_EQ(merged.estimated_value().units(), 7);
  EXPECT_EQ(merged.expected_close_date().day(), 0);
  EXPECT_EQ(Text(merged.person()), Text(row.person()));
}

TEST(MergeImported, ListsAreAddedToAndKnowWhatIsTheSame) {
  Lead lead = OpenLead();
  lead.add_tags("fair");
  lead.add_emails()->set_address("Jane@Example.com");
  lead.add_phones()->set_number("+4930123456");
  lead.mutable_phones(0)->set_label("work");
  (*lead.mutable_custom_attributes())["floor"] = "3";
  (*lead.mutable_custom_attributes())["size"] = "20";
  Lead row;
  row.add_tags("hot");
  row.add_tags("fair");
  row.add_emails()->set_address("jane@example.COM");
  row.mutable_emails(0)->set_label("work");
  row.add_emails()->set_address("jd@example.com");
  row.add_phones()->set_number("+4930123456");
  row.mutable_phones(0)->set_label("home");
  (*row.mutable_custom_attributes())["size"] = "50";
  (*row.mutable_custom_attributes())["colour"] = "red";

  const Lead merged = Merged(lead, row);
  EXPECT_THAT(merged.tags(), ElementsAre("fair", "hot"));
  ASSERT_EQ(merged.emails_size(), 2);
  EXPECT_EQ(merged.emails(0).address(), "Jane@Example.com");
  EXPECT_EQ(merged.emails(0).label(), "work") << "there was none";
  EXPECT_EQ(merged.emails(1).address(), "jd@example.com");
  ASSERT_EQ(merged.phones_size(), 1);
  EXPECT_EQ(merged.phones(0).label(), "work");
  EXPECT_THAT(merged.custom_attributes(),
              UnorderedElementsAre(Pair("floor", "3"), Pair("size", "50"), Pair("colour", "red")));
}

TEST(MergeImported, WhatTheRowDoesNotSayStays) {
  Lead lead = OpenLead();
  lead.set_topic("pumps");
  lead.set_notes("called twice");
  Lead row;
  row.set_topic("valves");
  row.set_state(Lead::STATE_OPEN);
  row.set_reason(Lead::REASON_NEW);

  const Lead merged = Merged(lead, row);
  EXPECT_EQ(merged.topic(), "valves");
  EXPECT_EQ(merged.notes(), "called twice");
  EXPECT_EQ(merged.reason(), Lead::REASON_CONTACTED);
}

TEST(MergeImported, AClosedLeadIsLeftAlone) {
  Lead lead = OpenLead();
  lead.set_state(Lead::STATE_QUALIFIED);
  Lead row;
  row.set_topic("valves");
  const Status status = MergeImported(lead, row);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().reason, "LEAD_CLOSED");
}

// Of any lead and any rows: what a row has is there as the row has it, lists lose nothing and have nothing twice, and
// to write the rows again changes nothing.
TEST(MergeImported, HoldsForGeneratedRows) {
  for (unsigned seed = 1; seed <= 2'000; ++seed) {
    test::LeadRows rows(seed);
    Lead lead = OpenLead();
    lead.MergeFrom(rows.Next());
    ASSERT_TRUE(CheckLead(lead).empty()) << Text(lead);
    std::vector<Lead> given;
    for (int i = 0; i < 4; ++i) given.push_back(rows.Next());
    const auto write_all = [&] {
      for (Lead& row : given) {
        ASSERT_TRUE(CheckLead(row).empty()) << Text(row);
        const Lead before = lead;
        lead = Merged(lead, row);
        ASSERT_TRUE(CheckLead(lead).empty()) << Text(lead);
        test::ExpectWritten(before, row, lead);
        ASSERT_FALSE(::testing::Test::HasFailure())
            << "seed " << seed << "\nbefore " << Text(before) << "\nrow " << Text(row) << "\nafter " << Text(lead);
        const Lead once = lead;
        lead = Merged(lead, row);
        ASSERT_TRUE(MessageDifferencer::Equals(once, lead)) << "seed " << seed;
      }
    };
    write_all();
    const Lead after = lead;
    write_all();
    ASSERT_TRUE(MessageDifferencer::Equals(after, lead)) << "seed " << seed << ": " << Text(after) << '\n'
                                                         << Text(lead);
  }
}

}  // namespace
}  // namespace quartet::lead
