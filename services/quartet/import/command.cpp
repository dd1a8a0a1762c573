#include "services/quartet/import/command.h"

#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include "common/base/limits.h"
#include "services/lead/lead_rules.h"
#include "services/quartet/connection/session.h"
#include "services/quartet/import/client.h"
#include "services/quartet/import/region.h"
#include "services/quartet/import/report.h"
#include "services/quartet/import/run.h"
#include "services/quartet/output/error_report.h"
#include "services/quartet/output/output.h"
#include "services/quartet/output/progress.h"
#include "services/quartet/records/field_set.h"
#include "services/quartet/shell/exit_code.h"
#include "services/quartet/shell/help.h"
#include "services/quartet/values/choice.h"

namespace quartet::cli {
namespace {

struct ImportArguments {
  std::string path;
  std::string rejects_path;
  std::vector<std::string> map;
  LeadDefaults defaults;
  lead::v1::DuplicateAction on_duplicate = lead::v1::DUPLICATE_ACTION_SKIP;
  bool dry_run = false;
  Format format = Format::kTable;
};

// A file that is understood as a list of leads.
struct Input {
  CsvFile file;
  std::vector<LeadColumn> columns;
  LeadDefaults defaults;
};

Result<Input> ReadLeadFile(const ImportArguments& arguments) {
  Input input;
  QUARTET_ASSIGN_OR_RETURN(const auto text, ReadInput(arguments.path));
  auto file = ParseCsv(text);
  if (!file.ok()) return UsageError(fmt::format("{}: {}", arguments.path, file.error().message));
  input.file = std::move(file).value();
  QUARTET_ASSIGN_OR_RETURN(input.columns, RecognizeColumns(input.file.header, arguments.map));
  input.defaults = arguments.defaults;
  // Where a semicolon separates the cells, it is because the comma separates decimals.
  if (input.file.delimiter == ';') input.defaults.numbers = NumberStyle::kDecimalComma;
  if (!input.defaults.region.empty()) {
    const auto code = RegionCode(input.defaults.region);
    if (!code) return UsageError(fmt::format("--region: \"{}\" is no country", input.defaults.region));
    input.defaults.region = *code;
  }
  return input;
}

void NoteColumns(const Console& console, const Input& input) {
  std::vector<std::string> custom;
  for (const auto& column : input.columns) {
    if (column.field == LeadField::kCustom) custom.push_back(column.header);
  }
  if (!custom.empty()) {
    console.err << fmt::format("Kept as custom attributes, because no field of a lead is meant: {}.\n",
                               fmt::join(custom, ", "));
  }
  if (input.file.was_windows_1252) console.err << "The file is not UTF-8; it was read as Windows-1252.\n";
}

void NoteTotals(const Console& console, const ImportRun::Totals& totals, bool dry_run) {
  if (totals.amounts_without_currency > 0) {
    console.err << fmt::format(
        "Amounts without a currency, kept as custom attributes: {}. With --currency EUR they are estimated values.\n",
        totals.amounts_without_currency);
  }
  if (totals.unknown_countries > 0) {
    console.err << fmt::format("Countries that are not known, kept as custom attributes: {}.\n",
                               totals.unknown_countries);
  }
  if (dry_run) {
    console.err << "Checked only; nothing was changed.";
    if (totals.rows > limits::kImportRowsMax)
      console.err << fmt::format(" Duplicates among the rows were looked for in blocks of {}.", limits::kImportRowsMax);
    console.err << '\n';
  }
}

class ImportCommand {
 public:
  ImportCommand(Session& session, const ImportArguments& arguments)
      : session_(session), console_(session.console()), arguments_(arguments) {}

  int Run() {
    const auto input = ReadLeadFile(arguments_);
    if (!input.ok()) return ReportError(console_, input.error());
    // It would be overwritten with the first rejected row.
    if (arguments_.rejects_path == arguments_.path) {
      return ReportError(console_, UsageError("--rejects names the file that is imported"));
    }
    NoteColumns(console_, *input);
    session_.interrupt().BePatient("\nStopping after the rows in flight; press Ctrl-C again to give them up.\n");

    lead::v1::ImportOptions options;
    options.set_duplicate_action(arguments_.on_duplicate);
    options.set_validate_only(arguments_.dry_run);
    ImportRun run([this](const auto& with, auto leads) { return ImportLeads(session_.rpc(), with, leads); },
                  quartet::lead::CheckLead, session_.interrupt(), input->columns, input->defaults, options);
    RejectsFile rejects(RejectsPath(), input->file.header, input->file.delimiter);
    Status rejects_status;
    Progress progress(console_, arguments_.dry_run ? "Checking" : "Importing", input->file.rows.size());
    const auto status = run.Run(input->file.rows, {.on_rejected =
                                                       [&](const RejectedRow& rejected) {
                                                         progress.Message(RejectedLine(rejected));
                                                         rejected_.emplace_back(rejected.row->line, rejected.reasons);
                                                         if (rejects_status.ok())
                                                           rejects_status = rejects.Add(rejected);
                                                       },
                                                   .on_progress = [&](std::size_t done) { progress.Update(done); },
                                                   .on_left_out =
                                                       [&](const CsvRow& row, const std::vector<std::string>& values) {
                                                         progress.Message(LeftOutLine(row, values));
                                                       }});
    progress.Finish();
    if (rejects_status.ok()) rejects_status = rejects.Close();
    return Report(run.totals(), status, rejects_status, rejects);
  }

