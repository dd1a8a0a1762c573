#include "services/opportunity/opportunity_rules.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

#include "common/base/limits.h"
#include "common/resource/field_rules.h"
#include "common/resource/resource_name.h"

namespace quartet::opportunity {
namespace {

using resource::Violations;
using v1::Opportunity;

constexpr resource::FilterField kFields[] = {
    resource::EnumField("state", "state", &v1::Opportunity::State_descriptor),
    resource::TextField("stage", "stage"),
    resource::TextField("owner", "owner"),
    resource::EnumField("source", "source", &type::v1::Source_descriptor),
    resource::TextField("account", "account"),
    resource::TextField("contact", "contact"),
    resource::TimeField("create_time", "create_time"),
    resource::TimeField("update_time", "update_time"),
};

const Stage* FindStage(const Stages& stages, const std::string& name) {
  const auto found = std::find_if(stages.begin(), stages.end(), [&](const Stage& s) { return s.name == name; });
  return found == stages.end() ? nullptr : &*found;
}

std::string NamesOf(const Stages& stages) {
  std::string names;
  for (const Stage& stage : stages) names += (names.empty() ? "" : ", ") + stage.name;
  return names;
}

// "WON", without the enum's prefix.
std::string StateOf(const Opportunity& opportunity) {
  return Opportunity::State_Name(opportunity.state()).substr(sizeof("STATE_") - 1);
}

Status CheckOpen(const Opportunity& opportunity) {
  if (opportunity.state() == Opportunity::STATE_OPEN) return {};
  return FailedPrecondition("OPPORTUNITY_CLOSED",
                            fmt::format("{} is closed: {}", opportunity.name(), StateOf(opportunity)));
}

bool IsStageName(std::string_view name) {
  return !name.empty() && name.size() <= limits::kStageMax && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

}  // namespace

const std::span<const resource::FilterField> OpportunityTraits::kFilterFields = kFields;

Result<Stages> ParsePipeline(std::string_view text) {
  Stages stages;
  Violations violations;
  while (!text.empty()) {
    const std::string_view item = text.substr(0, text.find(','));
    text.remove_prefix(std::min(item.size() + 1, text.size()));
    const std::size_t equals = item.find('=');
    Stage stage{.name = std::string(item.substr(0, equals))};
    const std::string_view percent = equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1);
    const auto [end, error] = std::from_chars(percent.data(), percent.data() + percent.size(), stage.probability);
    if (!IsStageName(stage.name) || error != std::errc() || end != percent.end() || stage.probability < 0 ||
        stage.probability > 100)
      violations.Add("pipeline", fmt::format("\"{}\" is not NAME=PERCENT with a name of capitals, digits and "
                                             "'_', and 0 to 100",
                                             item));
    else if (FindStage(stages, stage.name) != nullptr)
      violations.Add("pipeline", fmt::format("the stage {} is there twice", stage.name));
    stages.push_back(std::move(stage));
  }
  if (stages.empty()) violations.Add("pipeline", "needs at least one stage");
  QUARTET_RETURN_IF_ERROR(violations.ToStatus());
  return stages;
}

void OpportunityTraits::Check(Opportunity& opportunity, Violations& violations) const {
  using namespace resource;
  CheckRequiredText(*opportunity.mutable_display_name(), kLongTextMax, "display_name", violations);
  if (!opportunity.account().empty() && !ParseName("accounts", opportunity.account()))
    violations.Add("account", "must be \"accounts/{uuid}\"");
  if (!opportunity.contact().empty() && !ParseName("contacts", opportunity.contact()))
    violations.Add("contact", "must be \"contacts/{uuid}\"");
  if (opportunity.has_amount()) CheckMoney(opportunity.amount(), "amount", violations);
  if (opportunity.has_expected_close_date())
    CheckDate(opportunity.expected_close_date(), "expected_close_date", violations);
  if (FindStage(stages, opportunity.stage()) == nullptr)
    violations.Add("stage",
                   fmt::format("there is no stage \"{}\"; there are {}", opportunity.stage(), NamesOf(stages)));
  CheckEnum(opportunity.source(), *type::v1::Source_descriptor(), "source", violations);
  CheckText(*opportunity.mutable_source_detail(), kLongTextMax, "source_detail", violations);
  CheckText(*opportunity.mutable_campaign(), kShortTextMax, "campaign", violations);
  CheckText(*opportunity.mutable_owner(), kShortTextMax, "owner", violations);
  CheckTags(*opportunity.mutable_tags(), "tags", violations);
  CheckCustomAttributes(*opportunity.mutable_custom_attributes(), "custom_attributes", violations);
  CheckText(*opportunity.mutable_notes(), kNotesMax, "notes", violations);
  if (opportunity.has_next_touch_time()) CheckTime(opportunity.next_touch_time(), "next_touch_time", violations);
  CheckSize(opportunity, violations);
}

void OpportunityTraits::PrepareNew(Opportunity& opportunity) const {
  opportunity.set_state(Opportunity::STATE_OPEN);
  if (opportunity.stage().empty()) opportunity.set_stage(stages.front().name);
  const Stage* stage = FindStage(stages, opportunity.stage());
  opportunity.set_probability(stage != nullptr ? stage->probability : 0);
}

Status OpportunityTraits::CheckUpdate(const Opportunity& before, const Opportunity& after) const {
  QUARTET_RETURN_IF_ERROR(CheckOpen(before));
  if (before.stage() == after.stage()) return {};
  return InvalidArgument({{"stage", "is changed by MoveOpportunityStage"}});
}

std::vector<resource::ColumnValue> OpportunityTraits::Columns(const Opportunity& opportunity) {
  return {
      std::int64_t{opportunity.state()},    opportunity.stage(),          opportunity.owner(),
      std::int64_t{opportunity.source()},   opportunity.account(),        opportunity.contact(),
      opportunity.amount().currency_code(), opportunity.amount().units(), std::int64_t{opportunity.amount().nanos()}};
}

void OpportunityTraits::SetReferences(Opportunity& opportunity, const Opportunity& /*proposal*/,
                                      const qualification::v1::Names& names) {
  if (opportunity.account().empty()) opportunity.set_account(names.account());
  if (opportunity.contact().empty()) opportunity.set_contact(names.contact());
}

Status MoveStage(Opportunity& opportunity, const std::string& stage, const Stages& stages) {
  const Stage* found = FindStage(stages, stage);
  if (found == nullptr)
    return InvalidArgument({{"stage", fmt::format("there is no stage \"{}\"; there are {}", stage, NamesOf(stages))}});
  QUARTET_RETURN_IF_ERROR(CheckOpen(opportunity));
  opportunity.set_stage(found->name);
  opportunity.set_probability(found->probability);
  return {};
}

Status Close(Opportunity& opportunity, Opportunity::State outcome, const std::string& reason, std::int64_t now_us) {
  Violations violations;
  if (outcome != Opportunity::STATE_WON && outcome != Opportunity::STATE_LOST)
    violations.Add("outcome", "must be STATE_WON or STATE_LOST");
  std::string trimmed = reason;
  resource::CheckRequiredText(trimmed, resource::kStateNoteMax, "reason", violations);
  QUARTET_RETURN_IF_ERROR(violations.ToStatus());
  QUARTET_RETURN_IF_ERROR(CheckOpen(opportunity));
  opportunity.set_state(outcome);
  opportunity.set_probability(outcome == Opportunity::STATE_WON ? 100 : 0);
  opportunity.set_close_reason(trimmed);
  *opportunity.mutable_close_time() = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(now_us);
  return {};
}

Status Reopen(Opportunity& opportunity, const Stages& stages) {
  if (opportunity.state() == Opportunity::STATE_OPEN)
    return FailedPrecondition("OPPORTUNITY_OPEN", opportunity.name() + " is open");
  const Stage* stage = FindStage(stages, opportunity.stage());
  // The stage may have been taken out of the pipeline meanwhile.
  if (stage == nullptr) stage = &stages.front();
  opportunity.set_state(Opportunity::STATE_OPEN);
  opportunity.set_stage(stage->name);
  opportunity.set_probability(stage->probability);
  opportunity.clear_close_reason();
  opportunity.clear_close_time();
  return {};
}

}  // namespace quartet::opportunity
