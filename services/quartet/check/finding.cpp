#include "services/quartet/check/finding.h"

#include <cstdlib>

namespace quartet::cli {
namespace {

constexpr std::string_view kFromBackup =
    "find out what wrote it (the service's log, the disk), then restore this database to the moment of the others";
constexpr std::string_view kRestore =
    "was this service's database restored to an older moment? Then bring all five to the same one; see "
    "DATABASE_BEHIND if it is listed";
constexpr std::string_view kByHand = "correct the record by its service's API, or its row by hand";

enum class Treatment { kWrong, kNotice, kRepairable };

struct Entry {
  FindingKind kind;
  std::string_view name;
  std::string_view remedy;
  Treatment treatment = Treatment::kWrong;
  Behind behind = Behind::kNobody;
};

using enum FindingKind;

constexpr Entry kCatalogue[] = {
    {kUnreadable, "UNREADABLE", kFromBackup},
    {kColumnsDiffer, "COLUMNS_DIFFER",
     "lists and filters are wrong for this record; change it once by its service's "
     "API, which writes its columns anew"},
    {kIdentityMissing, "IDENTITY_MISSING",
     "nobody finds the record by it, and another may take it; delete and "
     "undelete the record, which reserves its identities anew"},
    {kIdentityStray, "IDENTITY_STRAY", "it keeps others from having it; remove its row from the table identity"},
    {kIdentityShared, "IDENTITY_SHARED", "two records are one person or company: delete one, or take it from one"},
    {kIntentNotHeld, "INTENT_NOT_HELD",
     "nobody will ever resolve it; stop the service and remove its row from the "
     "table intent"},
    {kHeldWithoutIntent, "HELD_WITHOUT_INTENT", kRestore},
    {kUnknownHeld, "UNKNOWN_HELD",
     "is the service able to ask the qualification service? Its log tells; it drops "
     "the intents once it can"},
    {kUndecided, "UNDECIDED",
     "see what it waits for (quartet status, quartet qualification get); quartet "
     "qualification cancel gives it up"},
    {kDecisionNotApplied, "DECISION_NOT_APPLIED",
     "quartet check --repair has the service carry it out; if that "
     "fails, its log tells why",
     Treatment::kRepairable},
    {kNotAcknowledged, "NOT_ACKNOWLEDGED",
     "quartet check --repair has the service acknowledge it; if that fails, see "
     "whether Redis is well (quartet status)",
     Treatment::kRepairable},
    {kAcknowledgedButHeld, "ACKNOWLEDGED_BUT_HELD",
     "quartet check --repair has the service carry the decision out "
     "again; was its database restored to an older moment?",
     Treatment::kRepairable, Behind::kThatService},
    {kAcknowledgedButUnknown, "ACKNOWLEDGED_BUT_UNKNOWN", kRestore, Treatment::kWrong, Behind::kThatService},
    {kCommittedButVoid, "COMMITTED_BUT_VOID",
     "half of a conversion is missing here: revert the qualification, or "
     "restore this database to the moment of the others"},
    {kCommittedButUnprepared, "COMMITTED_BUT_UNPREPARED", kRestore, Treatment::kWrong, Behind::kThatService},
    {kOtherAttemptFinal, "OTHER_ATTEMPT_FINAL",
     "the record that became final is not the one that was decided: "
     "delete it, and restore this database to the moment of the others"},
    {kAbortedButFinal, "ABORTED_BUT_FINAL",
     "was the qualification service's database restored to an older moment? "
     "Then bring all five to the same one",
     Treatment::kWrong, Behind::kOrchestrator},
    {kUndecidedButFinal, "UNDECIDED_BUT_FINAL",
     "was the qualification service's database restored to an older "
     "moment? Then bring all five to the same one",
     Treatment::kWrong, Behind::kOrchestrator},
    {kQualificationUnknown, "QUALIFICATION_UNKNOWN",
     "was the qualification service's database restored to an older "
     "moment? Then bring all five to the same one",
     Treatment::kWrong, Behind::kOrchestrator},
    {kRecordMissing, "RECORD_MISSING", kRestore},
    {kLeadNotQualified, "LEAD_NOT_QUALIFIED", kRestore},
    {kReferencesDiffer, "REFERENCES_DIFFER", kByHand},
    {kReferencesLeft, "REFERENCES_LEFT", kByHand},
    {kNotNamedBack, "NOT_NAMED_BACK", kByHand},
    {kRevertedButThere, "REVERTED_BUT_THERE", kRestore},
    {kDanglingReference, "DANGLING_REFERENCE", "name an existing record, or none"},
    {kDeletedReference, "DELETED_REFERENCE", "undelete what it names, or name another; it may be meant so",
     Treatment::kNotice},
    {kDatabaseBehind, "DATABASE_BEHIND",
     "stop all services and restore all five databases to one moment; or, if the "
     "lost part is to be had nowhere, correct what is listed"},
};

const Entry& EntryOf(FindingKind kind) {
  for (const Entry& entry : kCatalogue) {
    if (entry.kind == kind) return entry;
  }
  std::abort();  // every kind is in the catalogue
}

}  // namespace

std::string_view FindingName(FindingKind kind) {
  return EntryOf(kind).name;
}

std::string_view Remedy(FindingKind kind) {
  return EntryOf(kind).remedy;
}

bool IsNotice(FindingKind kind) {
  return EntryOf(kind).treatment == Treatment::kNotice;
}

bool IsRepairable(FindingKind kind) {
  return EntryOf(kind).treatment == Treatment::kRepairable;
}

Behind IsBehind(FindingKind kind) {
  return EntryOf(kind).behind;
}

}  // namespace quartet::cli
