#include "services/quartet/import/lead_row.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/quartet/import/csv.h"
#include "services/quartet/import/region.h"

namespace quartet::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using Header = std::vector<std::string>;

std::vector<LeadColumn> Recognized(const Header& header, const std::vector<std::string>& overrides = {}) {
  auto columns = RecognizeColumns(header, overrides);
  EXPECT_TRUE(columns.ok()) << (columns.ok() ? "" : ToString(columns.error()));
  return columns.ok() ? std::move(columns).value() : std::vector<LeadColumn>();
}

LeadRow Read(const Header& header, const std::vector<std::string>& cells, const LeadDefaults& defaults = {}) {
  return ReadLeadRow(Recognized(header), cells, defaults);
}

std::vector<std::string> CustomColumns(const Header& header) {
  std::vector<std::string> custom;
  for (const auto& column : Recognized(header)) {
    if (column.field == LeadField::kCustom) custom.push_back(column.header);
  }
  return custom;
}

TEST(CliColumns, OfUsualExportsAreRecognised) {
  EXPECT_THAT(CustomColumns({"FirstName", "LastName", "Company", "Title", "Email", "Phone", "Website", "LeadSource",
                             "Country", "AnnualRevenue", "Description"}),
              ElementsAre("AnnualRevenue"));
  EXPECT_THAT(CustomColumns({"First Name", "Last Name", "Company Name", "Job Title", "Email", "Phone Number",
                             "Website URL", "Original Source", "Country/Region", "Message"}),
              IsEmpty());
  EXPECT_THAT(CustomColumns({"firstname", "lastname", "companyname", "jobtitle", "emailaddress1", "telephone1",
                             "websiteurl", "leadsourcecode", "address1_country", "estimatedamount", "description"}),
              IsEmpty());
  EXPECT_THAT(CustomColumns({"First Name", "Last Name", "Company", "Title", "Email", "Phone", "Website", "Lead Source",
                             "Country", "Estimated Value", "Currency", "Notes"}),
              IsEmpty());
}

TEST(CliColumns, OfGermanSpreadsheetsAreRecognised) {
  EXPECT_THAT(CustomColumns({"Vorname", "Nachname", "Firma", "E-Mail", "Telefon", "Straße", "PLZ", "Ort", "Land",
                             "Wert", "Währung", "Bemerkung"}),
              IsEmpty());
}

TEST(CliColumns, ASecondOneForASingleValueBecomesACustomAttribute) {
  const auto columns = Recognized({"Company", "Account Name", "Email", "Work Email"});
  EXPECT_EQ(columns[1].field, LeadField::kCustom);
  EXPECT_EQ(columns[3].field, LeadField::kEmail);
  EXPECT_EQ(columns[3].label, "work");
}

TEST(CliColumns, OverridesWin) {
  const auto columns = Recognized({"Firm", "Mail to", "Title", "Floor"},
                                  {"Firm=company", "Mail to=email", "Title=ignore", "Floor=custom:floor"});
  EXPECT_EQ(columns[0].field, LeadField::kCompany);
  EXPECT_EQ(columns[1].field, LeadField::kEmail);
  EXPECT_EQ(columns[2].field, LeadField::kIgnored);
  EXPECT_EQ(columns[3].label, "floor");
}

TEST(CliColumns, AllWrongOverridesAreNamedAtOnce) {
  const auto columns =
      RecognizeColumns(Header{"Name", "Email"}, std::vector<std::string>{"Nome=company", "Email=color", "x"});
  ASSERT_FALSE(columns.ok());
  EXPECT_THAT(columns.error().violations, SizeIs(3));
}

TEST(CliColumns, AFirstRowThatIsNoHeaderIsRefused) {
  EXPECT_FALSE(RecognizeColumns(Header{"Jane", "Doe", "jane@acme.example"}, {}).ok());
  EXPECT_FALSE(RecognizeColumns(Header{"Company", "Website"}, {}).ok());
}

