#include "common/rpc/error_mapping.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "common/base/limits.h"

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace quartet::rpc {
namespace {

// What a status without our own details means to whoever calls a service.
struct Mapping {
  Code code;
  std::string_view reason;  // for statuses that name none
  int retry_after_ms;       // for statuses that name none; 0: trying again does not help
};

// By number; the codes of gRPC, google.rpc and Quartet are the same ones.
constexpr std::array<Mapping, 17> kMappings = {{
    {Code::kInternal, "INTERNAL", 0},  // an error that says OK is a mistake of its maker
    {Code::kCancelled, "CANCELLED", 0},
    {Code::kUnknown, "UNKNOWN", 0},
    {Code::kInvalidArgument, "INVALID_INPUT", 0},
    {Code::kDeadlineExceeded, "DEADLINE_EXCEEDED", 0},
    {Code::kNotFound, "NOT_FOUND", 0},
    {Code::kAlreadyExists, "ALREADY_EXISTS", 0},
    {Code::kPermissionDenied, "PERMISSION_DENIED", 0},
    {Code::kResourceExhausted, "RESOURCE_EXHAUSTED", 0},
    {Code::kFailedPrecondition, "FAILED_PRECONDITION", 0},
    {Code::kAborted, "ABORTED", 0},
    {Code::kOutOfRange, "OUT_OF_RANGE", 0},
    {Code::kUnimplemented, "UNIMPLEMENTED", 0},
    {Code::kInternal, "INTERNAL", 0},
    {Code::kUnavailable, "SERVICE_UNAVAILABLE", 200},
    {Code::kDataLoss, "DATA_LOSS", 0},
    {Code::kUnauthenticated, "UNAUTHENTICATED", 0},
}};

const Mapping& MappingOf(int code) {
  const auto place = static_cast<std::size_t>(code);
  return kMappings[place < kMappings.size() ? place : static_cast<std::size_t>(Code::kUnknown)];
}

// What the types' names and the reason take in serialised details.
constexpr std::size_t kDetailsOverheadBytes = 256;

// How many bytes a character of a message takes in a header, where all but printable ASCII is percent-encoded.
std::size_t EncodedBytes(char c) {
  return c >= ' ' && c <= '~' && c != '%' ? 1 : 3;
}

// As much of it as takes so many bytes in a header. Cuts at a character, not inside one.
std::string Shortened(const std::string& text, std::size_t encoded_bytes_max) {
  std::size_t end = 0;
  for (std::size_t bytes = 0; end < text.size(); ++end) {
    bytes += EncodedBytes(text[end]);
    if (bytes > encoded_bytes_max) break;
  }
  if (end == text.size()) return text;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

// `error` with as many of its details as have room, and a word on the rest.
Error Fitted(const Error& error, std::size_t bytes_max) {
  Error fit = error;
  fit.message = Shortened(error.message, bytes_max / 4);
  std::size_t bytes = kDetailsOverheadBytes + fit.message.size();

  fit.metadata.clear();
  for (const auto& [key, value] : error.metadata) {
    const std::size_t entry = key.size() + value.size() + 8;
    if (bytes + entry > bytes_max * 3 / 4) {
      fit.metadata.emplace("cut", "true");
      break;
    }
    bytes += entry;
    fit.metadata.emplace(key, value);
  }

  fit.violations.clear();
  for (const FieldViolation& violation : error.violations) {
    FieldViolation shorter{.field = Shortened(violation.field, bytes_max / 8),
                           .description = Shortened(violation.description, bytes_max / 8)};
    const std::size_t entry = shorter.field.size() + shorter.description.size() + 8;
    if (bytes + entry + 32 > bytes_max) {
      fit.violations.push_back({"", fmt::format("and {} more", error.violations.size() - fit.violations.size())});
      break;
    }
    bytes += entry;
    fit.violations.push_back(std::move(shorter));
  }
  return fit;
}

}  // namespace

google::rpc::Status ToRpcStatus(const Error& error) {
  google::rpc::Status status;
  status.set_code(static_cast<int>(MappingOf(static_cast<int>(error.code)).code));
  status.set_message(error.message);

  google::rpc::ErrorInfo info;
  info.set_reason(error.reason);
  info.set_domain(std::string(kErrorDomain));
  for (const auto& [key, value] : error.metadata) (*info.mutable_metadata())[key] = value;
  status.add_details()->PackFrom(info);

  if (!error.violations.empty()) {
    google::rpc::BadRequest bad_request;
    for (const FieldViolation& violation : error.violations) {
      auto* added = bad_request.add_field_violations();
      added->set_field(violation.field);
      added->set_description(violation.description);
    }
    status.add_details()->PackFrom(bad_request);
  }
  if (error.retry_after) {
    const auto ms = error.retry_after->count();
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(ms / 1'000);
    retry.mutable_retry_delay()->set_nanos(static_cast<std::int32_t>(ms % 1'000) * 1'000'000);
    status.add_details()->PackFrom(retry);
  }
  return status;
}

google::rpc::Status ToRpcStatus(const Error& error, std::size_t bytes_max) {
  google::rpc::Status status = ToRpcStatus(error);
  return status.ByteSizeLong() <= bytes_max ? status : ToRpcStatus(Fitted(error, bytes_max));
}

grpc::Status ToGrpcStatus(const Error& error) {
  const google::rpc::Status status = ToRpcStatus(error, limits::kErrorDetailsBytesMax);
  return {static_cast<grpc::StatusCode>(status.code()), Shortened(error.message, limits::kErrorMessageBytesMax),
          status.SerializeAsString()};
}

Error FromRpcStatus(const google::rpc::Status& status) {
  const Mapping& mapping = MappingOf(status.code());
  Error error{.code = mapping.code, .reason = std::string(mapping.reason), .message = status.message()};
  bool ours = false;
  for (const google::protobuf::Any& detail : status.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad_request;
    google::rpc::RetryInfo retry;
    if (detail.UnpackTo(&info)) {
      ours = info.domain() == kErrorDomain;
      error.reason = info.reason();
      error.metadata.insert(info.metadata().begin(), info.metadata().end());
    } else if (detail.UnpackTo(&bad_request)) {
      for (const auto& violation : bad_request.field_violations()) {
        error.violations.push_back({violation.field(), violation.description()});
      }
    } else if (detail.UnpackTo(&retry)) {
      error.retry_after =
          std::chrono::milliseconds(retry.retry_delay().seconds() * 1'000 + retry.retry_delay().nanos() / 1'000'000);
    }
  }
  if (!ours && !error.retry_after && mapping.retry_after_ms > 0) {
    error.retry_after = std::chrono::milliseconds(mapping.retry_after_ms);
  }
  return error;
}

Error FromGrpcStatus(const grpc::Status& status) {
  google::rpc::Status details;
  if (status.error_details().empty() || !details.ParseFromString(status.error_details())) details.Clear();
  // The header decides where the two disagree: it is what the transport acted on.
  details.set_code(status.error_code());
  if (details.message().empty()) details.set_message(status.error_message());
  return FromRpcStatus(details);
}

}  // namespace quartet::rpc
