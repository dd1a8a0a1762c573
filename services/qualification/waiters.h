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
  // Gets the decided qualification, once; quick, for it may run on the
  // database's thread.
  using Waiter = std::function<void(const v1::Qualification&)>;

  // Waits for the qualification of that name; if `qualification` is decided
  // already the waiter is called at once.
  void Await(const v1::Qualification& qualification, Waiter waiter);
  // Calls and forgets those who wait for it. Undecided ones are left alone.
  void Notify(const v1::Qualification& qualification);
  // The names that are waited for.
  std::vector<std::string> Names() const;

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::vector<Waiter>> waiting_;
};

bool IsDecided(const v1::Qualification& qualification);

}  // namespace quartet::qualification
