#include "common/rpc/call_counts.h"

#include <fmt/format.h>

namespace quartet::rpc {

void CallCounts::Count(const std::string& method, Code code, std::chrono::microseconds elapsed) {
  const std::lock_guard lock(mutex_);
  OfMethod& known = by_method_[&method];
  telemetry::Counter*& calls = known.calls.at(static_cast<std::size_t>(code));
  if (calls == nullptr)
    calls = &counters_.Get(fmt::format("rpc_calls_total{{method=\"{}\",code=\"{}\"}}", method, CodeName(code)));
  if (known.microseconds == nullptr)
    known.microseconds = &counters_.Get(fmt::format("rpc_microseconds_total{{method=\"{}\"}}", method));
  calls->Add();
  known.microseconds->Add(elapsed.count());
}

}  // namespace quartet::rpc
