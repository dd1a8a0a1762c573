#include "services/qualification/waiters.h"

#include <utility>

namespace quartet::qualification {

bool IsDecided(const v1::Qualification& qualification) {
  return qualification.state() == v1::Qualification::COMMITTED || qualification.state() == v1::Qualification::ABORTED;
}

void Waiters::Await(const v1::Qualification& qualification, Waiter waiter) {
  if (IsDecided(qualification)) {
    waiter(qualification);
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
  for (const Waiter& waiter : told) waiter(qualification);
}

std::vector<std::string> Waiters::Names() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  names.reserve(waiting_.size());
  for (const auto& [name, waiters] : waiting_) names.push_back(name);
  return names;
}

}  // namespace quartet::qualification
