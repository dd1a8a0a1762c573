#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "common/base/limits.h"
#include "common/base/result.h"
#include "common/storage/database.h"

namespace quartet::qualification {

class QualificationRepository;

// How many qualifications the suite has under way: while a participant is away, or more
// is asked for than can be done, their number must not grow without end, and who asks for
// one more is told so at once instead of waiting behind all the others.
//
// Pending are those that are not over: not decided, or not acknowledged by everybody.
// Their number in the database is counted now and then (a survey); to it are added those
// that this replica has begun since and that are not decided. So the bound holds for
// all replicas together, less exactly: it may be passed by what the others have begun
// since they were counted last. One replica alone never passes it.
//
// While some are decided, this replica has no more under way than are decided in some two
// seconds, so that whoever is let in is answered soon, and a suite that was asked for too
// much has nothing to catch up on afterwards. While none is, because a participant is away,
// only the other limits hold.
//
// A caller's are those that it began at this replica and that are not decided, so that
// one cannot take the place of all others. Nobody is asked who a caller is yet: see
// CallerOf.
//
// Beside that, the calls that wait at this replica are bounded in number and bytes,
// for a call that joins an earlier one's qualification takes no place of its own.
// Thread-safe.
class Admission {
 public:
  struct Limits {
    std::int64_t pending_max = limits::kPendingMax;                      // of the suite
    std::int64_t pending_per_caller_max = limits::kPendingPerCallerMax;  // of a caller, at this replica
    std::int64_t flow_min = 1'000;                      // under way here whatever is decided: more than a full batch
    std::int64_t flow_seconds = 2;                      // of what is decided here
    std::int64_t calls_max = limits::kWaitingCallsMax;  // that wait here
    std::int64_t bytes_max = limits::kWaitingCallBytesMax;  // of their requests
  };

  explicit Admission(Limits limits) : limits_(limits) {}

  // A place for one more qualification of `caller`, to be followed by Began or
  // Refused. Errors: RESOURCE_EXHAUSTED QUALIFICATIONS_PENDING (RetryInfo), whose
  // metadata say which limit was reached ("scope": "suite", "flow" or "caller").
  Status Enter(const std::string& caller);
  // What came of the place: the qualification `id`, which is durable; that may be one
  // that was begun before. Or none.
  void Began(const std::string& caller, const std::string& id, bool decided);
  void Refused(const std::string& caller);
  // The qualification is decided. May be one that was never here, and be told twice.
  void Decided(const std::string& id);

  // Room for calls that wait, given back when the last copy goes. Errors:
  // RESOURCE_EXHAUSTED QUALIFICATIONS_PENDING (RetryInfo, "scope": "calls").
  using Room = std::shared_ptr<const void>;
  Result<Room> TakeRoom(std::int64_t calls, std::int64_t bytes);

  // A survey looks at the database after Begin and tells at End what it found. One at
  // a time; one that fails is not ended.
  // Begin: whether it is worth reading which are undecided, because somebody has waited for long.
  bool BeginSurvey();
  // `pending`: how many there are. `undecided`: the ids of all that are not decided, or null.
  // `seconds`: since the last one ended.
  void EndSurvey(std::int64_t pending, const std::unordered_set<std::string>* undecided, double seconds = 1);

  // As Enter sees it.
  std::int64_t pending() const;
  const Limits& limits() const { return limits_; }

 private:
  struct Held {
    std::string caller;
    std::int64_t survey;  // the last that had begun when this was durable: the next one sees it
  };
  struct Waiting {
    std::mutex mutex;
    std::int64_t calls = 0;
    std::int64_t bytes = 0;
  };

  std::int64_t PendingLocked() const { return surveyed_ + entering_ + unseen_; }
  // As many as may be under way here.
  std::int64_t FlowLocked() const;
  void Leave(const std::string& caller);

  const Limits limits_;
  mutable std::mutex mutex_;
  // The rest is guarded by mutex_.
  std::unordered_map<std::string, std::int64_t> callers_;  // how many each has
  std::unordered_map<std::string, Held> held_;             // by id: begun here, not known to be decided
  std::int64_t entering_ = 0;                              // places of which nothing has come yet
  std::int64_t unseen_ = 0;                                // of held_, those that the last survey cannot have seen
  std::int64_t surveyed_ = 0;                              // what it has seen
  std::int64_t decided_ = 0;                               // since the last survey ended
  double rate_ = 0;                                        // decided in a second, of the last two surveys the higher
  double last_rate_ = 0;
  std::int64_t survey_ = 0;  // its number, and that of the one which has begun
  std::int64_t ended_ = 0;
  // Outlives this, for calls may end late.
  const std::shared_ptr<Waiting> waiting_ = std::make_shared<Waiting>();
};

// Surveys the database. `seconds`: since the last time.
Status Survey(Admission& admission, storage::Database& database, const QualificationRepository& repository,
              double seconds = 1);

// Who calls, as long as callers are not authenticated: the address that a call comes from, without
// the port. `peer` is gRPC's: "ipv4:10.0.0.1:4711", "ipv6:[::1]:4711", "unix:/path". So all behind
// one proxy are one caller.
std::string CallerOf(std::string_view peer);

}  // namespace quartet::qualification
