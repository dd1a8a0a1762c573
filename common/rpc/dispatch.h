// Calls of gRPC's callback API. Work that may wait, for the disk or for others,
// runs on a WorkerPool:
//   return rpc::Serve<ListLeadsRequest, ListLeadsResponse>(context, pool, [=] { … return Status(); });
// Work that never does, for it only computes and queues what is to be written,
// runs on gRPC's own threads, which spares waking another (ServeQueued, ServeRead).
// gRPC owns the request, the response and the context until the call has been
// finished; nothing may touch them afterwards.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "common/base/result.h"
#include "common/rpc/worker_pool.h"

namespace quartet::rpc {

// What finishes a call that goes on after its first step, for instance one that
// waits for another service's answer. Copies share the call; any thread may use
// them at any time. If all copies die with the call unfinished, it ends as
// CANCELLED or DEADLINE_EXCEEDED where nobody waits for it any more, and as
// INTERNAL otherwise. A server that drains waits for all its calls: who keeps a Responder
// for long looks at Cancelled() from time to time, and then finishes or drops it.
class Responder {
 public:
  // Sends the response, or the error. The first call counts, later ones are
  // ignored. The request and the response are gone once this was called.
  void Finish(Status status) const;
  // The same, so that it can be given where a callback is wanted.
  void operator()(Status status) const { Finish(std::move(status)); }
  // Whether nobody waits for the answer any more: the caller cancelled, its
  // deadline has passed, or the call has been finished.
  bool Cancelled() const;
  // The caller's deadline; time_point::max() if it set none.
  std::chrono::system_clock::time_point deadline() const;

  class Call;
  explicit Responder(std::shared_ptr<Call> call);

 private:
  std::shared_ptr<Call> call_;
};

namespace internal {

// The method's full name from that of its request: "quartet.lead.v1.GetLead".
std::string MethodName(const std::string& request_name);

bool Parse(const grpc::ByteBuffer& buffer, google::protobuf::MessageLite& message);
grpc::ByteBuffer BufferOf(const std::string& bytes);

// Tries a read; nothing if it would have to wait and may not.
using Read = std::function<std::optional<Status>(bool may_wait)>;

grpc::ServerUnaryReactor* ServeCall(grpc::CallbackServerContext* context, WorkerPool& pool, const std::string& method,
                                    std::function<void(Responder)> work);
grpc::ServerUnaryReactor* ServeCallHere(grpc::CallbackServerContext* context, WorkerPool& pool,
                                        const std::string& method, const std::function<void(Responder)>& work);
grpc::ServerUnaryReactor* ServeReadHere(grpc::CallbackServerContext* context, WorkerPool& pool,
                                        const std::string& method, Read read);

// A call that `finish` ends, for those that are not unary.
std::shared_ptr<Responder::Call> BeginCall(grpc::CallbackServerContext* context, WorkerPool& pool,
                                           const std::string& method, std::function<void(grpc::Status)> finish);
// Runs `work` as ServeCall would.
void SubmitCall(WorkerPool& pool, std::shared_ptr<Responder::Call> call, std::function<void(Responder)> work);

}  // namespace internal

// Runs `work` on the pool and finishes the call when it calls Finish.
//  - A full pool: RESOURCE_EXHAUSTED OVERLOADED with RetryInfo, at once.
//  - The caller has gone, or its deadline has passed, before the work began: it
//    is not begun. Once begun it is never interrupted.
//  - An exception that leaves `work`: INTERNAL; what it said is logged only.
// Calls and their time are counted in pool.counts() by method and code.
template <class Req, class Resp>
grpc::ServerUnaryReactor* ServeAsync(grpc::CallbackServerContext* context, WorkerPool& pool,
                                     std::function<void(Responder)> work) {
  static const std::string method = internal::MethodName(Req::descriptor()->full_name());
  return internal::ServeCall(context, pool, method, std::move(work));
}

// The same for work that is over when it returns.
template <class Req, class Resp>
grpc::ServerUnaryReactor* Serve(grpc::CallbackServerContext* context, WorkerPool& pool, std::function<Status()> work) {
  return ServeAsync<Req, Resp>(context, pool,
                               [work = std::move(work)](const Responder& responder) { responder.Finish(work()); });
}

// As ServeAsync, for work that never waits: it begins at once, on this thread. Who
// queues what it leaves behind refuses it when that queue is full.
template <class Req, class Resp>
grpc::ServerUnaryReactor* ServeQueued(grpc::CallbackServerContext* context, WorkerPool& pool,
                                      const std::function<void(Responder)>& work) {
  static const std::string method = internal::MethodName(Req::descriptor()->full_name());
  return internal::ServeCallHere(context, pool, method, work);
}

// As Serve, for a method that is marked raw because its answer is stored in its serialised
// form: gRPC neither parses nor serialises then. `read` fills `answer`; it is called at once,
// on this thread, with `may_wait` false, and if it gives nothing then, once more on the
// pool. A request that is no Req: INVALID_ARGUMENT.
template <class Req>
grpc::ServerUnaryReactor* ServeRead(
    grpc::CallbackServerContext* context, WorkerPool& pool, const grpc::ByteBuffer* request, grpc::ByteBuffer* response,
    std::function<std::optional<Status>(const Req&, bool may_wait, std::string& answer)> read) {
  static const std::string method = internal::MethodName(Req::descriptor()->full_name());
  auto parsed = std::make_shared<Req>();
  const bool readable = internal::Parse(*request, *parsed);
  return internal::ServeReadHere(
      context, pool, method,
      [parsed = std::move(parsed), readable, response, read = std::move(read)](bool may_wait) -> std::optional<Status> {
        if (!readable) return InvalidArgument({{"", "the request cannot be read"}});
        std::string answer;
        std::optional<Status> status = read(*parsed, may_wait, answer);
        if (status && status->ok()) *response = internal::BufferOf(answer);
        return status;
      });
}

// As Serve, for a read that mostly needs no waiting: it is called at once, on this thread, with
// `may_wait` false, and if it gives nothing then, once more on the pool.
template <class Req, class Resp>
grpc::ServerUnaryReactor* ServeLookup(grpc::CallbackServerContext* context, WorkerPool& pool, internal::Read read) {
  static const std::string method = internal::MethodName(Req::descriptor()->full_name());
  return internal::ServeReadHere(context, pool, method, std::move(read));
}

}  // namespace quartet::rpc
