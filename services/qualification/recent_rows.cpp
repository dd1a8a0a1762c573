#include "services/qualification/recent_rows.h"

#include <algorithm>
#include <utility>

namespace quartet::qualification {
namespace {

// Whether the row goes on waiting when it has heard `reply` after `before`.
bool LeavesOthersMissing(const Row& row, const std::vector<v1::Reply>& before, const v1::Reply& reply) {
  if (row.state() != v1::Qualification::PREPARING || reply.attempt() != row.qualification().attempt()) return false;
  // Somebody has asked the lead once more, so that the row may have moved.
  if (row.unwritten && reply.participant() == v1::LEAD) return false;
  return std::ranges::any_of(row.stored.participants(), [&](int participant) {
    const auto needed = static_cast<v1::Participant>(participant);
    const auto says_so = [needed](const v1::Reply& heard) { return heard.participant() == needed; };
    const bool locked = needed == v1::LEAD && row.qualification().kind() == v1::Qualification::QUALIFY;
    return !locked && !says_so(reply) && std::ranges::none_of(before, says_so) &&
           std::ranges::find(row.stored.prepared(), participant) == row.stored.prepared().end();
  });
}

}  // namespace

RecentRows::Entry* RecentRows::Find(const std::string& id) {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

RecentRows::Entry& RecentRows::FindOrAdd(const std::string& id) {
  const auto [found, is_new] = entries_.try_emplace(id);
  if (is_new) {
    found->second.place = oldest_first_.insert(oldest_first_.end(), id);
    if (entries_.size() > entries_max_) {
      entries_.erase(oldest_first_.front());
      oldest_first_.pop_front();
    }
  }
  return found->second;
}

void RecentRows::EraseIfEmpty(const std::string& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.row || !found->second.replies.empty() || found->second.hearings > 0)
    return;
  oldest_first_.erase(found->second.place);
  entries_.erase(found);
}

void RecentRows::Put(Row row) {
  const std::lock_guard lock(mutex_);
  // Nothing more will happen to it.
  if (IsOver(row)) return;
  std::optional<Row>& known = FindOrAdd(row.id).row;
  // Of two writes the second may be told first.
  if (!known || known->version < row.version) known = std::move(row);
}

std::optional<Row> RecentRows::Take(const std::string& id) {
  const std::lock_guard lock(mutex_);
  Entry* entry = Find(id);
  if (entry == nullptr) return std::nullopt;
  std::optional<Row> row = std::exchange(entry->row, std::nullopt);
  EraseIfEmpty(id);
  return row;
}

std::optional<Row> RecentRows::TakeUnwritten(const std::string& id) {
  const std::lock_guard lock(mutex_);
  Entry* entry = Find(id);
  if (entry == nullptr || !entry->row || !entry->row->unwritten) return std::nullopt;
  std::optional<Row> row = std::exchange(entry->row, std::nullopt);
  EraseIfEmpty(id);
  return row;
}

bool RecentRows::Keep(const std::string& id, const v1::Reply& reply) {
  const std::lock_guard lock(mutex_);
  if (!reply.has_acknowledged()) {
    const Entry* known = Find(id);
    if (!reply.has_prepared() || known == nullptr || !known->row || known->hearings > 0 ||
        !LeavesOthersMissing(*known->row, known->replies, reply))
      return false;
  }
  FindOrAdd(id).replies.push_back(reply);
  return true;
}

std::vector<v1::Reply> RecentRows::BeginHearing(const std::string& id) {
  const std::lock_guard lock(mutex_);
  Entry& entry = FindOrAdd(id);
  ++entry.hearings;
  return std::exchange(entry.replies, {});
}

void RecentRows::EndHearing(const std::string& id) {
  const std::lock_guard lock(mutex_);
  Entry* entry = Find(id);
  if (entry == nullptr) return;
  entry->hearings = std::max(0, entry->hearings - 1);
  EraseIfEmpty(id);
}

std::vector<std::string> RecentRows::WithReplies() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> ids;
  for (const std::string& id : oldest_first_) {
    const Entry& entry = entries_.at(id);
    if (!entry.replies.empty() && !(entry.row && entry.row->unwritten)) ids.push_back(id);
  }
  return ids;
}

}  // namespace quartet::qualification
