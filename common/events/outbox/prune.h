#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/events/outbox/pace.h"
#include "common/storage/database.h"

namespace quartet::events {

// How old events leave the database: piece by piece, each small enough for those who
// write beside it, and one after the other as long as there are any, with a pause as
// long as the last one took. What the broker has not taken is in no piece, for it is in
// `event` alone. Its owner's thread calls all but what the database does.
class EventPruner {
 public:
  // `wake` is called, on a thread of the database, when there may be more to do.
  EventPruner(storage::Database& database, const Clock& clock, std::chrono::milliseconds retention,
              std::function<void()> wake);

  // Time to look for old events.
  void MakeDue();
  // Begins with the next piece, if it is time for one; whether there was one. `owner`
  // keeps this object until the piece is done. Errors: those of this piece and of the
  // one before; then it goes on when it is due again.
  Result<bool> Step(std::shared_ptr<void> owner);
  // How long until Step has something to do, in microseconds; nothing if that is not known.
  std::optional<std::int64_t> WaitUs() const;

 private:
  void Done(std::int64_t begin_us, const Status& status);

  storage::Database& database_;
  const Clock& clock_;
  const std::int64_t retention_us_;
  const std::function<void()> wake_;
  CautiousTime time_;
  mutable std::mutex mutex_;
  // The rest is guarded by mutex_.
  bool under_way_ = false;
  std::optional<std::int64_t> due_us_;
  std::optional<Error> failure_;
};

}  // namespace quartet::events
