#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "quartet/qualification/v1/qualification.pb.h"

namespace quartet::qualification {

// Callers who wait for a decision. Thread-safe.
class Waiters {
 public:
  struct Waiter {
    // Gets the decided qualification, once; quick, for it may run on the
    // database's thread.
    std::function<void(const v1::Qualification&)> tell;
    // Whether nobody waits any more.
    std::function<bool()> gone;
  };

  // Waits for the qualification of that name; if `qualification` is decided
  // already the waiter is called at once.
  void Await(const v1::Qualification& qualification, Waiter waiter);
  // Calls and forgets those who wait for it. Undecided ones are left alone.
  void Notify(const v1::Qualification& qualification);
  // Forgets those who have gone; the names that are still waited for.
  std::vector<std::string> Sweep();

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::vector<Waiter>> waiting_;
};

bool IsDecided(const v1::Qualification& qualification);

}  // namespace quartet::qualification
