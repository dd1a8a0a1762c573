// common/base: what every other part stands on: errors as values, time and
// identifiers as ports. Nothing here knows of gRPC, SQL or Redis.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace quartet {

// Canonical codes, with the numbers of google.rpc.Code so that the one mapping
// to gRPC is a cast.
enum class Code {
  kOk = 0,
  kCancelled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};

// One thing that is wrong with the input (google.rpc.BadRequest).
struct FieldViolation {
  std::string field;        // path in the request, for instance "emails[0].address"
  std::string description;  // what is wrong and what would be right, for a person
};

// A failure, as a value. `reason` is stable and machine-readable
// (google.rpc.ErrorInfo); `message` is for a person and may change.
struct Error {
  Code code = Code::kInternal;
  std::string reason;
  std::string message;
  std::map<std::string, std::string> metadata = {};
  std::vector<FieldViolation> violations = {};
  std::optional<std::chrono::milliseconds> retry_after = std::nullopt;
};

Error InvalidArgument(std::vector<FieldViolation> violations);
Error NotFound(std::string reason, std::string message);
Error AlreadyExists(std::string reason, std::string message);
Error FailedPrecondition(std::string reason, std::string message);
// The caller should read again and retry after `retry_after`.
Error Aborted(std::string reason, std::string message,
              std::optional<std::chrono::milliseconds> retry_after = std::nullopt);
// A dependency cannot be reached now; retrying helps.
Error Unavailable(std::string reason, std::string message,
                  std::chrono::milliseconds retry_after = std::chrono::milliseconds(200));
Error Internal(std::string message);
// DATA_LOSS UNREADABLE_DATA: what is stored cannot be read. Only of the record concerned.
Error DataLoss(std::string message);
// RESOURCE_EXHAUSTED OVERLOADED: more calls than there is room for; to be tried again shortly.
Error Overloaded();

// "CODE REASON: message (field: description; …)", for logs and terminals.
std::string ToString(const Error& error);

// Name of a code as in google.rpc.Code, for instance "NOT_FOUND".
std::string_view CodeName(Code code);

// A value, or the error that kept it from being made. Never both, never
// neither; reading the one that is not there ends the process.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return std::get<0>(state_); }
  const T& value() const& { return std::get<0>(state_); }
  T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return error_.value(); }
  Error&& error() && { return std::move(error_).value(); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace quartet

#define QUARTET_CONCAT_INNER(a, b) a##b
#define QUARTET_CONCAT(a, b) QUARTET_CONCAT_INNER(a, b)

// Leaves the function with the error if `expression` has one. Like the one below
// it may stand within a lambda that is part of another's expression, hence the
// counted names.
#define QUARTET_RETURN_IF_ERROR(expression) \
  QUARTET_RETURN_IF_ERROR_INNER(QUARTET_CONCAT(quartet_status_, __COUNTER__), expression)
#define QUARTET_RETURN_IF_ERROR_INNER(status, expression)                           \
  do {                                                                              \
    if (auto status = (expression); !status.ok()) return std::move(status).error(); \
  } while (false)

// Declares or assigns `target` from the value, or leaves with the error.
#define QUARTET_ASSIGN_OR_RETURN(target, expression) \
  QUARTET_ASSIGN_OR_RETURN_INNER(QUARTET_CONCAT(quartet_result_, __COUNTER__), target, expression)
#define QUARTET_ASSIGN_OR_RETURN_INNER(result, target, expression) \
  auto result = (expression);                                      \
  if (!result.ok()) return std::move(result).error();              \
  target = std::move(result).value()
