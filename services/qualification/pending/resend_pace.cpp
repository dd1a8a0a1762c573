#include "services/qualification/pending/resend_pace.h"

#include <cstddef>

namespace quartet::qualification {

void ResendPace::Heard(v1::Participant participant) {
  // An open enum: a newer sender may have one more.
  if (!v1::Participant_IsValid(participant)) return;
  const std::lock_guard lock(mutex_);
  Pace& pace = paces_[static_cast<std::size_t>(participant)];
  pace.unanswered = 0;
  pace.probes = 0;
}

bool ResendPace::MayResend(v1::Participant participant, std::int64_t now_us) {
  if (!v1::Participant_IsValid(participant)) return true;
  const std::lock_guard lock(mutex_);
  Pace& pace = paces_[static_cast<std::size_t>(participant)];
  if (pace.unanswered < kBurst) {
    ++pace.unanswered;
    pace.period_us = now_us;
    return true;
  }
  // Also if the clock was set back.
  if (now_us < pace.period_us || now_us >= pace.period_us + kProbePeriod_us) {
    pace.period_us = now_us;
    pace.probes = 0;
  }
  if (pace.probes >= kProbes) return false;
  ++pace.probes;
  return true;
}

}  // namespace quartet::qualification
