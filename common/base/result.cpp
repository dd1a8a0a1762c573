#include "common/base/result.h"

#include <array>

namespace quartet {
namespace {

constexpr std::array<std::string_view, 17> kCodeNames = {
    "OK",        "CANCELLED",       "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS",  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",    "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED",
};

Error Make(Code code, std::string reason, std::string message) {
  return Error{.code = code, .reason = std::move(reason), .message = std::move(message)};
}

}  // namespace

Error InvalidArgument(std::vector<FieldViolation> violations) {
  Error error = Make(Code::kInvalidArgument, "INVALID_INPUT", "");
  for (const FieldViolation& violation : violations) {
    if (!error.message.empty()) error.message += "; ";
    error.message += violation.field + ": " + violation.description;
  }
  error.violations = std::move(violations);
  return error;
}

Error NotFound(std::string reason, std::string message) {
  return Make(Code::kNotFound, std::move(reason), std::move(message));
}

Error AlreadyExists(std::string reason, std::string message) {
  return Make(Code::kAlreadyExists, std::move(reason), std::move(message));
}

Error FailedPrecondition(std::string reason, std::string message) {
  return Make(Code::kFailedPrecondition, std::move(reason), std::move(message));
}

Error Aborted(std::string reason, std::string message, std::optional<std::chrono::milliseconds> retry_after) {
  Error error = Make(Code::kAborted, std::move(reason), std::move(message));
  error.retry_after = retry_after;
  return error;
}

Error Unavailable(std::string reason, std::string message, std::chrono::milliseconds retry_after) {
  Error error = Make(Code::kUnavailable, std::move(reason), std::move(message));
  error.retry_after = retry_after;
  return error;
}

Error Overloaded() {
  return Error{.code = Code::kResourceExhausted,
               .reason = "OVERLOADED",
               .message = "the service has more calls than it can take; try again shortly",
               .retry_after = std::chrono::milliseconds(100)};
}

Error DataLoss(std::string message) {
  return {.code = Code::kDataLoss, .reason = "UNREADABLE_DATA", .message = std::move(message)};
}

Error Internal(std::string message) {
  return Make(Code::kInternal, "INTERNAL", std::move(message));
}

std::string_view CodeName(Code code) {
  return kCodeNames[static_cast<std::size_t>(code)];
}

std::string ToString(const Error& error) {
  std::string text(CodeName(error.code));
  if (!error.reason.empty()) text += " " + error.reason;
  return text + ": " + error.message;
}

}  // namespace quartet
