#include "services/quartet/output/pipeline.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "services/quartet/connection/session.h"
#include "services/quartet/import/csv.h"
#include "services/quartet/output/error_report.h"
#include "services/quartet/output/output.h"
#include "services/quartet/shell/exit_code.h"
#include "services/quartet/shell/help.h"
#include "services/quartet/values/text.h"
#include "services/quartet/values/values.h"

#include "quartet/opportunity/v1/service.pb.h"

namespace quartet::cli {
namespace {

using opportunity::v1::Opportunity;
using opportunity::v1::Pipeline;

constexpr std::size_t kWidthWithoutTerminal = 80;
constexpr std::size_t kBarWidthMin = 10;
constexpr std::size_t kBarWidthMax = 50;

struct PipelineArguments {
  std::string filter;
  Format format = Format::kTable;
};

std::string LabelOf(const Pipeline::Bucket& bucket) {
  return bucket.stage().empty() ? EnumText(*Opportunity::State_descriptor(), bucket.state()) : bucket.stage();
}

Tint TintOf(const Pipeline::Bucket& bucket) {
  if (bucket.state() == Opportunity::STATE_WON) return Tint::kGood;
  return bucket.state() == Opportunity::STATE_LOST ? Tint::kBad : Tint::kNone;
}

// A bar in eighths of a column; anything but nothing shows at least one.
std::string Bar(std::int64_t count, std::int64_t largest, std::size_t width) {
  static constexpr std::string_view kParts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  if (count == 0) return "";
  const double share = static_cast<double>(count) / static_cast<double>(largest);
  const auto eighths =
      std::max<std::size_t>(1, static_cast<std::size_t>(std::llround(share * static_cast<double>(width) * 8)));
  std::string bar;
  for (std::size_t i = 0; i < eighths / 8; ++i) bar += "█";
  return bar.append(kParts[eighths % 8]);
}

std::string PadLeft(std::string_view text, std::size_t width) {
  const auto used = DisplayWidth(text);
  return std::string(used < width ? width - used : 0, ' ').append(text);
}

std::string PadRight(std::string_view text, std::size_t width) {
  const auto used = DisplayWidth(text);
  return std::string(text).append(used < width ? width - used : 0, ' ');
}

bool IsBeyond(const Pipeline::Bucket& bucket, const std::string& currency) {
  const auto& beyond = bucket.currencies_beyond();
  return std::find(beyond.begin(), beyond.end(), currency) != beyond.end();
}

// A sum that the service could not hold is more than the amount it gives.
std::string SumText(const Pipeline::Bucket& bucket, const google::type::Money& amount) {
  return (IsBeyond(bucket, amount.currency_code()) ? "> " : "") + MoneyText(amount);
}

struct Worth {
  double units = 0;
  bool is_more = false;
};

// What the open opportunities are worth by probability, by currency; in whole units, for a glance.
std::map<std::string, Worth> Weighted(const Pipeline& pipeline) {
  std::map<std::string, Worth> sums;
  for (const auto& bucket : pipeline.buckets()) {
    if (bucket.state() != Opportunity::STATE_OPEN) continue;
    for (const auto& amount : bucket.amounts()) {
      Worth& worth = sums[amount.currency_code()];
      worth.units += static_cast<double>(amount.units()) * bucket.probability() / 100;
      worth.is_more |= IsBeyond(bucket, amount.currency_code());
    }
  }
  return sums;
}

void WriteCsv(const Console& console, const Pipeline& pipeline) {
  WriteCsvRow(console.out, std::vector<std::string>{"stage", "state", "probability", "count", "amount", "currency"});
  for (const auto& bucket : pipeline.buckets()) {
    const std::vector<std::string> cells = {bucket.stage(), EnumText(*Opportunity::State_descriptor(), bucket.state()),
                                            std::to_string(bucket.probability()), std::to_string(bucket.count())};
    for (int i = 0; i < std::max(1, bucket.amounts_size()); ++i) {
      auto row = cells;
      const bool is_more = i < bucket.amounts_size() && IsBeyond(bucket, bucket.amounts(i).currency_code());
      row.push_back(i < bucket.amounts_size() ? (is_more ? ">" : "") + AmountText(bucket.amounts(i)) : "");
      row.push_back(i < bucket.amounts_size() ? bucket.amounts(i).currency_code() : "");
      WriteCsvRow(console.out, row);
    }
  }
}

int Run(Session& session, const PipelineArguments& arguments) {
  opportunity::v1::GetPipelineRequest request;
  request.set_filter(arguments.filter);
  Pipeline pipeline;
  if (const auto status = session.rpc().Call(request, pipeline); !status.ok()) {
    return ReportError(session.console(), status.error());
  }
  switch (arguments.format) {
    case Format::kTable:
      DrawPipeline(session.console(), pipeline);
      break;
    case Format::kJson:
      WriteRecord(Format::kJson, session.console(), pipeline);
      break;
    case Format::kCsv:
      WriteCsv(session.console(), pipeline);
      break;
  }
  return kExitOk;
}

}  // namespace

void DrawPipeline(const Console& console, const Pipeline& pipeline) {
  std::size_t label_width = 5;
  std::size_t count_width = 5;
  std::size_t amount_width = 6;
  std::int64_t largest = 1;
  for (const auto& bucket : pipeline.buckets()) {
    label_width = std::max(label_width, DisplayWidth(LabelOf(bucket)));
    count_width = std::max(count_width, std::to_string(bucket.count()).size());
    for (const auto& amount : bucket.amounts())
      amount_width = std::max(amount_width, DisplayWidth(SumText(bucket, amount)));
    largest = std::max(largest, bucket.count());
  }
  constexpr std::size_t kFixed = 2 + 4 + 2 + 2 + 2;  // the gaps and "100%"
  const std::size_t width = console.out_width == 0 ? kWidthWithoutTerminal : console.out_width;
  const std::size_t taken = label_width + count_width + amount_width + kFixed;
  const std::size_t bar_width = std::clamp(width > taken ? width - taken : 0, kBarWidthMin, kBarWidthMax);

  const auto write = [&](std::string_view label, Tint tint, std::string_view chance, std::string_view bar,
                         std::string_view count, std::string_view amount) {
    const std::string figures =
        fmt::format("  {}  {}", PadLeft(count, count_width), amount.empty() ? "" : PadLeft(amount, amount_width));
    console.out << console.OutTint(PadRight(label, label_width), tint) << "  " << PadLeft(chance, 4) << "  "
                << console.OutTint(PadRight(bar, bar_width), tint)
                << figures.substr(0, figures.find_last_not_of(' ') + 1) << '\n';
  };
  write("STAGE", Tint::kHeading, "WIN", "", "COUNT", "AMOUNT");
  for (const auto& bucket : pipeline.buckets()) {
    write(LabelOf(bucket), TintOf(bucket), fmt::format("{}%", bucket.probability()),
          Bar(bucket.count(), largest, bar_width), std::to_string(bucket.count()),
          bucket.amounts().empty() ? "" : SumText(bucket, bucket.amounts(0)));
    for (int i = 1; i < bucket.amounts_size(); ++i)
      write("", Tint::kNone, "", "", "", SumText(bucket, bucket.amounts(i)));
  }
  std::string weighted;
  for (const auto& [currency, worth] : Weighted(pipeline)) {
    // The nearest double to the most that Money holds is one more.
    constexpr double kMost = 9'223'372'036'854'774'784.0;
    google::type::Money rounded;
    rounded.set_units(std::llround(std::min(worth.units, kMost)));
    rounded.set_currency_code(currency);
    weighted += weighted.empty() ? "" : " + ";
    weighted += (worth.is_more || worth.units > kMost ? "> " : "") + MoneyText(rounded);
  }
  if (!weighted.empty()) console.out << "Open, weighted by the chance to win: " << weighted << '\n';
}

void AddPipelineCommand(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand("pipeline", "Draw the pipeline: counts and amounts per stage");
  auto arguments = std::make_shared<PipelineArguments>();
  SetExamples(*command, {"quartet pipeline", "quartet pipeline --filter 'owner = \"jane\"'",
                         "quartet pipeline -o csv > pipeline.csv"});
  command->add_option("--filter", arguments->filter, "Only these opportunities, as in `quartet opportunity list`");
  AddOutputOption(*command, arguments->format);
  command->callback(
      [&session, arguments] { session.command = [&session, arguments] { return Run(session, *arguments); }; });
}

}  // namespace quartet::cli
