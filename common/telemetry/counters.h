#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace quartet::telemetry {

// A number that many threads may add to.
class Counter {
 public:
  void Add(std::int64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// The named counters of one service. Thread-safe; a counter lives as long as
// its registry, so callers on a hot path keep the reference.
class Counters {
 public:
  // The counter `name`, made at zero on first use. `name` is in Prometheus form,
  // labels included: rpc_calls_total{method="GetLead",code="OK"}.
  Counter& Get(std::string_view name);

  // All counters by name, as they are now.
  std::map<std::string, std::int64_t> Values() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Counter>, std::less<>> counters_;
};

}  // namespace quartet::telemetry
