#include "services/quartet/cli.h"

#include <iostream>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "services/quartet/check/command.h"
#include "services/quartet/connection/session.h"
#include "services/quartet/import/command.h"
#include "services/quartet/operate/commands.h"
#include "services/quartet/output/error_report.h"
#include "services/quartet/output/pipeline.h"
#include "services/quartet/qualify/commands.h"
#include "services/quartet/records/commands.h"
#include "services/quartet/records/resource_kind.h"
#include "services/quartet/records/transition_commands.h"
#include "services/quartet/shell/completion.h"
#include "services/quartet/shell/exit_code.h"
#include "services/quartet/shell/help.h"

namespace quartet::cli {
namespace {

CLI::App& AddGroup(CLI::App& root, const ResourceKind& kind, std::string description,
                   const std::vector<std::string>& examples) {
  auto* group = root.add_subcommand(std::string(kind.singular), std::move(description));
  group->require_subcommand(1);
  SetExamples(*group, examples);
  return *group;
}

void AddGlobalOptions(CLI::App& root, GlobalOptions& options) {
  root.add_option("--base-port", options.base_port,
                  "First port of the suite; else QUARTET_BASE_PORT, else the suite that deploy/local/up started last, "
                  "else 7400")
      ->type_name("N");
  root.add_option("--host", options.host, "Where the suite runs; else QUARTET_HOST, else 127.0.0.1")->type_name("HOST");
  root.add_option("--timeout", options.timeout_s, "Seconds that a call may take; 30 if not given")
      ->check(CLI::Range(0.001, 86400.0).description(""))
      ->type_name("SECONDS");
}

void AddResources(CLI::App& root, Session& session) {
  auto& leads = AddGroup(
      root, LeadKind(), "Leads: prospects who are not qualified yet",
      {"quartet lead import leads.csv", "quartet lead list --filter 'state = \"OPEN\"'", "quartet lead qualify --all"});
  AddImportCommand(leads, session);
  AddReadCommands(leads, LeadKind(), session);
  AddQualifyCommand(leads, session);
  AddLeadTransitions(leads, session);
  AddChangeCommands(leads, LeadKind(), session);
  AddDeleteCommands(leads, LeadKind(), session);

  auto& contacts = AddGroup(root, ContactKind(), "Contacts: people the company does business with",
                            {"quartet contact list --filter 'email = \"jane@acme.example\"'"});
  auto& accounts = AddGroup(root, AccountKind(), "Accounts: the companies where contacts work",
                            {"quartet account list --filter 'domain = \"acme.example\"'"});
  auto& opportunities = AddGroup(root, OpportunityKind(), "Opportunities: what may be sold",
                                 {"quartet opportunity list --filter 'stage = \"PROPOSE\"'",
                                  "quartet opportunity win opportunities/… --reason \"order 4711\""});
  AddReadCommands(contacts, ContactKind(), session);
  AddReadCommands(accounts, AccountKind(), session);
  AddReadCommands(opportunities, OpportunityKind(), session);
  AddOpportunityTransitions(opportunities, session);
  for (const auto& [group, kind] : {std::pair(&contacts, &ContactKind()), std::pair(&accounts, &AccountKind()),
                                    std::pair(&opportunities, &OpportunityKind())}) {
    AddChangeCommands(*group, *kind, session);
    AddDeleteCommands(*group, *kind, session);
  }

  auto& qualifications =
      AddGroup(root, QualificationKind(), "Qualifications: how leads became business",
               {"quartet qualification preview leads/…", "quartet qualification list --filter 'state = \"ABORTED\"'",
                "quartet qualification list --stuck"});
  AddPreviewCommand(qualifications, session);
  AddReadCommands(qualifications, QualificationKind(), session);
  AddQualificationTransitions(qualifications, session);
}

int ReportUsage(const Session& session, const CLI::ParseError& mistake) {
  return ReportError(session.console(), UsageError(fmt::format("{} (--help shows how)", mistake.what())));
}

}  // namespace

void AddCommands(CLI::App& root, Session& session) {
  root.name("quartet");
  root.description(
      "Quartet, a CRM core: one lead closes, a contact, an account and an opportunity open.\n"
      "Exit codes: 0 done, 1 refused or partly done, 2 wrong usage, 3 unreachable, 130 interrupted.");
  UseExamplesFirstHelp(root);
  SetExamples(root, {"quartet lead import leads.csv                 import a list of leads",
                     "quartet lead list --filter 'company = \"Acme\"'",
                     "quartet qualification preview leads/…         what would qualifying do?",
                     "quartet lead qualify --all                    turn all open leads into business",
                     "quartet pipeline                              counts and amounts per stage",
                     "quartet status                                is the suite well?",
                     "quartet check                                 is what it has stored right?"});
  root.fallthrough();
  root.require_subcommand(1);
  root.set_version_flag("--version", std::string("quartet ") + QUARTET_VERSION);
  root.set_help_all_flag("--help-all", "Help of all commands");
  AddGlobalOptions(root, session.options);
  AddResources(root, session);
  AddPipelineCommand(root, session);
  AddStatusCommand(root, session);
  AddCheckCommand(root, session);
  AddCountersCommand(root, session);
  AddDeadLetterCommands(root, session);
  AddCompletionCommand(root, session);
}

int Run(int argc, char** argv) {
  Session session;
  CLI::App root;
  AddCommands(root, session);
  try {
    root.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return root.exit(asked);  // --help, --version
  } catch (const CLI::RequiredError& mistake) {
    // A command that has others below it, and none of them was named.
    const CLI::App* last = &root;
    while (!last->get_subcommands().empty()) last = last->get_subcommands().front();
    if (last->get_require_subcommand_min() == 0) return ReportUsage(session, mistake);
    if (const auto words = root.remaining(true); !words.empty()) {
      return ReportError(session.console(),
                         UsageError(fmt::format("{} has no command {} (--help shows those that there are)",
                                                last->get_name(), words.front())));
    }
    session.console().err << root.help();
    return kExitUsage;
  } catch (const CLI::ParseError& mistake) {
    return ReportUsage(session, mistake);
  }
  if (!session.offline) {
    if (const auto status = session.Connect(); !status.ok()) {
      return ReportError(session.console(), UsageError(status.error().message));
    }
  }
  const int exit_code = session.command();
  if (!std::cout.flush()) {
    return ReportError(session.console(), Error{.reason = "OUTPUT_FAILED", .message = "the results cannot be written"});
  }
  return exit_code;
}

}  // namespace quartet::cli
