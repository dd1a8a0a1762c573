#include "common/commit/decisions.h"

#include <algorithm>
#include <utility>

#include "common/resource/resource_name.h"

namespace quartet::commit {

CachingDecisionSource::CachingDecisionSource(Fetch fetch, std::size_t entries_max)
    : fetch_(std::move(fetch)), entries_max_(entries_max) {}

Result<Decisions> CachingDecisionSource::Ask(std::span<const std::string> qualification_ids) {
  Decisions known;
  std::vector<std::string> unknown;
  {
    std::lock_guard lock(mutex_);
    for (const std::string& id : qualification_ids) {
      if (const auto found = decided_.find(id); found != decided_.end())
        known.insert_or_assign(id, found->second);
      else
        unknown.push_back(id);
    }
  }
  std::sort(unknown.begin(), unknown.end());
  unknown.erase(std::unique(unknown.begin(), unknown.end()), unknown.end());
  if (unknown.empty()) return known;
  QUARTET_ASSIGN_OR_RETURN(auto answer, fetch_(unknown));
  std::vector<Decision>& fetched = answer.decisions;
  if (fetched.size() != unknown.size())
    return Internal("the orchestrator answered another number of decisions than was asked for");
  std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < unknown.size(); ++i) {
    Remember(unknown[i], fetched[i]);
    known.insert_or_assign(unknown[i], std::move(fetched[i]));
  }
  return known;
}

Result<std::int64_t> CachingDecisionSource::AskWatermark() {
  QUARTET_ASSIGN_OR_RETURN(const Fetched answer, fetch_({}));
  return answer.watermark_us;
}

void CachingDecisionSource::Remember(const std::string& id, const Decision& decision) {
  if (decision.outcome() != Decision::COMMITTED && decision.outcome() != Decision::ABORTED) return;
  if (!decided_.try_emplace(id, decision).second) return;
  oldest_first_.push_back(id);
  if (decided_.size() <= entries_max_) return;
  decided_.erase(oldest_first_.front());
  oldest_first_.pop_front();
}

}  // namespace quartet::commit
