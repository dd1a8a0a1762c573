#include "services/quartet/records/transition_commands.h"

#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "services/quartet/connection/session.h"
#include "services/quartet/output/error_report.h"
#include "services/quartet/qualify/commands.h"
#include "services/quartet/records/client.h"
#include "services/quartet/records/commands.h"
#include "services/quartet/records/resource_kind.h"
#include "services/quartet/shell/help.h"
#include "services/quartet/values/values.h"

#include "quartet/lead/v1/service.pb.h"
#include "quartet/opportunity/v1/service.pb.h"
#include "quartet/qualification/v1/service.pb.h"

namespace quartet::cli {
namespace {

using lead::v1::Lead;
using opportunity::v1::Opportunity;

struct TransitionArguments {
  std::vector<std::string> names;
  std::string reason;
  std::string note;
  std::string stage;
  std::string etag;
  Format format = Format::kTable;
};

using ArgumentsPtr = std::shared_ptr<TransitionArguments>;

// A command over names; `complete` makes the request of it, whose name and etag are filled in here. What it runs.
template <typename Request>
std::function<int()> AddTransition(CLI::App& command, const ResourceKind& kind, Session& session,
                                   const ArgumentsPtr& arguments, std::string done,
                                   std::function<Result<Request>()> complete) {
  command.add_option("NAME", arguments->names, "Names or ids; - reads them from standard input")->required();
  if constexpr (requires(Request request) { request.set_etag(""); }) {
    command.add_option("--etag", arguments->etag, "Only if the record still has this etag");
  }
  AddOutputOption(command, arguments->format);
  const auto run = [&kind, &session, arguments, done, complete] {
    const auto request = complete();
    if (!request.ok()) return ReportError(session.console(), request.error());
    return ForEachName(session, kind, arguments->names, arguments->format, done, [&](const std::string& name) {
      auto copy = std::make_unique<Request>(*request);
      copy->set_name(name);
      if constexpr (requires { copy->set_etag(""); }) copy->set_etag(arguments->etag);
      if constexpr (requires { copy->set_request_id(""); }) copy->set_request_id(session.ids().NewUuid());
      return copy;
    });
  };
  command.callback([&session, run] { session.command = run; });
  return run;
}

// The reason of a lead that `text` names. Errors: a usage error that lists them.
Result<Lead::Reason> ParseReason(const std::string& text) {
  const auto number = ParseEnum(*Lead::Reason_descriptor(), text);
  if (!number.ok()) return UsageError("--reason: " + number.error().violations.front().description);
  return static_cast<Lead::Reason>(*number);
}

void AddClosing(CLI::App& group, Session& session, std::string name, Opportunity::State outcome) {
  auto arguments = std::make_shared<TransitionArguments>();
  const bool won = outcome == Opportunity::STATE_WON;
  auto* command = group.add_subcommand(name, fmt::format("Close opportunities as {}", won ? "won" : "lost"));
  SetExamples(*command, {fmt::format("quartet opportunity {} opportunities/… --reason \"{}\"", name,
                                     won ? "order 4711" : "bought elsewhere")});
  command->add_option("--reason", arguments->reason, "Why; at most 2,000 characters")->required();
  AddTransition<opportunity::v1::CloseOpportunityRequest>(
      *command, OpportunityKind(), session, arguments, won ? "is won" : "is lost",
      [arguments, outcome]() -> Result<opportunity::v1::CloseOpportunityRequest> {
        opportunity::v1::CloseOpportunityRequest request;
        request.set_outcome(outcome);
        request.set_reason(arguments->reason);
        return request;
      });
}

}  // namespace

void AddLeadTransitions(CLI::App& group, Session& session) {
  auto disqualify = std::make_shared<TransitionArguments>();
  auto* command = group.add_subcommand("disqualify", "Close leads without business");
  SetExamples(*command, {"quartet lead disqualify leads/… --reason lost --note \"chose a competitor\""});
  command->add_option("--reason", disqualify->reason, "Why they are closed")
      ->type_name("{lost,cannot-contact,no-longer-interested,canceled,duplicate}")
      ->required();
  command->add_option("--note", disqualify->note, "What to remember; at most 2,000 characters");
  AddTransition<lead::v1::DisqualifyLeadRequest>(*command, LeadKind(), session, disqualify, "is disqualified",
                                                 [disqualify]() -> Result<lead::v1::DisqualifyLeadRequest> {
                                                   lead::v1::DisqualifyLeadRequest request;
                                                   QUARTET_ASSIGN_OR_RETURN(const auto reason,
                                                                            ParseReason(disqualify->reason));
                                                   request.set_reason(reason);
                                                   request.set_note(disqualify->note);
                                                   return request;
                                                 });

  auto reactivate = std::make_shared<TransitionArguments>();
  command = group.add_subcommand("reactivate", "Open disqualified leads again");
  SetExamples(*command, {"quartet lead reactivate leads/… --reason nurturing"});
  command->add_option("--reason", reactivate->reason, "Why they are open; contacted if not given")
      ->type_name("{new,contacted,nurturing}");
  AddTransition<lead::v1::ReactivateLeadRequest>(*command, LeadKind(), session, reactivate, "is open again",
                                                 [reactivate]() -> Result<lead::v1::ReactivateLeadRequest> {
                                                   lead::v1::ReactivateLeadRequest request;
                                                   if (reactivate->reason.empty()) return request;
                                                   QUARTET_ASSIGN_OR_RETURN(const auto reason,
                                                                            ParseReason(reactivate->reason));
                                                   request.set_reason(reason);
                                                   return request;
                                                 });
}

void AddOpportunityTransitions(CLI::App& group, Session& session) {
  auto move = std::make_shared<TransitionArguments>();
  auto* command = group.add_subcommand("move", "Move opportunities to another stage of the pipeline");
  SetExamples(*command, {"quartet opportunity move opportunities/… --stage PROPOSE"});
  command->add_option("--stage", move->stage, "Stage of the pipeline; `quartet pipeline` shows them")->required();
  AddTransition<opportunity::v1::MoveOpportunityStageRequest>(
      *command, OpportunityKind(), session, move, "is moved",
      [move]() -> Result<opportunity::v1::MoveOpportunityStageRequest> {
        opportunity::v1::MoveOpportunityStageRequest request;
        request.set_stage(move->stage);
        return request;
      });

  AddClosing(group, session, "win", Opportunity::STATE_WON);
  AddClosing(group, session, "lose", Opportunity::STATE_LOST);

  auto reopen = std::make_shared<TransitionArguments>();
  command = group.add_subcommand("reopen", "Open closed opportunities again");
  SetExamples(*command, {"quartet opportunity reopen opportunities/…"});
  AddTransition<opportunity::v1::ReopenOpportunityRequest>(*command, OpportunityKind(), session, reopen,
                                                           "is open again",
                                                           []() -> Result<opportunity::v1::ReopenOpportunityRequest> {
                                                             return opportunity::v1::ReopenOpportunityRequest();
                                                           });
}

void AddQualificationTransitions(CLI::App& group, Session& session) {
  using qualification::v1::CancelQualificationRequest;
  using qualification::v1::RevertQualificationRequest;
  auto* command = group.add_subcommand("cancel", "Give up qualifications that are not decided");
  SetExamples(*command, {"quartet qualification cancel qualifications/…"});
  AddTransition<CancelQualificationRequest>(
      *command, QualificationKind(), session, std::make_shared<TransitionArguments>(), "is canceled",
      []() -> Result<CancelQualificationRequest> { return CancelQualificationRequest(); });

  command = group.add_subcommand("revert", "Take committed qualifications back: the leads are open again");
  SetExamples(*command, {"quartet qualification revert qualifications/…",
                         "quartet qualification revert qualifications/… --dry-run"});
  auto revert = std::make_shared<TransitionArguments>();
  auto dry_run = std::make_shared<bool>(false);
  const auto run = AddTransition<RevertQualificationRequest>(
      *command, QualificationKind(), session, revert, "is reverted",
      []() -> Result<RevertQualificationRequest> { return RevertQualificationRequest(); });
  command->add_flag("--dry-run", *dry_run, "Only show what would be removed and what would be as it was before");
  command->callback([&session, revert, dry_run, run] {
    session.command = [&session, revert, dry_run, run] {
      return *dry_run ? PreviewReverts(session, revert->names, revert->format) : run();
    };
  });
}

}  // namespace quartet::cli
