#include "services/quartet/import/csv.h"

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartet::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

CsvFile Parsed(std::string_view text) {
  auto file = ParseCsv(text);
  EXPECT_TRUE(file.ok()) << (file.ok() ? "" : file.error().message);
  return file.ok() ? std::move(file).value() : CsvFile();
}

TEST(CliCsv, QuotedCellsMayHoldSeparatorsQuotesAndLineBreaks) {
  const auto file = Parsed("Name,Note\nJane,\"met at booth 12,\nasked for \"\"a quote\"\"\"\nJoe,\n");
  EXPECT_THAT(file.header, ElementsAre("Name", "Note"));
  ASSERT_THAT(file.rows, SizeIs(2));
  EXPECT_THAT(file.rows[0].cells, ElementsAre("Jane", "met at booth 12,\nasked for \"a quote\""));
  EXPECT_THAT(file.rows[1].cells, ElementsAre("Joe", ""));
}

TEST(CliCsv, ARowKnowsTheLineThatItBeginsIn) {
  const auto file = Parsed("A,B\r\n1,\"x\r\n\r\ny\"\r\n\r\n2,z\r\n,,\r\n3,w");
  ASSERT_THAT(file.rows, SizeIs(3));
  EXPECT_EQ(file.rows[0].line, 2U);
  EXPECT_EQ(file.rows[1].line, 6U);
  EXPECT_EQ(file.rows[2].line, 8U);
}

TEST(CliCsv, AByteOrderMarkIsNoPartOfTheHeader) {
  EXPECT_THAT(Parsed("\xEF\xBB\xBFName,Mail\na,b\n").header, ElementsAre("Name", "Mail"));
}

TEST(CliCsv, TheHeaderTellsTheSeparator) {
  EXPECT_THAT(Parsed("A;B;C, D\n1;2;3\n").rows[0].cells, ElementsAre("1", "2", "3"));
  EXPECT_THAT(Parsed("A\tB\n1\t\t\n").rows[0].cells, ElementsAre("1", "", ""));
  EXPECT_THAT(Parsed("A|B\n1|2\n").rows[0].cells, ElementsAre("1", "2"));
  EXPECT_THAT(Parsed("\"A;x;y;z\",B\n1,2\n").rows[0].cells, ElementsAre("1", "2"));
}

TEST(CliCsv, OldMacLineEndsSeparateRowsToo) {
  const auto file = Parsed("A,B\r1,2\r3,4\r");
  ASSERT_THAT(file.rows, SizeIs(2));
  EXPECT_EQ(file.rows[1].line, 3U);
}

TEST(CliCsv, TextThatIsNotUtf8IsReadAsWindows1252) {
  const auto file = Parsed("Name,Price\nM\xFCller,5 \x80\n");
  EXPECT_TRUE(file.was_windows_1252);
  EXPECT_THAT(file.rows[0].cells, ElementsAre("Müller", "5 €"));
}

TEST(CliCsv, AQuoteThatIsNeverClosedIsReportedWithItsLine) {
  const auto file = ParseCsv("A,B\n1,2\n3,\"open\n4,5\n");
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(file.error().message, HasSubstr("line 3"));
}

TEST(CliCsv, Utf16AndEmptinessAreRefused) {
  EXPECT_THAT(ParseCsv(std::string_view("\xFF\xFE"
                                        "A\0",
                                        4))
                  .error()
                  .message,
              HasSubstr("UTF-16"));
  EXPECT_FALSE(ParseCsv("").ok());
  EXPECT_FALSE(ParseCsv("\n\n").ok());
}

TEST(CliCsv, WritingQuotesOnlyWhatNeedsIt) {
  std::ostringstream out;
  WriteCsvRow(out, std::vector<std::string>{"plain", "a,b", "say \"hi\"", "two\nlines", "", " x"});
  EXPECT_EQ(out.str(), "plain,\"a,b\",\"say \"\"hi\"\"\",\"two\nlines\",,\" x\"\r\n");
}

TEST(CliCsv, AnotherDelimiterIsQuotedInsteadOfTheComma) {
  std::ostringstream out;
  WriteCsvRow(out, std::vector<std::string>{"1.234,50", "a;b"}, ';');
  EXPECT_EQ(out.str(), "1.234,50;\"a;b\"\r\n");
}

TEST(CliCsv, WhatIsWrittenIsReadBackTheSame) {
  const std::vector<std::string> header = {"a", "b"};
  const std::vector<std::string> cells = {"x,\"y\"\r\nz", " blank "};
  std::ostringstream out;
  WriteCsvRow(out, header);
  WriteCsvRow(out, cells);
  EXPECT_EQ(Parsed(out.str()).rows[0].cells, cells);
}

}  // namespace
}  // namespace quartet::cli
