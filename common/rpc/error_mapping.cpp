#include "common/rpc/error_mapping.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <fmt/format.h>

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

// Clients other than ours take 8 KiB of metadata, and details travel there in base64 beside the message.
constexpr std::size_t kDetailsBytesMax = 4'096;
constexpr std::size_t kMessageBytesInMetadataMax = 1'024;

// Cuts at a character, not inside one.
std::string Shortened(const std::string& text) {
  if (text.size() <= kMessageBytesInMetadataMax) return text;
  std::size_t end = kMessageBytesInMetadataMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

// `error` with as many violations as a header has room for, and a word on the rest.
Error FitForHeader(const Error& error) {
  Error fit = error;
  fit.message = Shortened(error.message);
  std::size_t bytes = fit.message.size();
  std::size_t kept = 0;
  for (; kept < error.violations.size(); ++kept) {
    bytes += error.violations[kept].field.size() + error.violations[kept].description.size() + 8;
    if (bytes > kDetailsBytesMax) break;
  }
  if (kept < error.violations.size()) {
    fit.violations.resize(kept);
    fit.violations.push_back({"", fmt::format("and {} more", error.violations.size() - kept)});
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

grpc::Status ToGrpcStatus(const Error& error) {
  google::rpc::Status status = ToRpcStatus(error);
  if (status.ByteSizeLong() > kDetailsBytesMax) status = ToRpcStatus(FitForHeader(error));
  return {static_cast<grpc::StatusCode>(status.code()), Shortened(error.message), status.SerializeAsString()};
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
