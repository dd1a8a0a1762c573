// The load generator: sends prepared calls to one address and notes how long
// each takes. Requests are serialised beforehand and responses stay bytes unless
// somebody wants to look into them, so that a call costs the generator, which
// shares the machine with what it measures, as little as possible and the same
// whatever the method is.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace quartet::bench {

using Duration = std::chrono::duration<double>;

// What to send.
struct Load {
  std::vector<std::string> addresses;     // host:port; connections and calls are spread over them
  std::string method;                     // "/package.Service/Method"
  std::span<const std::string> requests;  // serialised messages; they outlive the run
  bool repeat = false;                    // begin again after the last request; otherwise the run ends with it
  int in_flight = 1;                      // most calls at a time
  // Calls per second on average, started by the clock whatever the answers do (open loop): arrivals of a Poisson
  // process, the same in each run. A call that is due while `in_flight` others are open waits, and that counts as its
  // latency; all that are due within `length` are sent. 0: each answer starts the next call (closed loop).
  double rate = 0;
  Duration length{1};  // no call is due later than that
  // What a response counts for, 0 if it is not what was wanted. Empty: 1 each.
  std::function<std::int64_t(const std::string& response)> count;
};

// What came of it.
struct LoadResult {
  std::int64_t calls = 0;  // answered, well or badly
  std::int64_t counted = 0;
  std::int64_t refused = 0;   // RESOURCE_EXHAUSTED, in an open loop: the service sheds what it cannot do in time
  std::int64_t failures = 0;  // calls with any other status than OK, or that counted for nothing
  std::string first_failure;
  Duration length{0};              // from the first call's start to the last answer
  std::vector<double> latencies;   // of each good call; sorted. In an open loop from the moment the call was due
  std::vector<double> refusals;    // the same of each call that was refused
  std::size_t response_bytes = 0;  // of the last good response

  double PerSecond() const;
  // The latency that a share of `fraction` (0 to 1) of the calls did not exceed; 0 s without calls.
  Duration Percentile(double fraction) const;
  Duration RefusalPercentile(double fraction) const;
};

// Runs `load`; returns when the last call has been answered. Calls have a
// deadline of 30 s. After `stop` no call is started any more.
LoadResult RunLoad(const Load& load, const std::stop_token& stop);

}  // namespace quartet::bench
