#include "services/qualification/coordinator/recent_rows.h"

#include <algorithm>
#include <utility>

namespace quartet::qualification {
namespace {

// An entry's upkeep: its place in the map and in the list, and what the allocator takes.
constexpr std::size_t kEntryBytes = 512;
// So many of the oldest are looked at for one from which nothing would have to be asked again.
constexpr int kCandidatesMax = 16;

bool IsPrepared(const Row& row, v1::Participant participant) {
  return std::ranges::find(row.stored.prepared(), participant) != row.stored.prepared().end();
}

// Whether the row goes on waiting when it has heard `reply` after `before`.
bool LeavesOthersMissing(const Row& row, const std::vector<v1::Reply>& before, const v1::Reply& reply) {
  if (row.state() != v1::Qualification::PREPARING || reply.attempt() != row.qualification().attempt()) return false;
  // Somebody has asked the lead once more, so that the row may have moved.
  if (row.unwritten && reply.participant() == v1::LEAD) return false;
  return std::ranges::any_of(row.stored.participants(), [&](int participant) {
    const auto needed = static_cast<v1::Participant>(participant);
    const auto says_so = [&](const v1::Reply& heard) {
      return heard.participant() == needed && heard.has_prepared() && heard.attempt() == reply.attempt();
    };
    const bool locked = needed == v1::LEAD && row.qualification().kind() == v1::Qualification::QUALIFY;
    return !locked && !says_so(reply) && std::ranges::none_of(before, says_so) && !IsPrepared(row, needed);
  });
}

}  // namespace

RecentRows::Entry* RecentRows::Find(const std::string& id) {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

RecentRows::Entry& RecentRows::FindOrAdd(const std::string& id) {
  const auto [found, is_new] = entries_.try_emplace(id);
  if (is_new) found->second.place = oldest_first_.insert(oldest_first_.end(), &*found);
  return found->second;
}

bool RecentRows::IsAcknowledged(const Entry& entry) {
  return std::ranges::any_of(entry.replies, [](const v1::Reply& reply) { return reply.has_acknowledged(); });
}

void RecentRows::SetRow(Entry& entry, Row row) {
  entry.row_bytes = row.stored.ByteSizeLong() + row.plan.ByteSizeLong();
  entry.row = std::move(row);
}

std::optional<Row> RecentRows::TakeRow(Entry& entry) {
  entry.row_bytes = 0;
  return std::exchange(entry.row, std::nullopt);
}

std::vector<v1::Reply> RecentRows::TakeReplies(Entry& entry) {
  entry.replies_bytes = 0;
  return std::exchange(entry.replies, {});
}

bool RecentRows::Add(Entry& entry, const v1::Reply& reply) {
  if (reply.has_acknowledged() && !IsAcknowledged(entry)) {
    // The stored row is decided: what is not is stale, and so are answers to what it asked for.
    if (entry.row && !entry.row->decided()) TakeRow(entry);
    TakeReplies(entry);
  }
  if (!reply.has_acknowledged() && IsAcknowledged(entry)) return false;
  // What is said again is the same.
  const auto same = [&](const v1::Reply& kept) {
    return kept.participant() == reply.participant() && kept.kind_case() == reply.kind_case() &&
           kept.attempt() == reply.attempt();
  };
  if (std::ranges::any_of(entry.replies, same)) return false;
  entry.replies_bytes += reply.ByteSizeLong();
  entry.replies.push_back(reply);
  return true;
}

void RecentRows::Erase(Entry& entry) {
  bytes_ -= entry.bytes;
  const std::string& id = (*entry.place)->first;
  oldest_first_.erase(entry.place);
  entries_.erase(entries_.find(id));
}

void RecentRows::Settle(Entry& entry) {
  if (!entry.row && entry.replies.empty() && entry.applying == 0) return Erase(entry);
  const std::size_t bytes = kEntryBytes + entry.row_bytes + entry.replies_bytes;
  bytes_ = bytes_ - entry.bytes + bytes;
  entry.bytes = bytes;
}

void RecentRows::Shrink(bool may_lose_acknowledgements) {
  while (IsOverfull()) {
    Entry* victim = nullptr;
    int candidates = 0;
    for (Node* const node : oldest_first_) {
      Entry& entry = node->second;
      if (entry.applying > 0 || (!may_lose_acknowledgements && IsAcknowledged(entry))) continue;
      const bool costs_nothing = entry.replies.empty() && !(entry.row && entry.row->unwritten);
      if (victim == nullptr || costs_nothing) victim = &entry;
      if (costs_nothing || ++candidates == kCandidatesMax) break;
    }
    if (victim == nullptr) return;
    Erase(*victim);
  }
}

void RecentRows::Put(Row row) {
  const std::lock_guard lock(mutex_);
  Entry& entry = FindOrAdd(row.id);
  // Of two writes the second may be told first; and what was acknowledged since is decided.
  const bool is_newer = !entry.row || entry.row->version < row.version;
  const bool is_stale = !row.decided() && IsAcknowledged(entry);
  if (is_newer && IsOver(row)) {
    // Nothing more will happen to it.
    TakeRow(entry);
    TakeReplies(entry);
  } else if (is_newer && !is_stale) {
    SetRow(entry, std::move(row));
  }
  Settle(entry);
  Shrink();
}

std::optional<Row> RecentRows::Take(const std::string& id) {
  const std::lock_guard lock(mutex_);
  Entry* entry = Find(id);
  if (entry == nullptr) return std::nullopt;
  std::optional<Row> row = TakeRow(*entry);
  Settle(*entry);
  return row;
}

std::optional<Row> RecentRows::TakeUnwritten(const std::string& id) {
  const std::lock_guard lock(mutex_);
  Entry* entry = Find(id);
  if (entry == nullptr || !entry->row || !entry->row->unwritten) return std::nullopt;
  std::optional<Row> row = TakeRow(*entry);
  Settle(*entry);
  return row;
}

bool RecentRows::Keep(const std::string& id, const v1::Reply& reply) {
  const std::lock_guard lock(mutex_);
  Entry* const known = Find(id);
  if (!reply.has_acknowledged()) {
    if (!reply.has_prepared() || known == nullptr || !known->row || known->applying > 0 ||
        !LeavesOthersMissing(*known->row, known->replies, reply))
      return false;
  }
  Entry& entry = known == nullptr ? FindOrAdd(id) : *known;
  const bool added = Add(entry, reply);
  Settle(entry);
  if (!IsOverfull()) return true;
  Shrink(/*may_lose_acknowledgements=*/false);
  Entry* const kept = Find(id);
  if (kept == nullptr || !IsOverfull()) return kept != nullptr;
  if (added) {
    kept->replies_bytes -= kept->replies.back().ByteSizeLong();
    kept->replies.pop_back();
  }
  Settle(*kept);
  return false;
}

RecentRows::Pending RecentRows::BeginApply(const std::string& id) {
  const std::lock_guard lock(mutex_);
  Entry& entry = FindOrAdd(id);
  ++entry.applying;
  Pending pending{.bytes = entry.row_bytes + entry.replies_bytes};
  pending.replies = TakeReplies(entry);
  pending.row = TakeRow(entry);
  Settle(entry);
  Shrink();
  return pending;
}

void RecentRows::Restore(const std::string& id, std::optional<Row> unwritten, const std::vector<v1::Reply>& replies) {
  const std::lock_guard lock(mutex_);
  Entry& entry = FindOrAdd(id);
  if (unwritten && !entry.row && !IsAcknowledged(entry)) SetRow(entry, *std::move(unwritten));
  for (const v1::Reply& reply : replies) Add(entry, reply);
  Settle(entry);
  Shrink();
}

void RecentRows::EndApply(const std::string& id) {
  const std::lock_guard lock(mutex_);
  Entry* entry = Find(id);
  if (entry == nullptr) return;
  entry->applying = std::max(0, entry->applying - 1);
  Settle(*entry);
  Shrink();
}

std::vector<std::string> RecentRows::PendingIds() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> ids;
  for (const Node* const node : oldest_first_) {
    const Entry& entry = node->second;
    if (!entry.replies.empty() && !(entry.row && entry.row->unwritten)) ids.push_back(node->first);
  }
  return ids;
}

std::size_t RecentRows::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

std::size_t RecentRows::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace quartet::qualification
