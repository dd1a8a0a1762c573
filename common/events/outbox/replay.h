#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/base/result.h"
#include "common/events/bus.h"
#include "common/events/outbox/relay.h"
#include "common/storage/database.h"

namespace quartet::events {

// Notices that the broker has lost domain events which it had confirmed, and
// publishes them again from the table `event`. For the relay's thread, of one
// replica at a time.
//
// The marker holds a time: all events made before it had been in the broker for
// the loss window when it was written. This is known from the outbox, whichever
// replica publishes: a row whose events took longer than the publish window to be
// confirmed stays there for the loss window more (see Relay). So
// - a missing marker means that everything is lost, and all that is retained is
//   published again; a new marker appears only if nothing got lost meanwhile;
// - an old marker, another history, a broken connection or a start means that the last
//   moments may be lost, and events from the marker's time on are published again. The
//   history shows what no connection does: in a cluster a promoted replica takes over
//   with a mere redirection, and it may be without what came after the last marker.
class EventReplay {
 public:
  EventReplay(Bus& bus, storage::Database& database, IdSource& ids, const Clock& clock, const RelayOptions& options);

  // A call of the broker has failed, so its connection may have broken; or the
  // task comes from another replica, or goes to one.
  void Doubt();

  // Looks at the marker, unless a replay is under way. To be called every tick.
  Status Check();
  // Whether Step has something to do.
  bool active() const { return replay_.has_value(); }
  // Publishes the next page. How many messages; after the last page the marker is
  // brought up to date.
  Result<int> Step();

 private:
  struct Replay {
    std::string next_id;  // events from here on
    std::string end_id;   // and below this
    std::string token;    // of the marker that is to be made; empty: it exists
  };

  Result<std::int64_t> SafeTime();
  void Begin(std::int64_t from_us, std::string token);
  Status Finish();

  Bus& bus_;
  storage::Database& database_;
  IdSource& ids_;
  const Clock& clock_;
  const RelayOptions options_;
  const std::string topic_;  // of the events, and so of the marker
  std::optional<Replay> replay_;
  // May the broker have lost something since the marker was last written?
  bool suspicious_ = true;
  std::int64_t written_ = 0;
  // The latest marker that was seen or written: the clock has been so far.
  std::int64_t newest_ = 0;
  // The broker's history that the marker was last written in, or is being replayed to.
  std::string history_;
};

}  // namespace quartet::events
