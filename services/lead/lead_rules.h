#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/resource/filter/filter.h"
#include "common/resource/record.h"
#include "common/resource/schema.h"
#include "common/resource/violations.h"

#include "quartet/lead/v1/events.pb.h"
#include "quartet/lead/v1/lead.pb.h"

namespace quartet::lead {

// Everything that is wrong with a lead as a caller gives it; normalises it in
// place (trims, phone numbers to E.164).
std::vector<FieldViolation> CheckLead(v1::Lead& lead);

// Whether a reason goes with a state.
bool IsOpenReason(v1::Lead::Reason reason);
bool IsDisqualifyReason(v1::Lead::Reason reason);

// The domain's moves. Errors: FAILED_PRECONDITION, INVALID_ARGUMENT as the RPCs
// of the same name say. `now_us` becomes the time of closing.
Status Disqualify(v1::Lead& lead, v1::Lead::Reason reason, const std::string& note, std::int64_t now_us);
Status Reactivate(v1::Lead& lead, v1::Lead::Reason reason);
// FAILED_PRECONDITION LEAD_CLOSED unless the lead is open.
Status CheckOpen(const v1::Lead& lead);
// Writes a row's fields into an open lead as DUPLICATE_ACTION_UPDATE says; both
// have been checked. To write the same row again changes nothing. Errors: those
// of CheckOpen.
Status MergeImported(v1::Lead& lead, const v1::Lead& row);
// Whether an open lead may be locked for a qualification: LEAD_DELETED,
// LEAD_DISQUALIFIED, LEAD_ALREADY_QUALIFIED with the names in the metadata.
Status CheckQualifiable(const v1::Lead& lead);

// See methods::TypedRecord and StandardMethods.
struct LeadTraits {
  using Message = v1::Lead;
  using Event = v1::LeadEvent;

  static constexpr std::array<std::string_view, 4> kColumns = {"state", "owner", "source", "company"};
  static constexpr resource::Schema kSchema = {
      .table = "lead", .collection = "leads", .columns = kColumns, .exclusive_identities = false};
  static constexpr std::string_view kTopic = "lead.events";
  static constexpr std::string_view kPackage = "quartet.lead.v1";
  static constexpr std::string_view kIsInUse = "";
  static constexpr bool kHasIdentities = true;
  // A qualification closes a lead, its revert opens it again.
  static constexpr std::array<std::string_view, 2> kChangeableFields = {"state", "update_time"};
  static const std::span<const resource::FilterField> kFilterFields;

  static std::vector<resource::ColumnValue> Columns(const v1::Lead& lead);
  static std::vector<identity::Identity> Identities(const v1::Lead& lead);
  static v1::Lead& Of(v1::LeadEvent& event) { return *event.mutable_lead(); }
  static void Check(v1::Lead& lead, resource::Violations& violations);
  static void PrepareNew(v1::Lead& lead);
  static Status CheckUpdate(const v1::Lead& before, const v1::Lead& after);
};

}  // namespace quartet::lead
