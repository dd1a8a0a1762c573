#include "common/rpc/error_mapping.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/limits.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace quartet {

bool operator==(const FieldViolation& a, const FieldViolation& b) {
  return a.field == b.field && a.description == b.description;
}

bool operator==(const Error& a, const Error& b) {
  return a.code == b.code && a.reason == b.reason && a.message == b.message && a.metadata == b.metadata &&
         a.violations == b.violations && a.retry_after == b.retry_after;
}

void PrintTo(const Error& error, std::ostream* out) {
  *out << ToString(error);
}

namespace rpc {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::Le;
using ::testing::SizeIs;

Error FullError() {
  return {.code = Code::kFailedPrecondition,
          .reason = "LEAD_ALREADY_QUALIFIED",
          .message = "leads/1 is qualified: “Müller”",
          .metadata = {{"contact", "contacts/2"}, {"account", "accounts/3"}},
          .violations = {{"emails[0].address", "has no @"}, {"", "one of two must be there"}},
          .retry_after = milliseconds(1'250)};
}

TEST(ErrorMapping, AnErrorSurvivesTheWireWhole) {
  EXPECT_EQ(FromGrpcStatus(ToGrpcStatus(FullError())), FullError());
  EXPECT_EQ(FromRpcStatus(ToRpcStatus(FullError())), FullError());
}

TEST(ErrorMapping, EveryCodeComesBackAndNothingIsAdded) {
  for (int code = 1; code <= 16; ++code) {
    const Error error{.code = static_cast<Code>(code), .reason = "SOME_REASON", .message = "text"};
    EXPECT_EQ(ToGrpcStatus(error).error_code(), static_cast<grpc::StatusCode>(code));
    EXPECT_EQ(FromGrpcStatus(ToGrpcStatus(error)), error);
  }
}

TEST(ErrorMapping, AnErrorWithoutReasonOrMessageSurvivesToo) {
  const Error error{.code = Code::kAborted};
  EXPECT_EQ(FromGrpcStatus(ToGrpcStatus(error)), error);
}

TEST(ErrorMapping, DetailsAreTheStandardOnes) {
  const google::rpc::Status status = ToRpcStatus(FullError());
  ASSERT_EQ(status.details_size(), 3);
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(status.details(0).UnpackTo(&info));
  EXPECT_EQ(info.domain(), "quartet.dev");
  EXPECT_EQ(info.reason(), "LEAD_ALREADY_QUALIFIED");
  google::rpc::BadRequest bad_request;
  ASSERT_TRUE(status.details(1).UnpackTo(&bad_request));
  EXPECT_EQ(bad_request.field_violations(0).field(), "emails[0].address");
  google::rpc::RetryInfo retry;
  ASSERT_TRUE(status.details(2).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 250'000'000);
}

TEST(ErrorMapping, AnErrorThatSaysOkIsInternal) {
  EXPECT_EQ(ToGrpcStatus(Error{.code = Code::kOk}).error_code(), grpc::StatusCode::INTERNAL);
}

TEST(ErrorMapping, AStatusOfTheTransportGetsAReasonAndUnavailableADelay) {
  const Error error = FromGrpcStatus({grpc::StatusCode::UNAVAILABLE, "failed to connect"});
  EXPECT_EQ(error.code, Code::kUnavailable);
  EXPECT_EQ(error.reason, "SERVICE_UNAVAILABLE");
  EXPECT_EQ(error.message, "failed to connect");
  EXPECT_TRUE(error.retry_after.has_value());
  const Error late = FromGrpcStatus({grpc::StatusCode::DEADLINE_EXCEEDED, "Deadline Exceeded"});
  EXPECT_EQ(late.reason, "DEADLINE_EXCEEDED");
  EXPECT_FALSE(late.retry_after.has_value());
}

TEST(ErrorMapping, DetailsThatCannotBeReadLeaveCodeAndMessage) {
  const Error error = FromGrpcStatus({grpc::StatusCode::NOT_FOUND, "gone", "\xff\xff not a Status"});
  EXPECT_EQ(error.code, Code::kNotFound);
  EXPECT_EQ(error.message, "gone");
}

TEST(ErrorMapping, ACodeThatDoesNotExistIsUnknown) {
  google::rpc::Status status;
  status.set_code(99);
  EXPECT_EQ(FromRpcStatus(status).code, Code::kUnknown);
  status.set_code(-1);
  EXPECT_EQ(FromRpcStatus(status).code, Code::kUnknown);
}

TEST(ErrorMapping, HundredsOfViolationsStillFitIntoAHeader) {
  std::vector<FieldViolation> violations;
  for (int i = 0; i < 500; ++i) violations.push_back({"leads[" + std::to_string(i) + "].emails", "wants an “@”"});
  const Error error = InvalidArgument(violations);
  const grpc::Status status = ToGrpcStatus(error);
  EXPECT_THAT(status.error_details(), SizeIs(Le(5'000U)));
  EXPECT_THAT(status.error_message(), SizeIs(Le(limits::kErrorMessageBytesMax + 3)));
  const Error received = FromGrpcStatus(status);
  ASSERT_GT(received.violations.size(), 2U);
  EXPECT_EQ(received.violations.front(), violations.front());
  EXPECT_EQ(received.violations.back().description,
            "and " + std::to_string(501 - received.violations.size()) + " more");
  // Inside a message there is room for all of them.
  EXPECT_THAT(FromRpcStatus(ToRpcStatus(error)).violations, SizeIs(500));
}

TEST(ErrorMapping, ALongMessageIsCutBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 3'000; ++i) text += "ü";
  const std::string received = ToGrpcStatus(Internal("x" + text)).error_message();
  EXPECT_THAT(received, AllOf(SizeIs(Le(1'027U)), EndsWith("ü…")));
}

}  // namespace
}  // namespace rpc
}  // namespace quartet
