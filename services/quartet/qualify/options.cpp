#include "services/quartet/qualify/options.h"

#include <CLI/CLI.hpp>

#include "services/quartet/output/error_report.h"
#include "services/quartet/records/resource_kind.h"
#include "services/quartet/values/values.h"

#include "quartet/qualification/v1/qualification.pb.h"

namespace quartet::cli {

using qualification::v1::QualifyOptions;

void AddQualifyOptions(CLI::App& command, QualifyArguments& arguments) {
  command.add_option("--account", arguments.account, "Attach to this account instead of matching one")
      ->type_name("NAME");
  command.add_option("--contact", arguments.contact, "Attach to this contact instead of matching one")
      ->type_name("NAME");
  command
      .add_option("--on-duplicate", arguments.on_duplicate,
                  "When contact or account exist already: attach to them (if not given), refuse, or open new ones")
      ->check(CLI::IsMember({"attach", "refuse", "open"}));
  command
      .add_option("--on-conflict", arguments.on_conflict,
                  "When e-mail and phone find two contacts: refuse and explain (if not given), or the e-mail wins")
      ->check(CLI::IsMember({"explain", "email-wins"}));
  command.add_option("--owner", arguments.owner, "Owner of what is opened; the lead's if not given");
  auto* none = command.add_flag("--no-opportunity", arguments.no_opportunity, "Open no opportunity");
  for (auto* option : {
           command.add_option("--opportunity-name", arguments.opportunity_name, "The lead's topic if not given"),
           command.add_option("--amount", arguments.amount,
                              "The lead's estimated value if not given; 1200 or \"1200 EUR\""),
           command.add_option("--currency", arguments.currency, "Of an amount without one, for instance EUR"),
           command.add_option("--close-date", arguments.close_date, "The lead's if not given; 2025-03-31"),
           command.add_option("--stage", arguments.stage, "Stage of the pipeline; the first one if not given"),
       }) {
    option->excludes(none);
  }
}

Result<QualifyOptions> ToQualifyOptions(const QualifyArguments& arguments) {
  Error mistakes = UsageError("these options make no sense:");
  const auto note = [&mistakes](std::string_view option, const Error& error) {
    for (const auto& violation : error.violations)
      mistakes.violations.push_back({std::string(option), violation.description});
  };

  QualifyOptions options;
  if (!arguments.account.empty()) options.set_account(AccountKind().FullName(arguments.account));
  if (!arguments.contact.empty()) options.set_contact(ContactKind().FullName(arguments.contact));
  options.set_owner(arguments.owner);
  options.set_no_opportunity(arguments.no_opportunity);
  if (arguments.on_duplicate == "attach") options.set_duplicate_policy(QualifyOptions::ATTACH);
  if (arguments.on_duplicate == "refuse") options.set_duplicate_policy(QualifyOptions::REFUSE);
  if (arguments.on_duplicate == "open") options.set_duplicate_policy(QualifyOptions::OPEN_ANYWAY);
  if (arguments.on_conflict == "explain") options.set_conflict_policy(QualifyOptions::EXPLAIN);
  if (arguments.on_conflict == "email-wins") options.set_conflict_policy(QualifyOptions::EMAIL_WINS);

  QualifyOptions::OpportunitySpec opportunity;
  opportunity.set_display_name(arguments.opportunity_name);
  opportunity.set_stage(arguments.stage);
  if (!arguments.amount.empty()) {
    const auto amount = ParseMoney(arguments.amount, arguments.currency);
    if (!amount.ok()) {
      note("--amount", amount.error());
    } else if (amount->currency_code().empty()) {
      mistakes.violations.push_back({"--amount", "it needs a currency: \"1200 EUR\", or --currency EUR"});
    } else {
      *opportunity.mutable_amount() = *amount;
    }
  } else if (!arguments.currency.empty()) {
    mistakes.violations.push_back({"--currency", "it needs an --amount"});
  }
  if (!arguments.close_date.empty()) {
    const auto date = ParseDate(arguments.close_date);
    if (date.ok()) {
      *opportunity.mutable_expected_close_date() = *date;
    } else {
      note("--close-date", date.error());
    }
  }
  if (!mistakes.violations.empty()) return mistakes;
  if (opportunity.ByteSizeLong() > 0) *options.add_opportunities() = opportunity;
  return options;
}

}  // namespace quartet::cli
