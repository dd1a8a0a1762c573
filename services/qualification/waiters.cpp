#include "services/qualification/waiters.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace quartet::qualification {
namespace {

using std::chrono::milliseconds;

// A conversion takes some milliseconds.
constexpr milliseconds kFarPauseMin{3};
constexpr milliseconds kPauseMax{1'000};

}  // namespace

bool IsDecided(const v1::Qualification& qualification) {
  return qualification.state() == v1::Qualification::COMMITTED || qualification.state() == v1::Qualification::ABORTED;
}

void Waiters::Await(const v1::Qualification& qualification, Waiter waiter, Time now) {
  if (IsDecided(qualification)) {
    waiter.tell(qualification);
    return;
  }
  const bool is_near = IsNearHere(qualification.name());
  const milliseconds pause = is_near ? kPauseMax : kFarPauseMin;
  const std::lock_guard lock(mutex_);
  Entry& entry = (is_near ? near_ : far_)
                     .try_emplace(qualification.name(), Entry{.waiters = {}, .pause = pause, .due = now + pause})
                     .first->second;
  entry.waiters.push_back(std::move(waiter));
  if (!is_near) far_changed_.notify_one();
}

void Waiters::TakeWaiters(Entries& entries, const std::string& name, std::vector<Waiter>& taken) {
  const auto found = entries.find(name);
  if (found == entries.end()) return;
  std::move(found->second.waiters.begin(), found->second.waiters.end(), std::back_inserter(taken));
  entries.erase(found);
}

void Waiters::Notify(const v1::Qualification& qualification) {
  if (!IsDecided(qualification)) return;
  std::vector<Waiter> told;
  {
    const std::lock_guard lock(mutex_);
    TakeWaiters(near_, qualification.name(), told);
    TakeWaiters(far_, qualification.name(), told);
  }
  for (const Waiter& waiter : told) waiter.tell(qualification);
}

std::vector<std::string> Waiters::TakeDue(Entries& entries, Time now, std::vector<Waiter>& gone) {
  std::vector<std::string> names;
  for (auto it = entries.begin(); it != entries.end();) {
    auto& [name, entry] = *it;
    if (entry.due > now) {
      ++it;
      continue;
    }
    const auto first_gone =
        std::partition(entry.waiters.begin(), entry.waiters.end(), [](const Waiter& waiter) { return !waiter.gone(); });
    std::move(first_gone, entry.waiters.end(), std::back_inserter(gone));
    entry.waiters.erase(first_gone, entry.waiters.end());
    if (entry.waiters.empty()) {
      it = entries.erase(it);
      continue;
    }
    names.push_back(name);
    entry.pause = std::min(entry.pause * 2, kPauseMax);
    entry.due = now + entry.pause;
    ++it;
  }
  return names;
}

std::vector<std::string> Waiters::TakeNearDue(Time now) {
  std::vector<Waiter> gone;
  const std::lock_guard lock(mutex_);
  return TakeDue(near_, now, gone);
}

std::vector<std::string> Waiters::TakeFarDue(Time now) {
  std::vector<Waiter> gone;
  const std::lock_guard lock(mutex_);
  return TakeDue(far_, now, gone);
}

bool Waiters::WaitForFarDue() {
  std::unique_lock lock(mutex_);
  while (!ended_) {
    if (far_.empty()) {
      far_changed_.wait(lock);
      continue;
    }
    const Time due = std::min_element(far_.begin(), far_.end(), [](const auto& a, const auto& b) {
                       return a.second.due < b.second.due;
                     })->second.due;
    if (due <= std::chrono::steady_clock::now()) return true;
    far_changed_.wait_until(lock, due);
  }
  return false;
}

void Waiters::EndWait() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
  far_changed_.notify_all();
}

}  // namespace quartet::qualification
