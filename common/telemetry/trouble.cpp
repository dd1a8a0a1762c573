#include "common/telemetry/trouble.h"

#include <fmt/format.h>

namespace quartet::telemetry {
namespace {

// Without a failure for so long a trouble is over.
constexpr std::int64_t kCalmUs = 10'000'000;
// Kinds that are told of one trouble; the rest is counted only.
constexpr std::size_t kKindsMax = 16;

std::string KindOf(const Error& error) {
  // Of those without a reason of their own the text is all that tells them apart.
  const bool has_reason = error.code != Code::kInternal && !error.reason.empty();
  return fmt::format("{} {}", static_cast<int>(error.code), has_reason ? error.reason : error.message);
}

}  // namespace

Trouble::Trouble(const Clock& clock, std::vector<std::pair<std::string, std::string>> fields, Sink sink)
    : clock_(clock), fields_(std::move(fields)), sink_(std::move(sink)) {}

void Trouble::Failed(std::string_view what, const Error& error) {
  const std::lock_guard lock(mutex_);
  last_us_ = clock_.SteadyMicros();
  if (!is_on_.load(std::memory_order_relaxed)) {
    is_on_.store(true, std::memory_order_relaxed);
    begin_us_ = last_us_;
    what_ = what;
    times_ = 0;
    kinds_.clear();
  }
  ++times_;
  if (kinds_.size() >= kKindsMax || !kinds_.insert(KindOf(error)).second) return;
  Tell(Level::kWarning, what, {{"error", ToString(error)}});
}

void Trouble::TryEnd() {
  const std::lock_guard lock(mutex_);
  if (!is_on_.load(std::memory_order_relaxed) || clock_.SteadyMicros() - last_us_ < kCalmUs) return;
  is_on_.store(false, std::memory_order_relaxed);
  Tell(Level::kInfo, "trouble is over",
       {{"what", what_},
        {"lasted_ms", fmt::to_string((last_us_ - begin_us_) / 1'000)},
        {"times", fmt::to_string(times_)}});
}

bool Trouble::Note(std::string_view what, const Status& status) {
  if (status.ok()) {
    Succeeded();
  } else {
    Failed(what, status.error());
  }
  return status.ok();
}

void Trouble::Tell(Level level, std::string_view event, std::vector<Field> more) const {
  std::vector<Field> all;
  all.reserve(fields_.size() + more.size());
  for (const auto& [key, value] : fields_) all.emplace_back(key, value);
  for (Field& field : more) all.push_back(std::move(field));
  sink_(level, event, all);
}

}  // namespace quartet::telemetry
