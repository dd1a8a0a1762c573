#include "common/telemetry/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/telemetry/contradictions.h"
#include "common/telemetry/counters.h"

namespace quartet::telemetry {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

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

TEST(Counters, EachHasTheSumOfWhatWasAddedToIt) {
  Counters counters;
  counters.Get("b_total").Add(2);
  counters.Get("a_total{code=\"OK\"}").Add();
  counters.Get("b_total").Add();
  EXPECT_THAT(counters.Values(), ElementsAre(Pair("a_total{code=\"OK\"}", 1), Pair("b_total", 3)));
}

TEST(Contradictions, AreCountedByKind) {
  Counters counters;
  Contradictions contradictions(counters);
  contradictions.Report("committed_but_voided", {{"qualification", "qualifications/1"}});
  contradictions.Report("committed_but_voided", {{"qualification", "qualifications/2"}});
  EXPECT_THAT(counters.Values(), ElementsAre(Pair("contradictions_total{kind=\"committed_but_voided\"}", 2)));
}

}  // namespace
}  // namespace quartet::telemetry
