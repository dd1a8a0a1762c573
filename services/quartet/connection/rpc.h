#pragma once

#include <array>
#include <chrono>
#include <memory>

#include "common/base/result.h"
#include "services/quartet/connection/suite_address.h"

namespace google::protobuf {
class Message;
}
namespace grpc {
class Channel;
class Status;
}  // namespace grpc

namespace quartet::cli {

class Interrupt;

// Reason of the error of a call whose service could not be reached at all.
inline constexpr std::string_view kUnreachable = "UNREACHABLE";
// Reason of the error of a call that was given up because of Ctrl-C.
inline constexpr std::string_view kInterrupted = "INTERRUPTED";

// Calls the services of one suite. Every call has the same time limit; a call that a server turns away with RetryInfo
// (it is busy, restarting, or a qualification holds the record) is made again a few times as it was told to; one whose
// connection broke is made again once. Calls change nothing twice: those that create carry a request_id. For one thread
// at a time.
class Rpc {
 public:
  // `timeout` is per call, repetitions not counted.
  Rpc(SuiteAddress address, std::chrono::milliseconds timeout, Interrupt& interrupt);
  ~Rpc();

  // Calls the method that takes this type of request, at the service that owns its package. Errors: those that the
  // server gives; UNAVAILABLE kUnreachable; DEADLINE_EXCEEDED; CANCELLED kInterrupted.
  Status Call(const google::protobuf::Message& request, google::protobuf::Message& response);

  // The same for a type of request that every service takes (health, operations).
  Status CallAt(Service service, const google::protobuf::Message& request, google::protobuf::Message& response);

  // For streams, which do their own calling. The error of a finished stream comes from ErrorOf.
  std::shared_ptr<grpc::Channel> Channel(Service service);
  Error ErrorOf(Service service, const grpc::Status& status) const;

  const SuiteAddress& address() const { return address_; }
  std::chrono::milliseconds timeout() const { return timeout_; }
  Interrupt& interrupt() { return interrupt_; }

 private:
  SuiteAddress address_;
  std::chrono::milliseconds timeout_;
  Interrupt& interrupt_;
  std::array<std::shared_ptr<grpc::Channel>, std::size(kServices)> channels_;
};

}  // namespace quartet::cli
