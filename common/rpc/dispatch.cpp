#include "common/rpc/dispatch.h"

#include <exception>
#include <mutex>
#include <string_view>

#include <grpcpp/server_context.h>

#include "common/rpc/error_mapping.h"
#include "common/telemetry/log.h"

namespace quartet::rpc {

// A call under way. gRPC's context may be touched only until the call has been finished; `mutex_` sees to it.
class Responder::Call {
 public:
  Call(grpc::CallbackServerContext* context, CallCounts* counts, const std::string& method,
       std::function<void(grpc::Status)> send)
      : deadline_(context->deadline()), counts_(counts), method_(method), context_(context), send_(std::move(send)) {}

  ~Call() {
    if (context_ == nullptr) return;
    const Status wanted = CheckWanted();
    Finish(wanted.ok() ? Internal("the call was given up without an answer") : wanted);
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  void Finish(const Status& status) {
    std::function<void(grpc::Status)> send;
    {
      const std::lock_guard lock(mutex_);
      if (context_ == nullptr) return;
      context_ = nullptr;
      send = std::move(send_);
    }
    const Code code = status.ok() ? Code::kOk : status.error().code;
    if (code == Code::kInternal || code == Code::kUnknown || code == Code::kDataLoss) {
      telemetry::LogError("call failed", {{"method", method_}, {"error", ToString(status.error())}});
    }
    Count(code);
    send(status.ok() ? grpc::Status::OK : ToGrpcStatus(status.error()));
  }

  bool Cancelled() {
    const std::lock_guard lock(mutex_);
    return context_ == nullptr || context_->IsCancelled() || std::chrono::system_clock::now() >= deadline_;
  }

  // Why nobody needs an answer any more, or nothing.
  Status CheckWanted() {
    if (std::chrono::system_clock::now() >= deadline_) {
      return Error{.code = Code::kDeadlineExceeded,
                   .reason = "DEADLINE_EXCEEDED",
                   .message = "the deadline passed before there was an answer"};
    }
    if (Cancelled()) {
      return Error{.code = Code::kCancelled, .reason = "CANCELLED", .message = "the caller has cancelled the call"};
    }
    return {};
  }

  std::chrono::system_clock::time_point deadline() const { return deadline_; }
  const std::string& method() const { return method_; }

 private:
  void Count(Code code) const {
    if (counts_ == nullptr) return;
    const auto elapsed = std::chrono::steady_clock::now() - start_;
    counts_->Count(method_, code, std::chrono::duration_cast<std::chrono::microseconds>(elapsed));
  }

  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const std::chrono::system_clock::time_point deadline_;
  CallCounts* const counts_;
  const std::string& method_;  // the one of its method, which lives as long as the process

  std::mutex mutex_;
  // Guarded by mutex_; null once finished.
  grpc::CallbackServerContext* context_;
  std::function<void(grpc::Status)> send_;
};

Responder::Responder(std::shared_ptr<Call> call) : call_(std::move(call)) {}

void Responder::Finish(Status status) const {
  call_->Finish(status);
}

bool Responder::Cancelled() const {
  return call_->Cancelled();
}

std::chrono::system_clock::time_point Responder::deadline() const {
  return call_->deadline();
}

namespace {

// `work` is called with a Responder.
template <class Work>
void RunWork(const std::shared_ptr<Responder::Call>& call, const Work& work) {
  if (Status wanted = call->CheckWanted(); !wanted.ok()) {
    call->Finish(wanted);
    return;
  }
  // An exception ends here: beyond lies gRPC, which would turn it into UNIMPLEMENTED.
  std::string what = "not a std::exception";
  try {
    work(Responder(call));
    return;
  } catch (const std::exception& exception) {
    what = exception.what();
  } catch (...) {
  }
  telemetry::LogError("call threw", {{"method", call->method()}, {"what", what}});
  call->Finish(Internal("the service failed in an unforeseen way"));
}

std::shared_ptr<Responder::Call> CallOf(grpc::CallbackServerContext* context, WorkerPool& pool,
                                        const std::string& method, grpc::ServerUnaryReactor* reactor) {
  return std::make_shared<Responder::Call>(context, pool.counts(), method,
                                           [reactor](grpc::Status status) { reactor->Finish(std::move(status)); });
}

void Submit(WorkerPool& pool, std::shared_ptr<Responder::Call> call, std::function<void(Responder)> work) {
  const bool accepted = pool.TrySubmit([call, work = std::move(work)] { RunWork(call, work); });
  if (!accepted) call->Finish(Overloaded());
}

}  // namespace

namespace internal {

std::string MethodName(const std::string& request_name) {
  constexpr std::string_view kSuffix = "Request";
  if (!request_name.ends_with(kSuffix)) return request_name;
  return request_name.substr(0, request_name.size() - kSuffix.size());
}

bool Parse(const grpc::ByteBuffer& buffer, google::protobuf::MessageLite& message) {
  grpc::Slice slice;
  if (buffer.TrySingleSlice(&slice).ok() || buffer.DumpToSingleSlice(&slice).ok())
    return message.ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
  return false;
}

grpc::ByteBuffer BufferOf(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return {&slice, 1};
}

grpc::ServerUnaryReactor* ServeCall(grpc::CallbackServerContext* context, WorkerPool& pool, const std::string& method,
                                    std::function<void(Responder)> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  Submit(pool, CallOf(context, pool, method, reactor), std::move(work));
  return reactor;
}

grpc::ServerUnaryReactor* ServeCallHere(grpc::CallbackServerContext* context, WorkerPool& pool,
                                        const std::string& method, const std::function<void(Responder)>& work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  RunWork(CallOf(context, pool, method, reactor), work);
  return reactor;
}

grpc::ServerUnaryReactor* ServeReadHere(grpc::CallbackServerContext* context, WorkerPool& pool,
                                        const std::string& method, Read read) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const auto call = CallOf(context, pool, method, reactor);
  bool waits = false;
  RunWork(call, [&](const Responder& responder) {
    std::optional<Status> status = read(/*may_wait=*/false);
    waits = !status.has_value();
    if (!waits) responder.Finish(*std::move(status));
  });
  if (!waits) return reactor;
  Submit(pool, call, [read = std::move(read)](const Responder& responder) {
    responder.Finish(read(/*may_wait=*/true).value_or(Internal("a read gives no result")));
  });
  return reactor;
}

std::shared_ptr<Responder::Call> BeginCall(grpc::CallbackServerContext* context, WorkerPool& pool,
                                           const std::string& method, std::function<void(grpc::Status)> finish) {
  return std::make_shared<Responder::Call>(context, pool.counts(), method, std::move(finish));
}

void SubmitCall(WorkerPool& pool, std::shared_ptr<Responder::Call> call, std::function<void(Responder)> work) {
  Submit(pool, std::move(call), std::move(work));
}

}  // namespace internal
}  // namespace quartet::rpc
