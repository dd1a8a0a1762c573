#pragma once

#include <chrono>

#include "common/base/result.h"
#include "services/quartet/connection/rpc.h"

namespace quartet::cli {

// What lies in the services, read page by page or by name. For one thread.
class Inspections {
 public:
  virtual ~Inspections() = default;

  // `Request`: InspectRecordsRequest and so on. Errors: those of the service.
  template <class Response, class Request>
  Result<Response> Ask(Service service, const Request& request) {
    Response response;
    QUARTET_RETURN_IF_ERROR(Call(service, request, response));
    return response;
  }

  // Waits, unless the check is given up.
  virtual bool WaitFor(std::chrono::milliseconds duration) = 0;

 private:
  virtual Status Call(Service service, const google::protobuf::Message& request,
                      google::protobuf::Message& response) = 0;
};

// Of the suite that is called. A service that is away for a moment is waited for, if any of them is there. Errors:
// those of Rpc.
class SuiteInspections final : public Inspections {
 public:
  explicit SuiteInspections(Rpc& rpc) : rpc_(rpc) {}

  bool WaitFor(std::chrono::milliseconds duration) override;

 private:
  Status Call(Service service, const google::protobuf::Message& request, google::protobuf::Message& response) override;
  bool IsSuiteThere();

  Rpc& rpc_;
  bool is_there_ = false;
};

}  // namespace quartet::cli