 private:
  std::string RejectsPath() const {
    if (!arguments_.rejects_path.empty()) return arguments_.rejects_path;
    return arguments_.path == "-" ? "rejects.csv" : arguments_.path + ".rejects.csv";
  }

  int Report(const ImportRun::Totals& totals, const Status& status, const Status& rejects_status,
             const RejectsFile& rejects) {
    NoteTotals(console_, totals, arguments_.dry_run);
    if (!rejects_status.ok()) {
      ReportError(console_, rejects_status.error());
    } else if (rejects.rows() > 0) {
      console_.err << fmt::format("The rejected rows are in {}; corrected, it can be imported.\n", rejects.path());
    }
    if (arguments_.format == Format::kJson) {
      console_.out << TotalsJson(totals, rejected_) << '\n';
    } else {
      console_.out << TotalsText(totals, arguments_.dry_run) << '\n';
    }
    if (!status.ok()) {
      const int exit_code = ReportError(console_, status.error());
      if (totals.left > 0 && arguments_.on_duplicate != lead::v1::DUPLICATE_ACTION_CREATE) {
        console_.err << "  Importing the file again is safe: what is there already is found as a duplicate.\n";
      }
      return exit_code;
    }
    if (totals.left > 0) return kExitInterrupted;
    return totals.rejected > 0 || !rejects_status.ok() ? kExitFailed : kExitOk;
  }

  Session& session_;
  const Console& console_;
  const ImportArguments& arguments_;
  std::vector<std::pair<std::size_t, std::vector<std::string>>> rejected_;
};

}  // namespace

void AddImportCommand(CLI::App& leads, Session& session) {
  auto* command = leads.add_subcommand("import", "Import leads from a CSV file");
  auto arguments = std::make_shared<ImportArguments>();
  SetExamples(*command,
              {"quartet lead import leads.csv", "quartet lead import leads.csv --dry-run",
               "quartet lead import fair.csv --source \"trade show\" --campaign \"Fair 2025\" --tag booth-12",
               "quartet lead import export.csv --map \"Firm=company\" --map \"Floor=custom:floor\" --currency EUR",
               "quartet lead import leads.csv --on-duplicate update"});
  command
      ->add_option("FILE", arguments->path,
                   "CSV as Salesforce, HubSpot, Dynamics or a spreadsheet write it; - for stdin")
      ->type_name("FILE")
      ->required();
  AddChoice(*command, "--on-duplicate", arguments->on_duplicate,
            {{"skip", lead::v1::DUPLICATE_ACTION_SKIP},
             {"update", lead::v1::DUPLICATE_ACTION_UPDATE},
             {"create", lead::v1::DUPLICATE_ACTION_CREATE}},
            "When a live lead has the e-mail or phone: skip the row (if not given), update the lead, create another");
  command->add_flag("--dry-run", arguments->dry_run, "Check and match everything, change nothing");
  command->add_option("--rejects", arguments->rejects_path, "Where rejected rows go; FILE.rejects.csv if not given")
      ->type_name("FILE");
  command->add_option("--map", arguments->map, "What a column is; may be repeated")
      ->type_name("COLUMN=FIELD")
      ->allow_extra_args(false);
  command->add_option("--source", arguments->defaults.source,
                      "Source of rows that name none, for instance \"trade show\"");
  command->add_option("--campaign", arguments->defaults.campaign, "Campaign of rows that name none");
  command->add_option("--owner", arguments->defaults.owner, "Owner of rows that name none");
  command->add_option("--tag", arguments->defaults.tags, "Tag of all rows; may be repeated")->allow_extra_args(false);
  command->add_option("--currency", arguments->defaults.currency, "Currency of amounts without one, for instance EUR");
  command->add_option("--region", arguments->defaults.region,
                      "Country of rows that name none; national phone numbers are read in it");
  AddOutputOption(*command, arguments->format);
  command->callback([&session, arguments] {
    session.command = [&session, arguments] { return ImportCommand(session, *arguments).Run(); };
  });
}

}  // namespace quartet::cli
