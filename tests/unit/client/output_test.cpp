#include "services/quartet/output/output.h"

#include <algorithm>
#include <limits>
#include <map>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/quartet/import/csv.h"
#include "services/quartet/output/pipeline.h"
#include "services/quartet/output/table.h"
#include "services/quartet/records/resource_kind.h"
#include "services/quartet/records/text.h"
#include "services/quartet/values/text.h"

#include "quartet/lead/v1/lead.pb.h"
#include "quartet/opportunity/v1/service.pb.h"
#include "quartet/qualification/v1/qualification.pb.h"

namespace quartet::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class CliOutput : public ::testing::Test {
 protected:
  static lead::v1::Lead Jane() {
    lead::v1::Lead lead;
    lead.set_name("leads/018f0000-0000-7000-8000-000000000001");
    lead.mutable_person()->set_given_name("Jane");
    lead.mutable_person()->set_family_name("Doe");
    lead.set_company("Acme, Inc.");
    lead.add_emails()->set_address("jane@acme.example");
    lead.add_emails()->set_address("jd@home.example");
    lead.set_state(lead::v1::Lead::STATE_OPEN);
    lead.mutable_estimated_value()->set_units(1200);
    lead.mutable_estimated_value()->set_currency_code("EUR");
    (*lead.mutable_custom_attributes())["b"] = "2";
    (*lead.mutable_custom_attributes())["a"] = "1";
    return lead;
  }

  std::string Written(Format format, const std::vector<lead::v1::Lead>& leads) {
    const auto& kind = LeadKind();
    const auto writer = MakeRecordWriter(format, console_, kind.record, kind.columns, "leads");
    for (const auto& lead : leads) writer->Add(lead);
    writer->End();
    return out_.str();
  }

  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    std::istringstream in(out_.str());
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

  std::ostringstream out_;
  std::ostringstream err_;
  Console console_{.out = out_, .err = err_};
};

TEST(CliText, WidthCountsColumnsNotBytes) {
  EXPECT_EQ(DisplayWidth("Müller"), 6U);
  EXPECT_EQ(DisplayWidth("株式会社"), 8U);
  EXPECT_EQ(DisplayWidth("e\xCC\x81"), 1U);
}

TEST(CliText, TruncationKeepsCharactersWhole) {
  EXPECT_EQ(Truncate("Müller", 6), "Müller");
  EXPECT_EQ(Truncate("Müller", 4), "Mül…");
  EXPECT_EQ(Truncate("株式会社", 6), "株式…");
  EXPECT_EQ(Truncate("abc", 1), "…");
}

TEST(CliText, ControlCharactersNeverReachTheTerminal) {
  EXPECT_EQ(Printable("a\nb\tc"), "a b c");
  EXPECT_EQ(Printable("a\r\nb"), "a b");
  EXPECT_EQ(Printable("\x1b[31mred"), "\xEF\xBF\xBD[31mred");
}

TEST_F(CliOutput, ATableFitsTheTerminalAndDropsTheLeastImportantColumns) {
  console_.out_width = 60;
  std::vector<TableColumn> columns = {{.header = "ID"},
                                      {.header = "NAME", .width_min = 6},
                                      {.header = "N", .right_aligned = true},
                                      {.header = "REST", .drop_order = 1}};
  PrintTable(console_, columns,
             {{{"1"}, {std::string(70, 'x')}, {"5"}, {std::string(50, 'y')}}, {{"22"}, {"short"}, {"500"}, {""}}});
  const auto lines = Lines();
  EXPECT_THAT(lines[0], Not(HasSubstr("REST")));
  for (const auto& line : lines) EXPECT_LE(DisplayWidth(line), 60U);
  EXPECT_THAT(lines[1], HasSubstr("…"));
  EXPECT_TRUE(lines[1].ends_with("    5")) << lines[1];
  EXPECT_TRUE(lines[2].ends_with("500")) << lines[2];
}

TEST_F(CliOutput, WithoutATerminalNothingIsCut) {
  PrintTable(console_, {{.header = "NAME", .width_min = 3}, {.header = "X"}}, {{{std::string(300, 'x')}, {"1"}}});
  EXPECT_THAT(out_.str(), HasSubstr(std::string(300, 'x')));
}

TEST_F(CliOutput, WideCharactersLineUp) {
  PrintTable(console_, {{.header = "NAME"}, {.header = "X"}}, {{{"株式会社"}, {"1"}}, {{"abc"}, {"2"}}});
  EXPECT_THAT(Lines(), ElementsAre("NAME      X", "株式会社  1", "abc       2"));
}

TEST_F(CliOutput, ATableShowsRecordsBriefly) {
  const auto text = Written(Format::kTable, {Jane()});
  EXPECT_THAT(text, HasSubstr("018f0000-0000-7000-8000-000000000001"));
  EXPECT_THAT(text, Not(HasSubstr("leads/")));
  EXPECT_THAT(text, HasSubstr("Jane Doe"));
  EXPECT_THAT(text, HasSubstr("jane@acme.example +1"));
  EXPECT_THAT(text, HasSubstr("1,200 EUR"));
}

