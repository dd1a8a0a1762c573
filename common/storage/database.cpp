#include "common/storage/database.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

namespace quartet::storage {

Status Database::Write(std::function<Status(Transaction&)> run) {
  std::mutex mutex;
  std::condition_variable ready;
  std::optional<Status> result;
  Enqueue({.run = std::move(run), .done = [&](Status status) {
             // Notified under the lock: the waiter's stack may be gone as soon as it is released.
             std::lock_guard lock(mutex);
             result = std::move(status);
             ready.notify_one();
           }});
  std::unique_lock lock(mutex);
  ready.wait(lock, [&] { return result.has_value(); });
  return *std::move(result);
}

}  // namespace quartet::storage
