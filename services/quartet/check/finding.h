#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "services/quartet/connection/suite_address.h"

namespace quartet::cli {

// What a check finds. The names of the kinds, as FindingName gives them, are stable.
enum class FindingKind {
  kUnreadable,
  kColumnsDiffer,
  kIdentityMissing,
  kIdentityStray,
  kIdentityShared,
  kIntentNotHeld,
  kHeldWithoutIntent,
  kUnknownHeld,
  kUndecided,
  kDecisionNotApplied,
  kNotAcknowledged,
  kAcknowledgedButHeld,
  kAcknowledgedButUnknown,
  kCommittedButVoid,
  kCommittedButUnprepared,
  kOtherAttemptFinal,
  kAbortedButFinal,
  kUndecidedButFinal,
  kQualificationUnknown,
  kRecordMissing,
  kLeadNotQualified,
  kReferencesDiffer,
  kReferencesLeft,
  kNotNamedBack,
  kRevertedButThere,
  kDanglingReference,
  kDeletedReference,
  kDatabaseBehind,
};

// "COMMITTED_BUT_VOID" and so on.
std::string_view FindingName(FindingKind kind);
// What to do about it, for a person.
std::string_view Remedy(FindingKind kind);
// Whether it is only worth knowing: it may be meant so.
bool IsNotice(FindingKind kind);
// Whether it is safe to have the service carry the decision out now, which is all that --repair does.
bool IsRepairable(FindingKind kind);
// The service whose database such a finding shows to be older than the others', if any: of the participant, or the
// orchestrator.
enum class Behind { kNobody, kThatService, kOrchestrator };
Behind IsBehind(FindingKind kind);

// What a finding is about, and what is looked at again.
struct Subject {
  enum class Type { kRecord, kParticipation, kRow };
  Type type = Type::kRecord;
  Service service = Service::kLead;
  std::string name;  // the record, or the qualification
  auto operator<=>(const Subject&) const = default;
};

struct Finding {
  FindingKind kind = FindingKind::kUnreadable;
  Service service = Service::kLead;  // whose database is wrong, as far as that can be told
  std::string name;                  // the record or qualification
  std::string what;                  // for a person; the same at each look that finds the same
  std::int64_t time_us = 0;          // of the decision or change that it is about; 0 if there is none
  // What --repair made of it, and if that is nothing, why.
  enum class Repair { kNotTried, kDone, kRefused } repair = Repair::kNotTried;
  std::string refusal = {};

  bool operator==(const Finding& other) const {
    return kind == other.kind && service == other.service && name == other.name && what == other.what;
  }
};

}  // namespace quartet::cli
