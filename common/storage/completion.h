#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

#include "common/storage/database.h"

namespace quartet::storage {

// The end of one operation that another thread runs, for the one who waits for it.
class Completion {
 public:
  // Adds itself to what `operation` does when it is done. Must outlive it.
  void Follow(WriteOperation& operation) {
    operation.done = [this, done = std::move(operation.done)](Status status) {
      done(std::move(status));
      // Notified under the lock: the waiter's stack may be gone as soon as it is released.
      const std::lock_guard lock(mutex_);
      over_ = true;
      changed_.notify_one();
    };
  }

  void Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return over_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool over_ = false;
};

}  // namespace quartet::storage
