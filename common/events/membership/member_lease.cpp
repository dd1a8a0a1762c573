#include "common/events/membership/member_lease.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "common/base/clock.h"
#include "common/telemetry/log.h"
#include "common/telemetry/trouble.h"

namespace quartet::events {
namespace {

constexpr storage::Statement kSelect = {"SELECT slot, owner, renewal FROM member ORDER BY slot",
                                        storage::Reads("member")};
constexpr storage::Statement kSelectPlaces = {"SELECT slot, place FROM member ORDER BY slot", storage::Reads("member")};
// A slot that somebody else takes at this moment gives no row.
constexpr storage::Statement kInsert = {
    "INSERT INTO member (slot, owner, place, renewal) VALUES ($1, $2, $3, 0) ON CONFLICT (slot) DO NOTHING",
    storage::Inserts("member").By("slot", 1)};
constexpr storage::Statement kReplace = {"UPDATE member SET owner = $2, renewal = 0 WHERE slot = $1 AND place = $3",
                                         storage::Updates("member").By("slot", 1).By("place", 3)};
constexpr storage::Statement kRenew = {"UPDATE member SET renewal = renewal + 1 WHERE slot = $1 AND owner = $2",
                                       storage::Updates("member").By("slot", 1).By("owner", 2)};
constexpr storage::Statement kDeleteMember = {"DELETE FROM member WHERE slot = $1 AND owner = $2",
                                              storage::Deletes("member").By("slot", 1).By("owner", 2)};
constexpr storage::Statement kBury = {"DELETE FROM member WHERE slot = $1 AND owner = $2 AND renewal = $3",
                                      storage::Deletes("member").By("slot", 1).By("owner", 2).By("renewal", 3)};

}  // namespace

MemberLease::MemberLease(storage::Database& database, IdSource& ids, LeaseOptions options)
    : database_(database),
      ids_(ids),
      options_(std::move(options)),
      owner_(ids.NewUuid()),
      members_(std::make_shared<const Members>()) {}

MemberLease::~MemberLease() {
  Stop();
  if (const Status left = Leave(); !left.ok()) {
    telemetry::LogWarning("a slot cannot be given back; it will be found dead",
                          {{"service", options_.service}, {"error", ToString(left.error())}});
  }
}

// One try for each slot that somebody else took first.
Status MemberLease::TakeSlot(bool after_loss) {
  std::optional<std::int64_t> taken;
  while (!taken) {
    QUARTET_RETURN_IF_ERROR(database_.Write([&](storage::Transaction& transaction) -> Status {
      taken.reset();
      std::int64_t free = 0;
      std::optional<std::int64_t> former;
      QUARTET_RETURN_IF_ERROR(transaction.Query(kSelectPlaces, {}, [&](const storage::Row& row) {
        if (row.Int(0) == free) ++free;
        if (!former && row.Bytes(1) == options_.place) former = row.Int(0);
      }));
      // Who has lost a slot may have a namesake, which must not lose its own in turn.
      const bool inherits = former && !after_loss && !options_.place.empty();
      const std::int64_t wanted = inherits ? *former : free;
      QUARTET_ASSIGN_OR_RETURN(const std::int64_t changed,
                               transaction.Execute(inherits ? kReplace : kInsert, {wanted, std::string_view(owner_),
                                                                                   std::string_view(options_.place)}));
      if (changed == 1) taken = wanted;
      return {};
    }));
  }
  slot_ = *taken;
  joined_ = true;
  seen_.clear();
  telemetry::LogInfo("has a slot", {{"service", options_.service}, {"slot", std::to_string(slot_)}});
  return {};
}

Status MemberLease::Join() {
  QUARTET_RETURN_IF_ERROR(TakeSlot(false));
  QUARTET_ASSIGN_OR_RETURN(const Rows rows, Look());
  Publish(rows);
  return {};
}

Result<MemberLease::Rows> MemberLease::Look() {
  Rows rows;
  QUARTET_RETURN_IF_ERROR(database_.Read([&](storage::Transaction& transaction) {
    rows.clear();
    return transaction.Query(kSelect, {}, [&](const storage::Row& row) {
      rows[row.Int(0)] = {.owner = row.String(1), .renewal = row.Int(2)};
    });
  }));
  return rows;
}

Status MemberLease::Renew() {
  std::int64_t renewed = 0;
  QUARTET_RETURN_IF_ERROR(database_.Write([&](storage::Transaction& transaction) -> Status {
    QUARTET_ASSIGN_OR_RETURN(renewed, transaction.Execute(kRenew, {slot_, std::string_view(owner_)}));
    return {};
  }));
  if (renewed == 0) {
    telemetry::LogWarning("was taken for dead", {{"service", options_.service}, {"slot", std::to_string(slot_)}});
    QUARTET_RETURN_IF_ERROR(TakeSlot(true));
  }
  QUARTET_ASSIGN_OR_RETURN(Rows rows, Look());
  for (auto it = rows.begin(); it != rows.end();) {
    const auto next = std::next(it);
    auto& [slot, sight] = *it;
    const auto before = seen_.find(slot);
    const bool still = before != seen_.end() && before->second.owner == sight.owner &&
                       before->second.renewal == sight.renewal && slot != slot_;
    sight.misses = still ? before->second.misses + 1 : 0;
    if (sight.misses >= options_.misses_max) {
      QUARTET_RETURN_IF_ERROR(Bury(slot, sight));
      rows.erase(it);
    }
    it = next;
  }
  seen_ = rows;
  Publish(rows);
  return {};
}

// Unless it has renewed in this very moment; then it is seen at the next look.
Status MemberLease::Bury(std::int64_t slot, const Sight& dead) {
  telemetry::LogWarning("a replica is dead", {{"service", options_.service}, {"slot", std::to_string(slot)}});
  return database_.Write([&](storage::Transaction& transaction) {
    return transaction.Run(kBury, {slot, std::string_view(dead.owner), dead.renewal});
  });
}

void MemberLease::Publish(const Rows& rows) {
  auto next = std::make_shared<Members>();
  next->slot = slot_;
  next->live.clear();
  for (const auto& [slot, sight] : rows) next->live.push_back(slot);
  // Its own row may have gone since it was renewed, which the next renewal finds out.
  if (!rows.contains(slot_)) next->live.insert(std::lower_bound(next->live.begin(), next->live.end(), slot_), slot_);
  const std::lock_guard lock(mutex_);
  if (members_->slot == next->slot && members_->live == next->live) return;
  next->version = members_->version + 1;
  members_ = std::move(next);
}

Status MemberLease::Leave() {
  if (!std::exchange(joined_, false)) return {};
  return database_.Write([&](storage::Transaction& transaction) {
    return transaction.Run(kDeleteMember, {slot_, std::string_view(owner_)});
  });
}

void MemberLease::Loop() {
  const SystemClock clock;
  telemetry::Trouble trouble(clock, {{"service", options_.service}});
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, options_.interval, [this] { return stopping_; })) {
    lock.unlock();
    trouble.Note("a slot cannot be renewed", Renew());
    lock.lock();
  }
}

void MemberLease::Start() {
  stopping_ = false;
  thread_ = std::thread([this] { Loop(); });
}

void MemberLease::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_one();
  }
  thread_.join();
}

std::shared_ptr<const Members> MemberLease::Now() const {
  const std::lock_guard lock(mutex_);
  return members_;
}

}  // namespace quartet::events
