#include "services/quartet/connection/rpc.h"

#include <cstdlib>
#include <future>
#include <string>

#include <fmt/core.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include "common/rpc/channel.h"
#include "common/rpc/error_mapping.h"
#include "services/quartet/shell/interrupt.h"

namespace quartet::cli {
namespace {

using google::protobuf::Message;

constexpr int kAttemptsMax = 5;

// Path of the method that takes this type of request: its file defines the services whose requests it holds.
std::string MethodFor(const Message& request) {
  const auto* type = request.GetDescriptor();
  for (int number = 0; number < type->file()->service_count(); ++number) {
    const auto* service = type->file()->service(number);
    for (int i = 0; i < service->method_count(); ++i) {
      if (service->method(i)->input_type() == type) {
        return fmt::format("/{}/{}", service->full_name(), service->method(i)->name());
      }
    }
  }
  std::abort();  // not the request of any method
}

Service OwnerOf(const Message& request) {
  const std::string& package = request.GetDescriptor()->file()->package();
  for (const Service service : kServices) {
    if (package == fmt::format("quartet.{}.v1", ServiceName(service))) return service;
  }
  std::abort();  // every service serves this package: the caller must say which
}

// Whether the service recognises the request if it gets it twice.
bool IsRecognised(const Message& request) {
  const auto* field = request.GetDescriptor()->FindFieldByName("request_id");
  return field != nullptr && !request.GetReflection()->GetString(request, field).empty();
}

bool WorthRepeating(const Error& error) {
  return error.retry_after.has_value() &&
         (error.code == Code::kUnavailable || error.code == Code::kAborted || error.code == Code::kResourceExhausted);
}

grpc::Status CallOnce(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                      std::chrono::milliseconds timeout, Interrupt& interrupt, const Message& request,
                      Message& response) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  const Interrupt::Watch watch(interrupt, [&context] { context.TryCancel(); });
  const grpc::Slice sent(request.SerializeAsString());
  const grpc::ByteBuffer outgoing(&sent, 1);
  grpc::ByteBuffer incoming;
  // Shared, because set_value may still be running when the future is ready.
  auto done = std::make_shared<std::promise<grpc::Status>>();
  auto finished = done->get_future();
  grpc::GenericStub(channel).UnaryCall(&context, method, grpc::StubOptions(), &outgoing, &incoming,
                                       [done](grpc::Status status) { done->set_value(std::move(status)); });
  grpc::Status status = finished.get();
  grpc::Slice received;
  if (status.ok()) status = incoming.DumpToSingleSlice(&received);
  if (status.ok() && !response.ParseFromArray(received.begin(), static_cast<int>(received.size()))) {
    return {grpc::StatusCode::INTERNAL, "the answer is not of the expected type"};
  }
  return status;
}

}  // namespace

Rpc::Rpc(SuiteAddress address, std::chrono::milliseconds timeout, Interrupt& interrupt)
    : address_(std::move(address)), timeout_(timeout), interrupt_(interrupt) {}

Rpc::~Rpc() = default;

std::shared_ptr<grpc::Channel> Rpc::Channel(Service service) {
  auto& channel = channels_[static_cast<std::size_t>(service)];
  if (channel == nullptr) channel = rpc::MakeChannel(address_.Of(service));
  return channel;
}

Error Rpc::ErrorOf(Service service, const grpc::Status& status) const {
  Error error = rpc::FromGrpcStatus(status);
  // Our servers give details with every error; without, gRPC has made it up on this side.
  const bool made_here = status.error_details().empty();
  if (error.code == Code::kCancelled && interrupt_.StopRequested()) {
    error.reason = kInterrupted;
    error.message = "interrupted; what was in flight may have been done";
  } else if (error.code == Code::kUnavailable && made_here) {
    error.retry_after.reset();
    error.reason = kUnreachable;
    error.metadata["service"] = ServiceName(service);
    error.metadata["address"] = address_.Of(service);
  } else if (error.code == Code::kDeadlineExceeded && made_here) {
    error.message = fmt::format("the {} service at {} did not answer within {:g} s", ServiceName(service),
                                address_.Of(service), std::chrono::duration<double>(timeout_).count());
  }
  return error;
}

Status Rpc::Call(const Message& request, Message& response) {
  return CallAt(OwnerOf(request), request, response);
}

Status Rpc::CallAt(Service service, const Message& request, Message& response) {
  const std::string method = MethodFor(request);
  for (int attempt = 1;; ++attempt) {
    const grpc::Status status = CallOnce(Channel(service), method, timeout_, interrupt_, request, response);
    if (status.ok()) return {};
    Error error = ErrorOf(service, status);
    // The replica may have gone in the middle of it; another knows whether it was done. Calls that only read the
    // channel repeats by itself.
    if (error.reason == kUnreachable && attempt == 1 && IsRecognised(request)) continue;
    if (!WorthRepeating(error) || attempt == kAttemptsMax || !interrupt_.WaitFor(*error.retry_after)) return error;
  }
}

}  // namespace quartet::cli