TEST_F(CliOutput, AnEmptyTableSaysSoAsideAndPrintsNothing) {
  EXPECT_EQ(Written(Format::kTable, {}), "");
  EXPECT_EQ(err_.str(), "No leads found.\n");
}

TEST_F(CliOutput, JsonIsOneArrayOfTheProtobufForm) {
  const auto text = Written(Format::kJson, {Jane(), Jane()});
  EXPECT_TRUE(text.starts_with("[\n{"));
  EXPECT_TRUE(text.ends_with("}\n]\n"));
  EXPECT_THAT(text, HasSubstr("\"givenName\": \"Jane\""));
  EXPECT_THAT(text, HasSubstr("},\n{"));
}

TEST_F(CliOutput, JsonOfNothingIsAnEmptyArray) {
  EXPECT_EQ(Written(Format::kJson, {}), "[]\n");
}

TEST_F(CliOutput, CsvHasAllFieldsFlatAndIsReadBack) {
  const auto parsed = ParseCsv(Written(Format::kCsv, {Jane()}));
  ASSERT_TRUE(parsed.ok());
  const auto& file = *parsed;
  std::map<std::string, std::string> cells;
  for (std::size_t i = 0; i < file.header.size(); ++i) cells[file.header[i]] = file.rows[0].cells[i];
  EXPECT_EQ(cells["given_name"], "Jane");
  EXPECT_EQ(cells["company"], "Acme, Inc.");
  EXPECT_EQ(cells["emails"], "jane@acme.example; jd@home.example");
  EXPECT_EQ(cells["estimated_value"], "1200");
  EXPECT_EQ(cells["estimated_value_currency"], "EUR");
  EXPECT_EQ(cells["custom_attributes"], "a=1; b=2");
  EXPECT_EQ(cells["state"], "OPEN");
}

TEST_F(CliOutput, CsvOfNothingIsItsHeader) {
  const auto text = Written(Format::kCsv, {});
  EXPECT_TRUE(text.starts_with("name,")) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST_F(CliOutput, EveryColumnOfEveryTableIsAFieldOfItsRecord) {
  for (const auto* kind : {&LeadKind(), &ContactKind(), &AccountKind(), &OpportunityKind(), &QualificationKind()}) {
    for (const auto& column : kind->columns) EXPECT_EQ(CellText(kind->record, column.field), "") << column.field;
  }
}

TEST_F(CliOutput, ASingleRecordIsACard) {
  WriteRecord(Format::kTable, console_, Jane());
  EXPECT_THAT(out_.str(), HasSubstr("company            Acme, Inc.\n"));
  EXPECT_THAT(out_.str(), HasSubstr("emails             jane@acme.example, jd@home.example\n"));
}

TEST_F(CliOutput, ThePipelineIsDrawnWithBarsAndSums) {
  opportunity::v1::Pipeline pipeline;
  const auto add = [&](const char* stage, auto state, int probability, int count) -> auto& {
    auto& bucket = *pipeline.add_buckets();
    bucket.set_stage(stage);
    bucket.set_state(state);
    bucket.set_probability(probability);
    bucket.set_count(count);
    return bucket;
  };
  using opportunity::v1::Opportunity;
  auto& amount = *add("QUALIFY", Opportunity::STATE_OPEN, 10, 40).add_amounts();
  amount.set_currency_code("EUR");
  amount.set_units(2000);
  add("DEVELOP", Opportunity::STATE_OPEN, 30, 1);
  add("", Opportunity::STATE_WON, 100, 0);
  DrawPipeline(console_, pipeline);
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_THAT(lines[1], HasSubstr("██████"));
  EXPECT_THAT(lines[1], HasSubstr("2,000 EUR"));
  EXPECT_THAT(lines[3], HasSubstr("WON"));
  EXPECT_THAT(lines[4], HasSubstr("200 EUR"));
  for (const auto& line : lines) EXPECT_LE(DisplayWidth(line), 80U);
}

TEST_F(CliOutput, ASumThatIsMoreThanMoneyHoldsIsShownAsMore) {
  opportunity::v1::Pipeline pipeline;
  auto& bucket = *pipeline.add_buckets();
  bucket.set_stage("QUALIFY");
  bucket.set_state(opportunity::v1::Opportunity::STATE_OPEN);
  bucket.set_probability(100);
  bucket.set_count(2);
  auto& amount = *bucket.add_amounts();
  amount.set_currency_code("EUR");
  amount.set_units(std::numeric_limits<std::int64_t>::max());
  bucket.add_currencies_beyond("EUR");
  DrawPipeline(console_, pipeline);
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[1], HasSubstr("> 9,223,372,036,854,775,807"));
  EXPECT_THAT(lines[2], HasSubstr(": > 9,223,372,036,854,77"));
}

TEST(CliText, AllServicesThatAreAwaitedAreNamed) {
  qualification::v1::Qualification stuck;
  stuck.add_awaiting(qualification::v1::CONTACT);
  stuck.add_awaiting(qualification::v1::OPPORTUNITY);
  stuck.mutable_last_error()->set_message("damaged");
  EXPECT_EQ(CellText(stuck, "awaiting"), "CONTACT, OPPORTUNITY");
  EXPECT_EQ(CellText(stuck, "last_error"), "damaged");
}

}  // namespace
}  // namespace quartet::cli
