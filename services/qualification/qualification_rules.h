#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"

#include "quartet/qualification/v1/participant.pb.h"
#include "quartet/qualification/v1/row.pb.h"

namespace quartet::qualification {

// A qualification's row, the commit record: what one transaction reads, changes
// by compare-and-set on `version`, and writes.
struct Row {
  std::string id;
  std::int64_t version = 0;  // 0: not stored yet
  std::int64_t create_time_us = 0;
  std::int64_t update_time_us = 0;  // of the last change of state; the decision's time
  // PARKED: the holder that is waited for. PREPARING: a younger holder whose end
  // or retreat is the moment to ask again. Otherwise empty.
  std::string waits_for;
  std::int64_t redrive_time_us = 0;  // when to send again; 0: everything is over
  std::int64_t redrive_count = 0;    // how often in this state
  // Read from the database, so that the process that began it may have it too, and be ahead in
  // memory (unwritten).
  bool is_read = false;
  // What it has been since STARTED is in memory only: it is PREPARING, and has a plan.
  bool unwritten = false;
  v1::StoredQualification stored;
  v1::Plan plan;  // made when the lead is locked, never changed; empty before, and once decided

  v1::Qualification& qualification() { return *stored.mutable_qualification(); }
  const v1::Qualification& qualification() const { return stored.qualification(); }
  v1::Qualification::State state() const { return qualification().state(); }
  bool decided() const { return state() == v1::Qualification::COMMITTED || state() == v1::Qualification::ABORTED; }
};

// A command to send to a participant.
struct Send {
  v1::Participant to;
  v1::Command command;
};

// What a step of the machine comes to. Rows in `row` are changed in place.
struct Step {
  bool changed = false;  // the row must be written
  std::vector<Send> sends;
};

// What the machine must know of another qualification that holds something.
struct Holder {
  std::int64_t create_time_us = 0;
  bool decided = true;  // so is one that has no row, for it was deleted or will never begin
};

// The state machine of a qualification (ADR 0001): messages in; new state and
// messages out. Pure: time comes in, nothing is read or written. Every function
// may be given anything at any moment (late, twice, of a lower attempt) and
// then does nothing.

// A new row that qualifies a lead: STARTED, locks it.
Step StartQualify(Row& row, std::int64_t now_us);
// A new row that takes `reverted` back: PREPARING. `reverted` must be COMMITTED.
Step StartRevert(Row& row, const Row& reverted, std::int64_t now_us);
// A participant's reply. `holder` describes the holder that a Busy names.
Step OnReply(Row& row, const v1::Reply& reply, const Holder& holder, std::int64_t now_us);
// The same for the lead's lock, in the process that began the row: PREPARING, unwritten. For
// a crash costs no more than that the lead says again what it said; and whoever else hears
// of the lock begins the next attempt, so that no attempt has two plans.
// Nothing if the row is not STARTED, or was read.
Step OnLockedUnwritten(Row& row, const v1::Reply& reply, std::int64_t now_us);
// What the row waits for has been decided or has made way.
Step OnHolderGone(Row& row, bool holder_decided, std::int64_t now_us);
// The row has not moved for long: what it waits for is sent again.
Step OnRedrive(Row& row, bool holder_decided, std::int64_t now_us);
// Gives the qualification up, unless it is decided.
Step Cancel(Row& row, std::int64_t now_us);

// Whether it is to be driven again: its time has come, or lies so far ahead that the clock has been
// set back since it was set.
bool IsDue(const Row& row, std::int64_t now_us);
// What lies further ahead was set by another clock.
inline constexpr std::int64_t kRedriveAheadMax_us = 60'000'000;

// Whether it is decided and all participants have acknowledged that.
bool IsOver(const Row& row);

// The decision as it stands, for those who hold intents.
v1::Decision DecisionOf(const Row& row);

// FAILED_PRECONDITION NOT_COMMITTED unless `qualification` turned a lead into the
// three, which is what can be taken back.
std::optional<Error> CheckRevertible(const v1::Qualification& qualification);
// The records that it opened.
std::vector<std::string> OpenedBy(const v1::Qualification& qualification);

// Rule 14: what the participants chose must fit together. CONTACT_ACCOUNT_MISMATCH
// if the attached contact belongs to another account than the one chosen; a
// chosen one without a name is one that would be opened.
std::optional<Error> Misfit(const std::string& contact, const std::string& contact_account,
                            const v1::RecordOutcome& account);

// Wait-die's order: whether (create_time_a, a) is older than (create_time_b, b).
bool IsOlder(std::int64_t create_time_a_us, const std::string& a, std::int64_t create_time_b_us, const std::string& b);

}  // namespace quartet::qualification
