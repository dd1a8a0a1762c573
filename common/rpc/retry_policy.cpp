#include "common/rpc/retry_policy.h"

#include <array>
#include <string_view>

#include <fmt/format.h>

#include "quartet/account/v1/service.pb.h"
#include "quartet/contact/v1/service.pb.h"
#include "quartet/lead/v1/service.pb.h"
#include "quartet/operations/v1/service.pb.h"
#include "quartet/opportunity/v1/service.pb.h"
#include "quartet/qualification/v1/service.pb.h"

namespace quartet::rpc {
namespace {

// By the naming of the API Improvement Proposals (AIP-131, 132, 231); a preview
// changes nothing either.
bool OnlyReads(std::string_view method) {
  constexpr std::array<std::string_view, 4> kPrefixes = {"Get", "BatchGet", "List", "Preview"};
  for (const std::string_view prefix : kPrefixes) {
    if (method.starts_with(prefix)) return true;
  }
  return false;
}

std::string ReadingMethods(const google::protobuf::FileDescriptor& file) {
  std::string names;
  for (int i = 0; i < file.service_count(); ++i) {
    const auto& service = *file.service(i);
    for (int j = 0; j < service.method_count(); ++j) {
      const std::string& method = service.method(j)->name();
      if (!OnlyReads(method)) continue;
      names +=
          fmt::format(R"({}{{"service":"{}","method":"{}"}})", names.empty() ? "" : ",", service.full_name(), method);
    }
  }
  return names;
}

}  // namespace

std::string RetryServiceConfig() {
  const std::array files = {
      lead::v1::GetLeadRequest::descriptor()->file(),
      contact::v1::GetContactRequest::descriptor()->file(),
      account::v1::GetAccountRequest::descriptor()->file(),
      opportunity::v1::GetOpportunityRequest::descriptor()->file(),
      qualification::v1::GetQualificationRequest::descriptor()->file(),
      operations::v1::ListDeadLettersRequest::descriptor()->file(),
  };
  // Its file has no message to be found by; it has previews only.
  std::string names = R"({"service":"quartet.qualification.v1.ParticipantService"})";
  for (const auto* file : files) names += "," + ReadingMethods(*file);
  return fmt::format(
      R"({{"methodConfig":[{{"name":[{}],"retryPolicy":{{"maxAttempts":4,"initialBackoff":"0.05s","maxBackoff":"1s",)"
      R"("backoffMultiplier":2,"retryableStatusCodes":["UNAVAILABLE"]}}}}],)"
      R"("retryThrottling":{{"maxTokens":100,"tokenRatio":0.1}}}})",
      names);
}

}  // namespace quartet::rpc
