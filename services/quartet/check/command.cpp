#include "services/quartet/check/command.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "services/quartet/check/checker.h"
#include "services/quartet/check/report.h"
#include "services/quartet/connection/session.h"
#include "services/quartet/output/error_report.h"
#include "services/quartet/output/output.h"
#include "services/quartet/shell/exit_code.h"
#include "services/quartet/shell/help.h"

namespace quartet::cli {
namespace {

struct Arguments {
  std::string service;  // empty: every one
  int grace_s = 300;
  bool repair = false;
  Format format = Format::kTable;
};

// How far it is: on a terminal one line that is written anew; elsewhere a line now and then.
class CheckProgress {
 public:
  explicit CheckProgress(const Console& console) : console_(console) {}

  void Update(const std::string& what, const CheckTotals& totals) {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> time = now - begin_;
    const auto pause = console_.err_is_terminal ? kTerminalPause : kLogPause;
    if (now - shown_ < pause) return;
    shown_ = now;
    const std::string line = fmt::format("Checking {}: {} so far, {:.0f}/s", what, totals.all(),
                                         static_cast<double>(totals.all()) / std::max(time.count(), 0.001));
    if (console_.err_is_terminal)
      console_.err << kClearLine << line << std::flush;
    else
      console_.err << line << '\n';
  }

  std::chrono::duration<double> Finish() {
    if (console_.err_is_terminal) console_.err << kClearLine << std::flush;
    return std::chrono::steady_clock::now() - begin_;
  }

 private:
  static constexpr std::chrono::milliseconds kTerminalPause{100};
  static constexpr std::chrono::milliseconds kLogPause{10'000};
  static constexpr std::string_view kClearLine = "\r\x1b[2K";

  const Console& console_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point shown_ = begin_;
};

int Run(Session& session, const Arguments& arguments) {
  CheckOptions options{.only = std::nullopt, .grace = std::chrono::seconds(arguments.grace_s)};
  options.repair = arguments.repair;
  for (const Service service : kServices) {
    if (arguments.service == ServiceName(service)) options.only = service;
  }
  SuiteInspections inspections(session.rpc());
  CheckProgress progress(session.console());
  Checker checker(inspections, options,
                  [&progress](const std::string& what, const CheckTotals& totals) { progress.Update(what, totals); });
  const Status status = checker.Run();
  const auto time = progress.Finish();
  if (!status.ok()) {
    // What was found until then is no complete answer, but it is true.
    if (!checker.findings().empty()) WriteFindings(session.console(), arguments.format, checker.findings());
    return ReportError(session.console(), status.error());
  }
  WriteFindings(session.console(), arguments.format, checker.findings());
  session.console().err << Summary(checker, time) << '\n';
  const bool is_wrong = checker.left_out() > 0 || std::ranges::any_of(checker.findings(), [](const Finding& finding) {
                          return !IsNotice(finding.kind) && finding.repair != Finding::Repair::kDone;
                        });
  return is_wrong ? kExitFailed : kExitOk;
}

}  // namespace

void AddCheckCommand(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand("check", "Compare what lies in the five databases, and say what is wrong");
  command->description(
      "Compares what lies in the databases of the five services while they run: every cross reference both ways, "
      "every\n"
      "identity, intent, participation and decision; and tells which database was restored to another moment than the\n"
      "others. What is merely in flight is not reported. Exit code 0: nothing is wrong (any more), 1: something is.");
  auto arguments = std::make_shared<Arguments>();
  SetExamples(*command, {"quartet check                                  is anything wrong?",
                         "quartet check --repair                         and carry out decisions that were not",
                         "quartet check --service contact --output json"});
  command->add_option("--service", arguments->service, "Walk this one's database alone, and look up the others")
      ->check(CLI::IsMember({"lead", "contact", "account", "opportunity", "qualification"}));
  command
      ->add_option("--grace", arguments->grace_s,
                   "What is decided or begun may take so many seconds before it is reported")
      ->check(CLI::Range(0, 86'400))
      ->capture_default_str();
  command->add_flag("--repair", arguments->repair,
                    "Have services carry out and acknowledge decisions that they have not; nothing else is touched");
  AddOutputOption(*command, arguments->format);
  command->callback(
      [&session, arguments] { session.command = [&session, arguments] { return Run(session, *arguments); }; });
}

}  // namespace quartet::cli
