#include "tests/bench/sections/offered.h"

#include <algorithm>

namespace quartet::bench {
namespace {

// Far beyond what a suite that keeps up has open; it bounds what piles up in one that does not.
constexpr int kOpenMax = 4'096;
constexpr double kRateMax = 100'000;
// The share of the offered rate that has to be done, the time until the last answer included.
constexpr double kKeptUpShare = 0.9;

class Steps {
 public:
  Steps(Conversions& conversions, const OfferedOptions& options, const std::stop_token& stop)
      : conversions_(conversions), options_(options), stop_(stop) {}

  // Whether the suite kept up with `rate`.
  bool Try(double rate) {
    auto results = conversions_.Measure({Point(rate)}, options_.rounds, options_.length);
    if (results.front().runs.empty()) return false;
    const bool kept_up = KeptUp(results.front());
    load_.steps.push_back(std::move(results.front()));
    return kept_up;
  }

  void FindKnee() {
    double kept_up = 0;
    double rate = options_.first_rate;
    while (!stop_.stop_requested() && rate < kRateMax && Try(rate)) {
      kept_up = rate;
      rate *= options_.growth;
    }
    if (kept_up == 0) return;
    const double gap = (rate - kept_up) / (options_.steps_at_knee + 1);
    for (int i = 1; i <= options_.steps_at_knee && !stop_.stop_requested(); ++i) Try(kept_up + i * gap);
  }

  OfferedLoad Finish() {
    std::ranges::sort(load_.steps, {}, [](const ConversionResult& step) { return step.point.rate; });
    const double half = load_.Peak() / 2;
    if (half > 0 && !stop_.stop_requested()) {
      load_.half = std::move(conversions_.Measure({Point(half)}, options_.rounds, options_.length).front());
    }
    return std::move(load_);
  }

 private:
  static ConversionPoint Point(double rate) { return {.in_flight = kOpenMax, .rate = rate}; }

  Conversions& conversions_;
  const OfferedOptions& options_;
  const std::stop_token& stop_;
  OfferedLoad load_;
};

}  // namespace

double OfferedLoad::Peak() const {
  double peak = 0;
  for (const ConversionResult& step : steps) peak = std::max(peak, step.Median().load.PerSecond());
  return peak;
}

bool KeptUp(const ConversionResult& result) {
  const LoadResult& load = result.Median().load;
  return load.refused == 0 && load.PerSecond() >= kKeptUpShare * result.point.rate;
}

OfferedLoad MeasureOfferedLoad(Conversions& conversions, const OfferedOptions& options, const std::stop_token& stop) {
  Steps steps(conversions, options, stop);
  if (options.rates.empty()) {
    steps.FindKnee();
  } else {
    for (const double rate : options.rates) {
      if (!stop.stop_requested()) steps.Try(rate);
    }
  }
  return steps.Finish();
}

}  // namespace quartet::bench
