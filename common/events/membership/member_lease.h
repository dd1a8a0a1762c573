#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "common/base/id_source.h"
#include "common/base/result.h"
#include "common/events/membership/membership.h"
#include "common/storage/database.h"

namespace quartet::events {

struct LeaseOptions {
  // For the log.
  std::string service;
  // Where this process runs, such as host and port: a former process of the same
  // place is dead for certain, so its slot is taken over at once. Empty: unknown.
  std::string place;
  // Between two renewals.
  std::chrono::milliseconds interval{1'000};
  // Looks in a row at which another replica had not renewed, until it is dead.
  int misses_max = 4;
};

// A replica's slot in a database that several share: the table `member`, where a
// row is a replica, the slot its primary key.
//
// No clock of one machine is compared with that of another, nor trusted: a
// replica counts its own looks, one after each renewal of its own, at which
// another's row is as it was. So one that is paused declares nobody dead when it
// wakes; it finds its own row gone, and takes a new slot.
//
// Start renews on a thread of its own; tests and simulations call Renew.
class MemberLease final : public Membership {
 public:
  // Both must outlive it.
  MemberLease(storage::Database& database, IdSource& ids, LeaseOptions options);
  ~MemberLease() override;  // stops, and leaves if it has joined

  // Takes the lowest free slot, or that of a former process of the same place.
  // Before anything that asks Now. Errors: those of the database.
  Status Join();
  // Says that this replica lives, looks who else does, and removes the dead.
  // Whoever finds its slot lost joins anew. Errors: those of the database; the
  // view then stays as it was. Not while started.
  Status Renew();
  // Gives the slot back, if there is one. What the view says afterwards is what it said last.
  Status Leave();

  void Start();
  void Stop();

  std::shared_ptr<const Members> Now() const override;

 private:
  // What was seen of another replica.
  struct Sight {
    std::string owner;
    std::int64_t renewal = 0;
    int misses = 0;
  };
  using Rows = std::map<std::int64_t, Sight>;  // by slot

  Status TakeSlot(bool after_loss);
  Result<Rows> Look();
  Status Bury(std::int64_t slot, const Sight& dead);
  void Publish(const Rows& rows);
  void Loop();

  storage::Database& database_;
  IdSource& ids_;
  const LeaseOptions options_;

  // Only the thread that renews.
  std::string owner_;
  std::int64_t slot_ = 0;
  bool joined_ = false;
  Rows seen_;
  std::thread thread_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // The rest is guarded by mutex_.
  bool stopping_ = false;
  std::shared_ptr<const Members> members_;
};

}  // namespace quartet::events