TEST(CliLeadRow, FillsTheLead) {
  const auto row = Read({"First Name", "Last Name", "Company", "Email", "Mobile Phone", "Country", "Lead Source",
                         "Estimated Value", "Currency", "Close Date", "Street", "City", "Rating", "Shoe size"},
                        {"Jane", "Doe", "Acme", " jane@acme.example ", "+1 212 555 0100", "Germany", "Card Scan",
                         "1,200.50", "eur", "2025-03-31", "Main St 1\nFloor 2", "Berlin", "hot", "38"});
  EXPECT_THAT(row.violations, IsEmpty());
  const auto& lead = row.lead;
  EXPECT_EQ(lead.person().given_name(), "Jane");
  EXPECT_EQ(lead.person().family_name(), "Doe");
  EXPECT_EQ(lead.company(), "Acme");
  EXPECT_EQ(lead.emails(0).address(), "jane@acme.example");
  EXPECT_EQ(lead.phones(0).label(), "mobile");
  EXPECT_EQ(lead.address().region_code(), "DE");
  EXPECT_THAT(lead.address().address_lines(), ElementsAre("Main St 1", "Floor 2"));
  EXPECT_EQ(lead.source(), type::v1::SOURCE_CARD_SCAN);
  EXPECT_EQ(lead.estimated_value().units(), 1200);
  EXPECT_EQ(lead.estimated_value().currency_code(), "EUR");
  EXPECT_EQ(lead.expected_close_date().month(), 3);
  EXPECT_EQ(lead.rating(), type::v1::RATING_HOT);
  EXPECT_EQ(lead.custom_attributes().at("Shoe size"), "38");
}

TEST(CliLeadRow, SeveralAddressesInOneCellAreSeveral) {
  const auto row = Read({"Name", "Email", "Phone", "Tags"}, {"Jane Doe", "a@x.example; b@x.example,A@X.example",
                                                             "+1 212 555 0100; +1 212 555 0101", "vip, fair"});
  EXPECT_EQ(row.lead.emails_size(), 2);
  EXPECT_EQ(row.lead.phones_size(), 2);
  EXPECT_THAT(row.lead.tags(), ElementsAre("vip", "fair"));
}

TEST(CliLeadRow, FullNamesAreTakenApartWhereThePartsHaveNoColumns) {
  EXPECT_EQ(Read({"Name", "Email"}, {"Jane van Doe", "x@y.example"}).lead.person().family_name(), "Doe");
  EXPECT_EQ(Read({"Name", "Email"}, {"van Doe, Jane", "x@y.example"}).lead.person().family_name(), "van Doe");
  EXPECT_EQ(Read({"Name", "Last Name", "Email"}, {"Jane van Doe", "van Doe", "x@y.example"}).lead.person().given_name(),
            "");
}

TEST(CliLeadRow, WhatCannotBeReadIsNamedByItsColumn) {
  const auto row =
      Read({"Name", "Email", "Value", "Currency", "Close Date"}, {"Jane", "j@x.example", "lots", "EUR", "next spring"});
  ASSERT_THAT(row.violations, SizeIs(2));
  EXPECT_EQ(row.violations[0].field, "Close Date");
  EXPECT_EQ(row.violations[1].field, "Value");
  EXPECT_THAT(row.violations[1].description, HasSubstr("\"lots\""));
}

TEST(CliLeadRow, ANegativeAmountIsWrongWithAndWithoutACurrency) {
  EXPECT_THAT(Read({"Name", "Email", "Value"}, {"Jane", "j@x.example", "-5"}).violations, SizeIs(1));
  EXPECT_THAT(Read({"Name", "Email", "Value", "Currency"}, {"Jane", "j@x.example", "-5", "EUR"}).violations, SizeIs(1));
}

TEST(CliLeadRow, WhatAFieldCannotHoldIsKeptAside) {
  const auto row =
      Read({"Name", "Email", "Value", "Country", "Rating"}, {"Jane", "j@x.example", "5", "Atlantis", "A+"});
  EXPECT_THAT(row.violations, IsEmpty());
  EXPECT_TRUE(row.has_amount_without_currency);
  EXPECT_TRUE(row.has_unknown_country);
  EXPECT_FALSE(row.lead.has_estimated_value());
  EXPECT_EQ(row.lead.custom_attributes().at("Value"), "5");
  EXPECT_EQ(row.lead.custom_attributes().at("Country"), "Atlantis");
  EXPECT_EQ(row.lead.custom_attributes().at("Rating"), "A+");
}

