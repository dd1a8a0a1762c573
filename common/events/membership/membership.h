#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/events/bus.h"

namespace quartet::events {

// The replicas of a service as one of them sees them. Each has a slot: a small
// number that is its alone while it lives and another's afterwards.
struct Members {
  std::int64_t slot = 0;                 // this replica's
  std::vector<std::int64_t> live = {0};  // everybody's, ascending; this replica's is among them
  std::uint64_t version = 1;             // another in each new view

  // What this replica reads of every topic.
  Share share() const;
  // Whether this replica does what only one need do. For a moment two may think
  // so, or none.
  bool leads() const { return live.front() == slot; }
};

// Tells who is there. Nobody may rely on it for more than saving work: a replica
// that was paused believes in its old view for a while, so whatever a slot's
// owner or the leader does must do no harm when two do it.
class Membership {
 public:
  virtual ~Membership() = default;
  // Never null. Thread-safe, quick.
  virtual std::shared_ptr<const Members> Now() const = 0;
};

// A view that never changes: a replica that is known to be alone has slot 0.
class FixedMembership final : public Membership {
 public:
  explicit FixedMembership(Members members = {}) : members_(std::make_shared<const Members>(std::move(members))) {}
  std::shared_ptr<const Members> Now() const override { return members_; }

 private:
  const std::shared_ptr<const Members> members_;
};

}  // namespace quartet::events
