#include "common/telemetry/log.h"

#include <gtest/gtest.h>

#include "common/telemetry/counters.h"

namespace quartet::telemetry {
namespace {

TEST(Log, ALineIsLevelEventAndFields) {
  EXPECT_EQ(FormatLine(Level::kInfo, "ready", {{"service", "lead"}, {"port", "7400"}}),
            "INFO ready service=lead port=7400");
}

TEST(Log, ValuesCannotForgeOtherFieldsOrLines) {
  EXPECT_EQ(FormatLine(Level::kError, "failed", {{"error", "a\nb\x1b \"c\"=\\"}, {"empty", ""}}),
            R"(ERROR failed error="a\nb\x1b \"c\"=\\" empty="")");
}

TEST(Log, LevelsHaveNames) {
  EXPECT_EQ(ParseLevel("warning").value(), Level::kWarning);
  EXPECT_FALSE(ParseLevel("loud").ok());
}

TEST(Counters, TheDumpIsSortedAndComplete) {
  Counters counters;
  counters.Get("b_total").Add(2);
  counters.Get("a_total{code=\"OK\"}").Add();
  counters.Get("b_total").Add();
  EXPECT_EQ(counters.Dump(), "a_total{code=\"OK\"} 1\nb_total 3\n");
}

}  // namespace
}  // namespace quartet::telemetry
