#include "common/storage/postgres/batching/sql_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartet::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(SplitStatementsTest, SemicolonsEndStatements) {
  EXPECT_THAT(SplitStatements("SELECT 1;SELECT 2;"), ElementsAre("SELECT 1", "SELECT 2"));
}

TEST(SplitStatementsTest, TheLastSemicolonMayBeMissing) {
  EXPECT_THAT(SplitStatements("a; b"), ElementsAre("a", " b"));
}

TEST(SplitStatementsTest, QuotesAndCommentsHideSemicolons) {
  EXPECT_THAT(SplitStatements("a ';' b; c \";\" d; e -- f;\n g; h /* ; */ i"),
              ElementsAre("a ';' b", " c \";\" d", " e -- f;\n g", " h /* ; */ i"));
}

TEST(SplitStatementsTest, ADoubledQuoteEndsNothing) {
  EXPECT_THAT(SplitStatements("a 'it''s; so' b; c"), ElementsAre("a 'it''s; so' b", " c"));
}

TEST(SplitStatementsTest, CommentsAloneAreNoStatement) {
  EXPECT_THAT(SplitStatements(" ; -- nothing\n; /* here */ ;\n"), IsEmpty());
}

TEST(SplitStatementsTest, WhatIsLeftOpenEndsWithTheText) {
  EXPECT_THAT(SplitStatements("a 'b; c"), ElementsAre("a 'b; c"));
  EXPECT_THAT(SplitStatements("a /* b; c"), ElementsAre("a /* b; c"));
  EXPECT_THAT(SplitStatements("a -- b; c"), ElementsAre("a -- b; c"));
}

}  // namespace
}  // namespace quartet::storage
