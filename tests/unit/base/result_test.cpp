#include "common/base/result.h"

#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quartet {
namespace {

using ::testing::SizeIs;

Result<int> Half(int number) {
  if (number % 2 != 0) return InvalidArgument({{"number", "is odd"}});
  return number / 2;
}

Status CheckQuarter(int number, int wanted) {
  QUARTET_ASSIGN_OR_RETURN(const int half, Half(number));
  QUARTET_ASSIGN_OR_RETURN(const int quarter, Half(half));
  if (quarter != wanted) return FailedPrecondition("WRONG_QUARTER", "not that");
  return {};
}

Status CheckTwice(int number, int wanted) {
  QUARTET_RETURN_IF_ERROR(CheckQuarter(number, wanted));
  return CheckQuarter(number, wanted);
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> value = Half(4);
  ASSERT_TRUE(value.ok());
  EXPECT_TRUE(static_cast<bool>(value));
  EXPECT_EQ(*value, 2);

  const Result<int> error = Half(3);
  ASSERT_FALSE(error.ok());
  EXPECT_EQ(error.error().code, Code::kInvalidArgument);
  EXPECT_THAT(error.error().violations, SizeIs(1));
}

TEST(Result, GivesUpWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<std::string>> result(std::make_unique<std::string>("kept"));
  EXPECT_EQ((*result)->size(), 4U);
  const std::unique_ptr<std::string> taken = *std::move(result);
  EXPECT_EQ(*taken, "kept");
}

TEST(Result, TheFirstErrorLeavesTheFunction) {
  EXPECT_TRUE(CheckTwice(8, 2).ok());
  EXPECT_EQ(CheckTwice(7, 1).error().code, Code::kInvalidArgument);
  EXPECT_EQ(CheckTwice(6, 1).error().code, Code::kInvalidArgument);
  EXPECT_EQ(CheckTwice(8, 1).error().reason, "WRONG_QUARTER");
}

TEST(Error, InvalidArgumentNamesEveryViolation) {
  const Error error = InvalidArgument({{"a", "is empty"}, {"b", "is odd"}});
  EXPECT_EQ(error.reason, "INVALID_INPUT");
  EXPECT_EQ(error.message, "a: is empty; b: is odd");
  EXPECT_EQ(ToString(error), "INVALID_ARGUMENT INVALID_INPUT: a: is empty; b: is odd");
}

TEST(Error, MakersSetCodeAndWhenToRetry) {
  using std::chrono::milliseconds;
  EXPECT_EQ(NotFound("R", "m").code, Code::kNotFound);
  EXPECT_EQ(AlreadyExists("R", "m").code, Code::kAlreadyExists);
  EXPECT_EQ(Internal("m").code, Code::kInternal);
  EXPECT_EQ(Aborted("R", "m").retry_after, std::nullopt);
  EXPECT_EQ(Aborted("R", "m", milliseconds(5)).retry_after, milliseconds(5));
  EXPECT_EQ(Unavailable("R", "m").retry_after, milliseconds(200));
}

TEST(Code, NamesAreThoseOfGoogleRpc) {
  EXPECT_EQ(CodeName(Code::kOk), "OK");
  EXPECT_EQ(CodeName(Code::kFailedPrecondition), "FAILED_PRECONDITION");
  EXPECT_EQ(CodeName(Code::kUnauthenticated), "UNAUTHENTICATED");
}

}  // namespace
}  // namespace quartet
