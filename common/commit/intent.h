// common/commit: a service's part in qualifications, and what its readers owe
// them. A record that a qualification touches carries an intent until the
// orchestrator's decision is known here; whoever meets an intent asks for the
// decision first (decisions.h), makes it final or drops it (resolution.h), and
// only then goes on. The participant (participant.h) turns commands into
// intents; the record store (record_store.h) reads and writes records that may
// carry some. The rules in comments are those of ADR 0001.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/identity/identity.h"

namespace quartet::commit {

// Stored as numbers; never renumber.
enum class IntentKind : std::int64_t {
  kLock = 1,    // a lead that is being qualified; belongs to no attempt
  kOpen = 2,    // a record that will exist
  kAttach = 3,  // a live record that is attached to, unchanged; shared
  kFill = 4,    // a live record whose empty fields are filled; exclusive
  kRevert = 5,  // a record that is given back; exclusive
  // A record that was attached to, in which what was filled is taken back; exclusive.
  kRestore = 6,
};

// What a qualification will do to one record.
struct Intent {
  std::string record_id;
  std::string qualification_id;
  std::int64_t attempt = 0;
  IntentKind kind = IntentKind::kOpen;
  std::int64_t age_us = 0;                   // when the qualification began
  std::string proposal;                      // kOpen, kFill: the message; kRevert, kRestore: the RecordUndo; serialised
  std::vector<identity::Identity> reserved;  // claimed for the record by this intent
};

// How far this service is with a qualification; outlives the record (rule 4).
struct Participation {
  enum class State : std::int64_t { kNone = 0, kHeld = 1, kFinal = 2 };
  std::string qualification_id;
  std::int64_t void_through = -1;  // attempts up to this one are void
  std::int64_t attempt = -1;       // the attempt held or final
  State state = State::kNone;
  // The serialised Reply given when it was prepared; once that is final, without
  // what it says of a lead.
  std::string reply;
  std::string undo;  // kFinal: what it takes to take it back, a serialised Undo
  // kHeld: the ids of the records that its intents are on, in order.
  std::vector<std::string> records;
};

// Whether the intent belongs to the qualification whatever its attempt (rule 3).
inline bool OutlivesAttempts(IntentKind kind) {
  return kind == IntentKind::kLock;
}

// Whether the intent, committed, makes the record another than it was. Such a one
// is alone on its record (rule 8), readers are shown what it makes of it, and it is
// final before anybody writes. What changes nothing takes a version only when it is
// made final, so that a version, which is the etag, names one content for ever
// (ADR 0018).
inline bool ChangesContent(IntentKind kind) {
  return kind != IntentKind::kAttach;
}

}  // namespace quartet::commit
