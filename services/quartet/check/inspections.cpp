#include "services/quartet/check/inspections.h"

#include "services/quartet/shell/interrupt.h"

#include "grpc/health/v1/health.pb.h"

namespace quartet::cli {
namespace {

// A service that is restarted is back by then.
constexpr std::chrono::seconds kAwayMax{60};
constexpr std::chrono::milliseconds kAwayPause{200};

}  // namespace

bool SuiteInspections::WaitFor(std::chrono::milliseconds duration) {
  return rpc_.interrupt().WaitFor(duration);
}

bool SuiteInspections::IsSuiteThere() {
  if (is_there_) return true;
  for (const Service service : kServices) {
    grpc::health::v1::HealthCheckResponse response;
    is_there_ = is_there_ || rpc_.CallAt(service, grpc::health::v1::HealthCheckRequest(), response).ok();
  }
  return is_there_;
}

Status SuiteInspections::Call(Service service, const google::protobuf::Message& request,
                              google::protobuf::Message& response) {
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    Status status = rpc_.CallAt(service, request, response);
    is_there_ = is_there_ || status.ok();
    if (status.ok()) return status;
    const Code code = status.error().code;
    const bool is_away =
        code == Code::kUnavailable || code == Code::kResourceExhausted || code == Code::kDeadlineExceeded;
    if (!is_away || !IsSuiteThere() || std::chrono::steady_clock::now() - begin > kAwayMax || !WaitFor(kAwayPause))
      return status;
  }
}

}  // namespace quartet::cli
