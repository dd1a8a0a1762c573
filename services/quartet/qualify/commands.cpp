#include "services/quartet/qualify/commands.h"

#include <memory>
#include <ostream>
#include <set>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "services/quartet/connection/session.h"
#include "services/quartet/output/error_report.h"
#include "services/quartet/output/output.h"
#include "services/quartet/output/progress.h"
#include "services/quartet/qualify/options.h"
#include "services/quartet/qualify/run.h"
#include "services/quartet/records/client.h"
#include "services/quartet/records/resource_kind.h"
#include "services/quartet/shell/exit_code.h"
#include "services/quartet/shell/help.h"

#include "quartet/lead/v1/service.pb.h"

namespace quartet::cli {
namespace {

using lead::v1::Lead;
using qualification::v1::Qualification;

// Up to so many leads, the table shows what became of each.
constexpr std::size_t kLeadsShownMax = 20;

struct QualifyCommandArguments {
  std::vector<std::string> names;
  std::string filter;
  bool all = false;
  std::string request_id;
  QualifyArguments options;
  Format format = Format::kTable;
};

// The leads to qualify, and those that need nothing or, of a filter, allow nothing.
struct Selection {
  std::vector<std::string> leads;
  std::vector<Lead> already;  // qualified
  std::size_t disqualified = 0;
};

// Leads by name. One that is qualified already is found by reading it: a second run shall not even leave a trace. What
// cannot be read (one of the names is wrong, say) is left to the qualification, which tells for each lead why.
Selection SelectByName(Session& session, const std::vector<std::string>& given) {
  constexpr std::size_t kNamesMax = 1000;
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (auto& name : ResolveNames(LeadKind(), given)) {
    if (seen.insert(name).second) names.push_back(std::move(name));
  }
  Selection selection;
  for (std::size_t begin = 0; begin < names.size(); begin += kNamesMax) {
    const std::size_t end = std::min(begin + kNamesMax, names.size());
    lead::v1::BatchGetLeadsRequest request;
    for (std::size_t i = begin; i < end; ++i) request.add_names(names[i]);
    lead::v1::BatchGetLeadsResponse response;
    const bool is_known = session.rpc().Call(request, response).ok();
    for (std::size_t i = begin; i < end; ++i) {
      const int position = static_cast<int>(i - begin);
      if (is_known && position < response.leads_size() && response.leads(position).state() == Lead::STATE_QUALIFIED) {
        selection.already.push_back(std::move(*response.mutable_leads(position)));
      } else {
        selection.leads.push_back(std::move(names[i]));
      }
    }
  }
  return selection;
}

Result<Selection> Select(Session& session, const QualifyCommandArguments& arguments) {
  if (!arguments.names.empty()) return SelectByName(session, arguments.names);
  Selection selection;
  QUARTET_RETURN_IF_ERROR(ForEachRecord(session.rpc(), LeadKind(), {.filter = arguments.filter, .page_size = 1000},
                                        [&selection](const google::protobuf::Message& record) {
                                          const auto& lead = static_cast<const Lead&>(record);
                                          if (lead.state() == Lead::STATE_OPEN) {
                                            selection.leads.push_back(lead.name());
                                          } else if (lead.state() == Lead::STATE_QUALIFIED) {
                                            selection.already.emplace_back();
                                          } else {
                                            ++selection.disqualified;
                                          }
                                        }));
  return selection;
}

// Where those went that were named although they are qualified.
void NoteAlreadyQualified(const Console& console, const Selection& selection) {
  if (selection.already.size() > kLeadsShownMax) return;
  for (const auto& lead : selection.already) {
    if (lead.name().empty()) continue;  // of a filter
    console.err << fmt::format(
        "{} is qualified already: {}{}{}{}\n", lead.name(), lead.contact(), lead.account().empty() ? "" : ", ",
        lead.account(), lead.opportunities().empty() ? "" : fmt::format(", {}", fmt::join(lead.opportunities(), ", ")));
  }
}

std::string QualifiedTotalsText(const QualifyRun::Totals& totals, const Selection& selection) {
  const std::size_t leads = totals.leads + selection.already.size() + selection.disqualified;
  std::string text = fmt::format("{} lead{}: {} qualified", leads, leads == 1 ? "" : "s", totals.qualified);
  const auto add = [&text](std::size_t count, std::string_view what) {
    if (count > 0) text += fmt::format(", {} {}", count, what);
  };
  add(totals.already + selection.already.size(), "already qualified");
  add(selection.disqualified, "disqualified and left alone");
  add(totals.failed, "failed");
  add(totals.left, "not done");
  text += ".\n";
  if (totals.qualified == 0) return text;
  return text + fmt::format(
                    "Contacts: {} opened, {} attached.  Accounts: {} opened, {} attached.  Opportunities: {} opened.\n",
                    totals.contacts_opened, totals.contacts_attached, totals.accounts_opened, totals.accounts_attached,
                    totals.opportunities_opened);
}

int RunQualify(Session& session, const QualifyCommandArguments& arguments) {
  const auto& console = session.console();
  const int ways = !arguments.names.empty() + !arguments.filter.empty() + arguments.all;
  if (ways != 1) return ReportError(console, UsageError("which leads? give NAMEs, or --filter, or --all"));
  const auto options = ToQualifyOptions(arguments.options);
  if (!options.ok()) return ReportError(console, options.error());
  const auto selection = Select(session, arguments);
  if (!selection.ok()) return ReportError(console, selection.error());

  NoteAlreadyQualified(console, *selection);

  session.interrupt().BePatient("\nStopping after the leads in flight; press Ctrl-C again to give them up.\n");
  const auto call = [&session](const qualification::v1::BatchQualifyLeadsRequest& request)
      -> Result<qualification::v1::BatchQualifyLeadsResponse> {
    qualification::v1::BatchQualifyLeadsResponse response;
    QUARTET_RETURN_IF_ERROR(session.rpc().Call(request, response));
    return response;
  };
  QualifyRun run(
      call, [&session](auto pause) { return session.interrupt().WaitFor(pause); },
      arguments.request_id.empty() ? session.ids().NewUuid() : arguments.request_id, *options);

  const bool shows_records = arguments.format != Format::kTable || selection->leads.size() <= kLeadsShownMax;
  const auto writer = MakeRecordWriter(arguments.format, console, Qualification::default_instance(),
                                       {{"LEAD", "lead"},
                                        {"CONTACT", "contact"},
                                        {"ACCOUNT", "account", false, 0, 1},
                                        {"OPPORTUNITY", "opportunities", false, 0, 2}},
                                       "leads to qualify");
  Progress progress(console, "Qualifying", selection->leads.size());
  const auto status = run.Run(selection->leads, {.on_qualified =
                                                     [&](const Qualification& qualification) {
                                                       if (shows_records) writer->Add(qualification);
                                                     },
                                                 .on_failed =
                                                     [&](const std::string& lead, const Error& error) {
                                                       progress.Message(fmt::format("{}: {}", lead, ErrorLine(error)));
                                                     },
                                                 .on_progress = [&](std::size_t done) { progress.Update(done); }});
  progress.Finish();
  if (arguments.format != Format::kTable || (shows_records && run.totals().qualified > 0)) writer->End();
  (arguments.format == Format::kTable ? console.out : console.err) << QualifiedTotalsText(run.totals(), *selection);
  if (!status.ok()) return ReportError(console, status.error());
  if (session.interrupt().StopRequested()) return kExitInterrupted;
  return run.totals().failed > 0 ? kExitFailed : kExitOk;
}

}  // namespace

void AddQualifyCommand(CLI::App& leads, Session& session) {
  auto* command = leads.add_subcommand("qualify", "Turn open leads into contacts, accounts and opportunities");
  auto arguments = std::make_shared<QualifyCommandArguments>();
  SetExamples(*command, {"quartet lead qualify leads/…",
                         "quartet lead qualify --filter 'source = \"TRADE_SHOW\" AND owner = \"jane\"'",
                         "quartet lead qualify leads/… --amount \"12000 EUR\" --close-date 2025-09-30 --stage PROPOSE",
                         "quartet lead qualify --all --on-duplicate refuse"});
  auto* names = command->add_option("NAME", arguments->names, "Names or ids; - reads them from standard input");
  auto* filter =
      command->add_option("--filter", arguments->filter, "All open leads that match, as in `quartet lead list`");
  auto* all = command->add_flag("--all", arguments->all, "All open leads");
  names->excludes(filter)->excludes(all);
  filter->excludes(all);
  command->add_option("--request-id", arguments->request_id,
                      "Makes this run idempotent across processes: the same id gives the same outcomes again");
  AddQualifyOptions(*command, arguments->options);
  AddOutputOption(*command, arguments->format);
  command->callback(
      [&session, arguments] { session.command = [&session, arguments] { return RunQualify(session, *arguments); }; });
}

}  // namespace quartet::cli
