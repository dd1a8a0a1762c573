#include <algorithm>
#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "common/rpc/error_mapping.h"
#include "services/quartet/connection/session.h"
#include "services/quartet/output/error_report.h"
#include "services/quartet/output/output.h"
#include "services/quartet/output/table.h"
#include "services/quartet/qualify/commands.h"
#include "services/quartet/qualify/options.h"
#include "services/quartet/records/client.h"
#include "services/quartet/records/resource_kind.h"
#include "services/quartet/records/text.h"
#include "services/quartet/shell/exit_code.h"
#include "services/quartet/shell/help.h"
#include "services/quartet/values/text.h"

#include "quartet/qualification/v1/service.pb.h"

namespace quartet::cli {
namespace {

using namespace qualification::v1;  // NOLINT(google-build-using-namespace): the messages of one answer

struct PreviewArguments {
  std::string name;
  QualifyArguments options;
  Format format = Format::kTable;
};

// Who or what the opened record would be.
std::string PlannedSubject(const PlannedRecord& planned) {
  switch (planned.record_case()) {
    case PlannedRecord::kAccount:
      return planned.account().display_name();
    case PlannedRecord::kContact:
      return CellText(planned.contact(), "person");
    case PlannedRecord::kOpportunity:
      return fmt::format("{}  {}  {}", planned.opportunity().display_name(), CellText(planned.opportunity(), "amount"),
                         planned.opportunity().stage());
    case PlannedRecord::RECORD_NOT_SET:
      return planned.outcome().name();
  }
  return "";
}

std::string Details(const PlannedRecord& planned) {
  std::string text;
  std::string_view last;
  for (const auto& candidate : planned.candidates()) {
    text += text.empty() ? "found " : ", ";
    if (candidate.name() != last) text += candidate.name() + " by ";
    text += candidate.matched_by();
    last = candidate.name();
  }
  if (const auto& filled = planned.outcome().filled_fields(); !filled.empty()) {
    text += fmt::format("{}fills {}", text.empty() ? "" : "; ", fmt::join(filled, ", "));
  }
  return text;
}

TableRow RowOf(std::string_view what, const PlannedRecord& planned) {
  const bool attach = planned.outcome().kind() == RecordOutcome::ATTACHED;
  return {{std::string(what)},
          {attach ? "attach" : "open", attach ? Tint::kNone : Tint::kGood},
          {Printable(PlannedSubject(planned))},
          {Printable(Details(planned))}};
}

void WriteTable(const Console& console, const PreviewQualificationResponse& preview) {
  std::vector<TableRow> rows;
  if (preview.has_account()) rows.push_back(RowOf("account", preview.account()));
  if (preview.has_contact()) rows.push_back(RowOf("contact", preview.contact()));
  for (const auto& opportunity : preview.opportunities()) rows.push_back(RowOf("opportunity", opportunity));
  if (rows.empty()) return;
  PrintTable(console, {{"RECORD"}, {"WOULD"}, {"WHAT", false, 12}, {"WHY", false, 12, 1}}, rows);
}

int Run(Session& session, const PreviewArguments& arguments) {
  const auto& console = session.console();
  auto options = ToQualifyOptions(arguments.options);
  if (!options.ok()) return ReportError(console, options.error());
  PreviewQualificationRequest request;
  request.set_lead(LeadKind().FullName(arguments.name));
  *request.mutable_options() = std::move(options).value();
  PreviewQualificationResponse preview;
  if (const auto status = session.rpc().Call(request, preview); !status.ok()) {
    return ReportError(console, status.error());
  }
  if (arguments.format == Format::kTable) {
    WriteTable(console, preview);
  } else {
    WriteRecord(arguments.format, console, preview);
  }
  if (!preview.has_failure()) return kExitOk;
  console.err << "It would fail:\n";
  return ReportError(console, rpc::FromRpcStatus(preview.failure()));
}

// What the revert of one would do; the name in front where there are several.
void WriteRevertTable(const Console& console, const qualification::v1::PreviewRevertResponse& preview) {
  std::vector<TableRow> rows;
  for (const RecordOutcome& record : preview.records()) {
    const bool removed = record.kind() == RecordOutcome::REMOVED;
    const bool is_lead = record.name().starts_with("leads/");
    rows.push_back({{record.name()},
                    {removed   ? "be removed"
                     : is_lead ? "be open again"
                               : "be as before",
                     removed ? Tint::kBad : Tint::kNone},
                    {fmt::format("{}", fmt::join(record.cleared_fields(), ", "))}});
  }
  if (!rows.empty()) PrintTable(console, {{"RECORD"}, {"WOULD"}, {"FIELDS", false, 12, 1}}, rows);
}

}  // namespace

int PreviewReverts(Session& session, const std::vector<std::string>& names, Format format) {
  const auto& console = session.console();
  int exit_code = kExitOk;
  for (const std::string& name : ResolveNames(QualificationKind(), names)) {
    qualification::v1::PreviewRevertRequest request;
    request.set_name(name);
    qualification::v1::PreviewRevertResponse preview;
    if (const auto status = session.rpc().Call(request, preview); !status.ok()) {
      exit_code = std::max(exit_code, ReportError(console, status.error()));
      if (exit_code >= kExitUnreachable) return exit_code;
      continue;
    }
    if (format == Format::kTable)
      WriteRevertTable(console, preview);
    else
      WriteRecord(format, console, preview);
    if (!preview.has_failure()) continue;
    console.err << "It would fail:\n";
    exit_code = std::max(exit_code, ReportError(console, rpc::FromRpcStatus(preview.failure())));
  }
  return exit_code;
}

void AddPreviewCommand(CLI::App& qualifications, Session& session) {
  auto* command = qualifications.add_subcommand("preview", "Show what qualifying a lead would do; changes nothing");
  auto arguments = std::make_shared<PreviewArguments>();
  SetExamples(*command, {"quartet qualification preview leads/…",
                         "quartet qualification preview leads/… --on-duplicate refuse -o json"});
  command->add_option("LEAD", arguments->name, "Name or id of the lead")->required();
  AddQualifyOptions(*command, arguments->options);
  AddOutputOption(*command, arguments->format);
  command->callback(
      [&session, arguments] { session.command = [&session, arguments] { return Run(session, *arguments); }; });
}

}  // namespace quartet::cli
