#include "services/opportunity/pipeline.h"

#include <limits>
#include <map>
#include <tuple>

#include "common/methods/standard_methods.h"

namespace quartet::opportunity {
namespace {

using Methods = methods::StandardMethods<OpportunityTraits>;
using v1::Opportunity;

constexpr std::int64_t kBillion = 1'000'000'000;

// Units are summed up in two parts, or a few large amounts would be more than a sum can hold, and a database fails the
// whole statement then: what was stored before amounts had a limit is as large as Money can be.
struct Sum {
  std::int64_t count = 0;
  std::int64_t billions = 0;
  std::int64_t units = 0;
  std::int64_t nanos = 0;
};

// By state, stage (empty for closed ones) and currency.
using Key = std::tuple<std::int64_t, std::string, std::string>;
using Sums = std::map<Key, Sum>;

constexpr std::string_view kSumUp =
    "SELECT state, stage, currency, COUNT(*), CAST(SUM(amount_units / 1000000000) AS BIGINT), "
    "CAST(SUM(amount_units % 1000000000) AS BIGINT), CAST(SUM(amount_nanos) AS BIGINT) "
    "FROM opportunity WHERE ";
constexpr std::string_view kGroup = " GROUP BY state, stage, currency";

Key KeyOf(std::int64_t state, std::string stage, std::string currency) {
  if (state != Opportunity::STATE_OPEN) stage.clear();
  return {state, std::move(stage), std::move(currency)};
}

void Add(Sums& sums, const Opportunity& opportunity, std::int64_t sign) {
  Sum& sum = sums[KeyOf(opportunity.state(), opportunity.stage(), opportunity.amount().currency_code())];
  sum.count += sign;
  sum.billions += sign * (opportunity.amount().units() / kBillion);
  sum.units += sign * (opportunity.amount().units() % kBillion);
  sum.nanos += sign * opportunity.amount().nanos();
}

Status SumUpFinal(storage::Transaction& transaction, const resource::Filter& filter, Sums& sums) {
  std::string where = "delete_time = 0";
  std::vector<resource::ColumnValue> values;
  filter.AppendSql(where, values, 1);
  std::vector<storage::Param> params;
  for (const resource::ColumnValue& value : values) params.push_back(resource::ParamOf(value));
  return transaction.Query(std::string(kSumUp) + where + std::string(kGroup), params, [&](const storage::Row& row) {
    Sum& sum = sums[KeyOf(row.Int(0), row.String(1), row.String(2))];
    sum.count += row.Int(3);
    sum.billions += row.Int(4);
    sum.units += row.Int(5);
    sum.nanos += row.Int(6);
  });
}

// The sum as Money; whether it is not beyond what that can hold, which it then has the most of.
bool ToMoney(const Sum& sum, google::type::Money& money) {
  std::int64_t units = sum.units + sum.nanos / kBillion;
  const std::int64_t billions = sum.billions + units / kBillion;
  units %= kBillion;
  std::int64_t total = 0;
  if (!__builtin_mul_overflow(billions, kBillion, &total) && !__builtin_add_overflow(total, units, &total)) {
    money.set_units(total);
    money.set_nanos(static_cast<std::int32_t>(sum.nanos % kBillion));
    return true;
  }
  money.set_units(billions < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max());
  return false;
}

void AddBucket(const Sums& sums, Opportunity::State state, const std::string& stage, int probability,
               v1::Pipeline& pipeline) {
  v1::Pipeline::Bucket& bucket = *pipeline.add_buckets();
  bucket.set_state(state);
  bucket.set_stage(stage);
  bucket.set_probability(probability);
  for (const auto& [key, sum] : sums) {
    if (std::get<0>(key) != state || std::get<1>(key) != stage || sum.count == 0) continue;
    bucket.set_count(bucket.count() + sum.count);
    if (std::get<2>(key).empty()) continue;
    google::type::Money& amount = *bucket.add_amounts();
    amount.set_currency_code(std::get<2>(key));
    if (!ToMoney(sum, amount)) bucket.add_currencies_beyond(amount.currency_code());
  }
}

}  // namespace

Status SumUpPipeline(commit::RecordStore& store, const Stages& stages, const std::string& filter,
                     v1::Pipeline& pipeline) {
  QUARTET_ASSIGN_OR_RETURN(const auto parsed, resource::Filter::Parse(filter, OpportunityTraits::kFilterFields));
  Sums sums;
  QUARTET_ASSIGN_OR_RETURN(const auto overlays,
                           store.Snapshot([&](storage::Transaction& transaction, auto& met) -> Status {
                             sums.clear();
                             QUARTET_RETURN_IF_ERROR(SumUpFinal(transaction, parsed, sums));
                             QUARTET_ASSIGN_OR_RETURN(met, store.intents().All(transaction));
                             return {};
                           }));
  const auto counts = [&](const resource::Record& record) {
    return record.delete_time_us == 0 && parsed.Matches(Methods::Project(record), OpportunityTraits::kColumns);
  };
  for (const commit::Overlay& overlay : overlays) {
    if (overlay.before && counts(*overlay.before)) {
      QUARTET_ASSIGN_OR_RETURN(const Opportunity before, Methods::Typed::Decode(*overlay.before));
      Add(sums, before, -1);
    }
    if (overlay.after && counts(*overlay.after)) {
      QUARTET_ASSIGN_OR_RETURN(const Opportunity after, Methods::Typed::Decode(*overlay.after));
      Add(sums, after, 1);
    }
  }
  for (const Stage& stage : stages) AddBucket(sums, Opportunity::STATE_OPEN, stage.name, stage.probability, pipeline);
  AddBucket(sums, Opportunity::STATE_WON, "", 100, pipeline);
  AddBucket(sums, Opportunity::STATE_LOST, "", 0, pipeline);
  return {};
}

}  // namespace quartet::opportunity
