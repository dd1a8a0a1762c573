#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/resource/filter/filter.h"
#include "common/resource/record.h"
#include "common/resource/schema.h"
#include "common/resource/violations.h"

#include "quartet/opportunity/v1/events.pb.h"
#include "quartet/opportunity/v1/opportunity.pb.h"
#include "quartet/qualification/v1/participant.pb.h"

namespace quartet::opportunity {

// A stage of the pipeline.
struct Stage {
  std::string name;     // capitals, digits and '_'
  int probability = 0;  // of winning, in percent: 0 to 100
};

// The configured stages, in their order; at least one.
using Stages = std::vector<Stage>;

// "NAME=PERCENT,…". Errors: INVALID_ARGUMENT naming everything that is wrong.
Result<Stages> ParsePipeline(std::string_view text);

// The domain's moves. Errors: as the RPCs say. `now_us` becomes the time of
// closing.
Status MoveStage(v1::Opportunity& opportunity, const std::string& stage, const Stages& stages);
Status Close(v1::Opportunity& opportunity, v1::Opportunity::State outcome, const std::string& reason,
             std::int64_t now_us);
Status Reopen(v1::Opportunity& opportunity, const Stages& stages);

// See methods::TypedRecord, StandardMethods and RecordChanges.
struct OpportunityTraits {
  using Message = v1::Opportunity;
  using Event = v1::OpportunityEvent;

  static constexpr std::array<std::string_view, 9> kColumns = {
      "state", "stage", "owner", "source", "account", "contact", "currency", "amount_units", "amount_nanos"};
  static constexpr std::array<resource::Reference, 2> kReferences = {
      {{"account", "accounts", "account"}, {"contact", "contacts", "contact"}}};
  static constexpr resource::Schema kSchema = {
      .table = "opportunity", .collection = "opportunities", .columns = kColumns, .references = kReferences};
  static constexpr std::string_view kTopic = "opportunity.events";
  static constexpr std::string_view kPackage = "quartet.opportunity.v1";
  // A closed one is history, whatever became of the company and the person.
  static constexpr std::string_view kIsInUse = " AND state = OPEN";
  static constexpr bool kHasIdentities = false;
  // Nothing attaches to one: a qualification opens it, its revert removes it.
  static constexpr std::array<std::string_view, 1> kChangeableFields = {"update_time"};
  static const std::span<const resource::FilterField> kFilterFields;

  static std::vector<resource::ColumnValue> Columns(const v1::Opportunity& opportunity);
  static std::vector<identity::Identity> Identities(const v1::Opportunity&) { return {}; }
  static v1::Opportunity& Of(v1::OpportunityEvent& event) { return *event.mutable_opportunity(); }
  void Check(v1::Opportunity& opportunity, resource::Violations& violations) const;
  // At the first stage, unless another is given.
  void PrepareNew(v1::Opportunity& opportunity) const;
  Status CheckUpdate(const v1::Opportunity& before, const v1::Opportunity& after) const;
  static void SetReferences(v1::Opportunity& opportunity, const v1::Opportunity& proposal,
                            const qualification::v1::Names& names);

  Stages stages;
};

}  // namespace quartet::opportunity
