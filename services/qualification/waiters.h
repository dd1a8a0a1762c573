#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "quartet/qualification/v1/qualification.pb.h"

namespace quartet::qualification {

// Callers who wait for a decision. What is near is decided in this process, as a
// rule, and its waiters are told at once; what is far another replica decides,
// and it has to be read again after growing pauses. Near ones are read rarely,
// in case they have become far since. Thread-safe.
class Waiters {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Whether the replies about the qualification of that name come to this process.
  using IsNear = std::function<bool(const std::string& name)>;

  struct Waiter {
    // Gets the decided qualification, once; quick, for it may run on the
    // database's thread.
    std::function<void(const v1::Qualification&)> tell;
    // Whether nobody waits any more.
    std::function<bool()> gone;
  };

  // Without `is_near` all are: there is no other replica.
  explicit Waiters(IsNear is_near = nullptr) : is_near_(std::move(is_near)) {}

  bool IsNearHere(const std::string& name) const { return is_near_ == nullptr || is_near_(name); }

  // Waits for the qualification of that name; if `qualification` is decided
  // already the waiter is called at once.
  void Await(const v1::Qualification& qualification, Waiter waiter, Time now = std::chrono::steady_clock::now());
  // Calls and forgets those who wait for it. Undecided ones are left alone.
  void Notify(const v1::Qualification& qualification);

  // Forgets those who have gone; the names that are to be read now, each then
  // again after a longer pause.
  std::vector<std::string> TakeNearDue(Time now);
  std::vector<std::string> TakeFarDue(Time now);

  // Waits until something far is due. False once EndWait has been called.
  bool WaitForFarDue();
  void EndWait();

 private:
  struct Entry {
    std::vector<Waiter> waiters;
    std::chrono::milliseconds pause;
    Time due;
  };
  using Entries = std::unordered_map<std::string, Entry>;

  // Under the lock. Those who have gone go to `gone`, to be ended outside of it.
  static std::vector<std::string> TakeDue(Entries& entries, Time now, std::vector<Waiter>& gone);
  static void TakeWaiters(Entries& entries, const std::string& name, std::vector<Waiter>& taken);

  const IsNear is_near_;
  std::mutex mutex_;
  std::condition_variable far_changed_;
  // The rest is guarded by mutex_.
  Entries near_;
  Entries far_;
  bool ended_ = false;
};

bool IsDecided(const v1::Qualification& qualification);

}  // namespace quartet::qualification
