#include "tests/bench/suite/load.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <semaphore>
#include <thread>

#include <fmt/core.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

namespace quartet::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kCallLimit{30};
// One connection is served in order by one thread at a time; busy callers are several programs.
constexpr int kConnectionsMax = 4;
constexpr unsigned kArrivalSeed = 20'261'122;

struct Call {
  grpc::ClientContext context;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> reader;
  grpc::ByteBuffer response;
  grpc::Status status;
  SteadyClock::time_point due;
};

std::string Bytes(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

Duration Of(const std::vector<double>& sorted, double fraction) {
  if (sorted.empty()) return Duration(0);
  const auto last = static_cast<double>(sorted.size() - 1);
  return Duration(sorted[static_cast<std::size_t>(fraction * last + 0.5)]);
}

class Generator {
 public:
  Generator(const Load& load, const std::stop_token& stop) : load_(load), stop_(stop), room_(load.in_flight) {
    const int connections =
        std::min(load.in_flight, std::max(kConnectionsMax, static_cast<int>(load.addresses.size())));
    for (int i = 0; i < connections; ++i) {
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      channels_.push_back(grpc::CreateCustomChannel(load.addresses[static_cast<std::size_t>(i) % load.addresses.size()],
                                                    grpc::InsecureChannelCredentials(), arguments));
      stubs_.push_back(std::make_unique<grpc::GenericStub>(channels_.back()));
    }
    for (const auto& channel : channels_) channel->WaitForConnected(std::chrono::system_clock::now() + kCallLimit);
  }

  LoadResult Run() {
    start_ = SteadyClock::now();
    end_ = start_ + std::chrono::duration_cast<SteadyClock::duration>(load_.length);
    if (load_.rate > 0) {
      open_calls_ = 1;  // the sender counts as one, so that the queue is not shut down before it has ended
      std::jthread sender([this] { SendByTheClock(); });
      Reap();
    } else {
      for (int i = 0; i < load_.in_flight; ++i) {
        if (const std::string* request = Next(SteadyClock::now())) Send(*request, SteadyClock::now());
      }
      if (open_calls_ == 0) queue_.Shutdown();
      Reap();
    }
    result_.length = last_answer_ - start_;
    std::ranges::sort(result_.latencies);
    std::ranges::sort(result_.refusals);
    return std::move(result_);
  }

 private:
  // The request that is due at `due`, or null if the run is over by then. One thread asks.
  const std::string* Next(SteadyClock::time_point due) {
    if (stop_.stop_requested() || due >= end_) return nullptr;
    if (sent_ >= load_.requests.size() && !load_.repeat) return nullptr;
    return &load_.requests[sent_++ % load_.requests.size()];
  }

  void Send(const std::string& request, SteadyClock::time_point due) {
    auto* call = new Call;  // its completion owns it: see Reap
    call->due = due;
    call->context.set_deadline(std::chrono::system_clock::now() + kCallLimit);
    const grpc::Slice slice(request.data(), request.size(), grpc::Slice::STATIC_SLICE);
    open_calls_.fetch_add(1);
    call->reader = stubs_[next_stub_++ % stubs_.size()]->PrepareUnaryCall(&call->context, load_.method,
                                                                          grpc::ByteBuffer(&slice, 1), &queue_);
    call->reader->StartCall();
    call->reader->Finish(&call->response, &call->status, call);
  }

  void SendByTheClock() {
    std::mt19937 random(kArrivalSeed);
    std::exponential_distribution<double> gap_seconds(load_.rate);
    Duration offset{0};
    while (true) {
      const auto due = start_ + std::chrono::duration_cast<SteadyClock::duration>(offset);
      std::this_thread::sleep_until(std::min(due, end_));
      const std::string* request = Next(due);
      if (request == nullptr) break;
      room_.acquire();
      Send(*request, due);
      offset += Duration(gap_seconds(random));
    }
    Leave();
  }

  void Leave() {
    if (open_calls_.fetch_sub(1) == 1) queue_.Shutdown();
  }

  // Takes the answers until there are no more to come.
  void Reap() {
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
      const std::unique_ptr<Call> call(static_cast<Call*>(tag));
      last_answer_ = SteadyClock::now();
      Note(*call);
      if (load_.rate > 0) {
        room_.release();
      } else if (const std::string* request = Next(SteadyClock::now())) {
        Send(*request, SteadyClock::now());
      }
      Leave();
    }
  }

  void Note(const Call& call) {
    ++result_.calls;
    std::int64_t count = 0;
    if (call.status.ok()) count = load_.count ? load_.count(Bytes(call.response)) : 1;
    if (count > 0) {
      result_.counted += count;
      result_.latencies.push_back(Duration(last_answer_ - call.due).count());
      result_.response_bytes = call.response.Length();
      return;
    }
    if (load_.rate > 0 && call.status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) {
      ++result_.refused;
      result_.refusals.push_back(Duration(last_answer_ - call.due).count());
      return;
    }
    if (result_.failures++ == 0) {
      result_.first_failure = call.status.ok()
                                  ? fmt::format("{}: not the answer that was wanted", load_.method)
                                  : fmt::format("{}: {} (code {})", load_.method, call.status.error_message(),
                                                static_cast<int>(call.status.error_code()));
    }
  }

  const Load& load_;
  const std::stop_token& stop_;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  grpc::CompletionQueue queue_;
  std::counting_semaphore<> room_;  // for calls of the open loop
  std::atomic<std::int64_t> open_calls_ = 0;
  SteadyClock::time_point start_;
  SteadyClock::time_point end_;
  SteadyClock::time_point last_answer_;
  // Of the thread that sends.
  std::size_t sent_ = 0;
  std::size_t next_stub_ = 0;
  LoadResult result_;
};

}  // namespace

double LoadResult::PerSecond() const {
  return length.count() > 0 ? static_cast<double>(counted) / length.count() : 0;
}

Duration LoadResult::Percentile(double fraction) const {
  return Of(latencies, fraction);
}

Duration LoadResult::RefusalPercentile(double fraction) const {
  return Of(refusals, fraction);
}

LoadResult RunLoad(const Load& load, const std::stop_token& stop) {
  return Generator(load, stop).Run();
}

}  // namespace quartet::bench
