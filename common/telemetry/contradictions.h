#pragma once

#include <initializer_list>
#include <string_view>

#include "common/telemetry/counters.h"
#include "common/telemetry/log.h"

namespace quartet::telemetry {

// What the protocol forbids and somebody saw all the same: it is never absorbed.
// Each is logged at error, with the names of the records that it is about, and
// counted in contradictions_total{kind="…"}, which `quartet status` shows. What
// is wrong in the databases `quartet check` tells. Thread-safe.
class Contradictions {
 public:
  explicit Contradictions(Counters& counters) : counters_(counters) {}

  // `kind`: a short constant in snake case, one for each thing that cannot be.
  void Report(std::string_view kind, std::initializer_list<Field> fields);

 private:
  Counters& counters_;
};

}  // namespace quartet::telemetry
