#pragma once

#include <chrono>
#include <thread>

namespace quartet::test {

// Waits until `condition` holds; whether it did within `limit`. For what another
// thread or process brings about; the limit only bounds a failure.
template <typename Condition>
bool Eventually(Condition condition, std::chrono::milliseconds limit = std::chrono::seconds(20)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return condition();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace quartet::test
