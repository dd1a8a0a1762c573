#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "quartet/qualification/v1/participant.pb.h"

namespace quartet::qualification {

// How much is sent again to a service that does not answer. What was sent to one that is
// away lies in its stream until it comes back; to send all of it again every half minute
// would only make the stream grow, and what there is to be done then. But the stream may
// have been lost, and the service may answer others than this replica: so a little is
// sent all the same, and as soon as one answer comes, all. Memory of this process only.
// Thread-safe.
class ResendPace {
 public:
  // Commands that are sent again before the first answer: what a service does in about a second.
  static constexpr int kBurst = 1'000;
  // After that so many in each period.
  static constexpr int kProbes = 100;
  static constexpr std::int64_t kProbePeriod_us = 30'000'000;

  // A reply of `participant` has come.
  void Heard(v1::Participant participant);
  // Whether one more command may be sent again to it at this time, which then counts.
  bool MayResend(v1::Participant participant, std::int64_t now_us);

 private:
  struct Pace {
    int unanswered = 0;  // sent again since the last answer, up to kBurst
    int probes = 0;      // in the period that began at period_us
    std::int64_t period_us = 0;
  };

  std::mutex mutex_;
  std::array<Pace, v1::Participant_ARRAYSIZE> paces_;  // guarded by mutex_
};

}  // namespace quartet::qualification
