#pragma once

#include <vector>

#include "tests/bench/sections/conversions.h"

namespace quartet::bench {

// How conversions fare under a load that does not wait for them.
struct OfferedLoad {
  std::vector<ConversionResult> steps;  // by rate
  ConversionResult half;                // at half of the peak; without runs if there was no peak

  // The most conversions per second that any step came to; 0 without steps.
  double Peak() const;
};

// Whether the suite kept up with what was offered at a point: it refused nothing, and soon after the last call that
// was due it had answered all.
bool KeptUp(const ConversionResult& result);

struct OfferedOptions {
  std::vector<double> rates;  // the steps, QualifyLead per second; empty: up to the knee and a little beyond
  double first_rate = 200;    // where the way to the knee begins
  double growth = 1.5;        // from step to step, > 1
  int steps_at_knee = 2;      // once the knee is passed: so many between the last step before it and the first behind
  int rounds = 1;             // runs of each step
  Duration length{2};         // of each run
};

// Offers one rate after the other, and then half of the peak.
OfferedLoad MeasureOfferedLoad(Conversions& conversions, const OfferedOptions& options, const std::stop_token& stop);

}  // namespace quartet::bench