TEST(CliLeadRow, UnknownSourcesAreOtherWithTheText) {
  const auto row =
      Read({"Name", "Email", "Lead Source", "Source Detail"}, {"Jane", "j@x.example", "Skywriting", "Nice"});
  EXPECT_EQ(row.lead.source(), type::v1::SOURCE_OTHER);
  EXPECT_EQ(row.lead.source_detail(), "Skywriting: Nice");
}

TEST(CliLeadRow, DefaultsFillOnlyWhatIsEmpty) {
  const LeadDefaults defaults = {.source = "trade show",
                                 .campaign = "Fair",
                                 .owner = "jane",
                                 .currency = "EUR",
                                 .region = "DE",
                                 .tags = {"booth"}};
  const auto empty = Read({"Name", "Phone", "Value", "Owner"}, {"Jane", "030 901820", "5", ""}, defaults).lead;
  EXPECT_EQ(empty.source(), type::v1::SOURCE_TRADE_SHOW);
  EXPECT_EQ(empty.campaign(), "Fair");
  EXPECT_EQ(empty.owner(), "jane");
  EXPECT_EQ(empty.estimated_value().currency_code(), "EUR");
  EXPECT_EQ(empty.address().region_code(), "DE");
  EXPECT_THAT(empty.tags(), ElementsAre("booth"));

  const auto full = Read({"Name", "Phone", "Value", "Owner", "Source", "Country"},
                         {"Jane", "030 901820", "5 USD", "joe", "Referral", "FR"}, defaults)
                        .lead;
  EXPECT_EQ(full.source(), type::v1::SOURCE_REFERRAL);
  EXPECT_EQ(full.owner(), "joe");
  EXPECT_EQ(full.estimated_value().currency_code(), "USD");
  EXPECT_EQ(full.address().region_code(), "FR");
}

TEST(CliLeadRow, MoreCellsThanColumnsAreWrongFewerAreNot) {
  EXPECT_THAT(Read({"Name", "Email"}, {"Jane", "j@x.example", "", ""}).violations, IsEmpty());
  EXPECT_THAT(Read({"Name", "Email"}, {"Jane", "j@x.example", "stray"}).violations, SizeIs(1));
  EXPECT_THAT(Read({"Name", "Email", "Phone"}, {"Jane", "j@x.example"}).violations, IsEmpty());
}

TEST(CliLeadRow, ViolationsOfTheServiceAreTracedToTheirColumn) {
  const auto row =
      Read({"Name", "Email", "Personal Email", "Value", "Currency"}, {"Jane", "a@x.example", "b@y", "5", "EURO"});
  EXPECT_EQ(ByColumn({"emails[1].address", "bad"}, row.columns).field, "Personal Email");
  EXPECT_EQ(ByColumn({"estimated_value.currency_code", "bad"}, row.columns).field, "Currency");
  EXPECT_EQ(ByColumn({"estimated_value.units", "bad"}, row.columns).field, "Value");
  EXPECT_EQ(ByColumn({"notes", "bad"}, row.columns).field, "notes");
}

TEST(CliRegion, IsKnownByCodeAndName) {
  EXPECT_EQ(RegionCode("de"), "DE");
  EXPECT_EQ(RegionCode("Deutschland"), "DE");
  EXPECT_EQ(RegionCode("U.S.A."), "US");
  EXPECT_EQ(RegionCode("united kingdom"), "GB");
  EXPECT_EQ(RegionCode("UK"), "GB");
  EXPECT_EQ(RegionCode("Türkei"), "TR");
  EXPECT_EQ(RegionCode("Atlantis"), std::nullopt);
  EXPECT_EQ(RegionCode("XX"), std::nullopt);
}

}  // namespace
}  // namespace quartet::cli
