#include "services/qualification/waiters.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace quartet::qualification {

bool IsDecided(const v1::Qualification& qualification) {
  return qualification.state() == v1::Qualification::COMMITTED || qualification.state() == v1::Qualification::ABORTED;
}

void Waiters::Await(const v1::Qualification& qualification, Waiter waiter) {
  if (IsDecided(qualification)) {
    waiter.tell(qualification);
    return;
  }
  std::lock_guard lock(mutex_);
  waiting_[qualification.name()].push_back(std::move(waiter));
}

void Waiters::Notify(const v1::Qualification& qualification) {
  if (!IsDecided(qualification)) return;
  std::vector<Waiter> told;
  {
    std::lock_guard lock(mutex_);
    const auto found = waiting_.find(qualification.name());
    if (found == waiting_.end()) return;
    told = std::move(found->second);
    waiting_.erase(found);
  }
  for (const Waiter& waiter : told) waiter.tell(qualification);
}

std::vector<std::string> Waiters::Sweep() {
  std::vector<Waiter> gone;  // ended outside of the lock
  std::vector<std::string> names;
  {
    std::lock_guard lock(mutex_);
    for (auto entry = waiting_.begin(); entry != waiting_.end();) {
      auto& waiters = entry->second;
      const auto first_gone =
          std::partition(waiters.begin(), waiters.end(), [](const Waiter& waiter) { return !waiter.gone(); });
      std::move(first_gone, waiters.end(), std::back_inserter(gone));
      waiters.erase(first_gone, waiters.end());
      if (waiters.empty()) {
        entry = waiting_.erase(entry);
      } else {
        names.push_back(entry->first);
        ++entry;
      }
    }
  }
  return names;
}

}  // namespace quartet::qualification
