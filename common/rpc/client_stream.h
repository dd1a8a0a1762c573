// Calls whose requests are a stream that is handled as a whole.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/rpc/dispatch.h"

namespace quartet::rpc {

// Room in memory for what streams have sent and nobody has handled yet; shared by all
// streams of a process. Thread-safe.
class StreamRoom {
 public:
  explicit StreamRoom(std::size_t bytes_max) : free_(bytes_max) {}

  // Whether there were so many bytes left; they are taken then, until Give.
  bool Take(std::size_t bytes) {
    std::size_t free = free_.load();
    while (free >= bytes) {
      if (free_.compare_exchange_weak(free, free - bytes)) return true;
    }
    return false;
  }
  void Give(std::size_t bytes) { free_ += bytes; }

 private:
  std::atomic<std::size_t> free_;
};

// What one stream may send. `room` must outlive its calls.
struct StreamLimits {
  std::size_t messages_max;
  std::size_t bytes_max;
  StreamRoom& room;
};

namespace internal {

// What is wrong with a stream that has sent so much.
Status CheckStream(const StreamLimits& limits, std::size_t messages, std::size_t bytes);

}  // namespace internal

// Collects the messages of a client stream, then runs `work` on all of them on the pool, as
// Serve does; `response` is sent if it succeeds. `admit` looks at each message as it comes.
// What admit refuses, or is over a limit (INVALID_ARGUMENT), or finds no room
// (RESOURCE_EXHAUSTED OVERLOADED, RetryInfo), ends the call at once; nothing is read any more.
template <class Req, class Resp>
grpc::ServerReadReactor<Req>* ServeClientStream(grpc::CallbackServerContext* context, WorkerPool& pool,
                                                Resp* /*response*/, const StreamLimits& limits,
                                                std::function<Status(const Req&)> admit,
                                                std::function<Status(std::vector<Req>&, const Responder&)> work) {
  static const std::string method = internal::MethodName(Req::descriptor()->full_name());
  class Reactor final : public grpc::ServerReadReactor<Req> {
   public:
    Reactor(grpc::CallbackServerContext* call_context, WorkerPool& call_pool, const StreamLimits& call_limits,
            std::function<Status(const Req&)> call_admit,
            std::function<Status(std::vector<Req>&, const Responder&)> call_work)
        : pool_(call_pool),
          limits_(call_limits),
          admit_(std::move(call_admit)),
          work_(std::move(call_work)),
          call_(internal::BeginCall(call_context, call_pool, method,
                                    [this](grpc::Status status) { this->Finish(std::move(status)); })) {
      this->StartRead(&next_);
    }
    void OnReadDone(bool more) override {
      if (!more) {
        internal::SubmitCall(pool_, std::exchange(call_, nullptr),
                             [this](const Responder& responder) { responder.Finish(work_(messages_, responder)); });
        return;
      }
      if (Status status = Take(); !status.ok()) {
        Responder(std::exchange(call_, nullptr)).Finish(std::move(status));
        return;
      }
      messages_.push_back(std::move(next_));
      next_ = Req();
      this->StartRead(&next_);
    }
    void OnDone() override {
      limits_.room.Give(bytes_);
      delete this;
    }

   private:
    Status Take() {
      const std::size_t bytes = next_.ByteSizeLong();
      QUARTET_RETURN_IF_ERROR(internal::CheckStream(limits_, messages_.size() + 1, bytes_ + bytes));
      QUARTET_RETURN_IF_ERROR(admit_(next_));
      if (!limits_.room.Take(bytes)) return Overloaded();
      bytes_ += bytes;
      return {};
    }

    WorkerPool& pool_;
    const StreamLimits limits_;
    std::function<Status(const Req&)> admit_;
    std::function<Status(std::vector<Req>&, const Responder&)> work_;
    std::shared_ptr<Responder::Call> call_;  // until all is here
    Req next_;
    std::vector<Req> messages_;
    std::size_t bytes_ = 0;  // of messages_, taken from the room
  };
  return new Reactor(context, pool, limits, std::move(admit), std::move(work));
}

}  // namespace quartet::rpc
