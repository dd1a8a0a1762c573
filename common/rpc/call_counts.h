#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

#include "common/base/result.h"
#include "common/telemetry/counters.h"

namespace quartet::rpc {

// Counts calls, and the time they take, by method and code. Keeps the counters
// that it has used, for to put their names together and to look them up costs
// more than many a call's other upkeep. Thread-safe.
class CallCounts {
 public:
  // `counters` must outlive this object.
  explicit CallCounts(telemetry::Counters& counters) : counters_(counters) {}

  // `method` is known again by its address, so it must stay where it is.
  void Count(const std::string& method, Code code, std::chrono::microseconds elapsed);

 private:
  static constexpr std::size_t kCodes = static_cast<std::size_t>(Code::kUnauthenticated) + 1;
  struct OfMethod {
    std::array<telemetry::Counter*, kCodes> calls{};
    telemetry::Counter* microseconds = nullptr;
  };

  telemetry::Counters& counters_;
  std::mutex mutex_;
  std::unordered_map<const std::string*, OfMethod> by_method_;  // guarded by mutex_
};

}  // namespace quartet::rpc
