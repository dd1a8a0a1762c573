#include <algorithm>
#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/field_mask_util.h>

#include "services/quartet/connection/session.h"
#include "services/quartet/output/error_report.h"
#include "services/quartet/records/client.h"
#include "services/quartet/records/commands.h"
#include "services/quartet/records/field_set.h"
#include "services/quartet/records/resource_kind.h"
#include "services/quartet/shell/exit_code.h"
#include "services/quartet/shell/help.h"

namespace quartet::cli {
namespace {

using google::protobuf::Message;

struct WriteArguments {
  std::string name;
  std::string json_path;
  std::vector<std::string> assignments;
  std::string etag;
  bool validate_only = false;
  Format format = Format::kTable;
};

// What is to be written: one record from the assignments alone, or those of the JSON with the assignments on top.
Result<std::vector<JsonRecord>> Drafts(const ResourceKind& kind, const WriteArguments& arguments) {
  std::vector<JsonRecord> drafts;
  if (!arguments.json_path.empty()) {
    QUARTET_ASSIGN_OR_RETURN(const auto json, ReadInput(arguments.json_path));
    QUARTET_ASSIGN_OR_RETURN(drafts, ParseRecords(json, kind.record));
  } else if (!arguments.assignments.empty()) {
    drafts.push_back({kind.NewRecord(), {}});
  } else {
    return UsageError("nothing to write; give --set FIELD=VALUE or --json FILE");
  }
  return drafts;
}

// Applies all assignments; all mistakes are named at once.
Status ApplyAssignments(const WriteArguments& arguments, JsonRecord& draft) {
  Error mistakes = UsageError("some fields cannot be set:");
  for (const auto& assignment : arguments.assignments) {
    auto field = SetField(*draft.record, assignment);
    if (!field.ok()) {
      const auto& violations = field.error().violations;
      mistakes.violations.insert(mistakes.violations.end(), violations.begin(), violations.end());
    } else if (std::find(draft.fields.begin(), draft.fields.end(), *field) == draft.fields.end()) {
      draft.fields.push_back(std::move(field).value());
    }
  }
  if (mistakes.violations.empty()) return {};
  return mistakes;
}

std::unique_ptr<Message> NewWriteRequest(const ResourceKind& kind, std::string_view verb, const Message& record,
                                         bool validate_only) {
  auto request = kind.NewMessage(fmt::format("{}{}Request", verb, kind.type));
  MutableChild(*request, kind.singular).CopyFrom(record);
  if (validate_only) {
    request->GetReflection()->SetBool(request.get(), request->GetDescriptor()->FindFieldByName("validate_only"), true);
  }
  return request;
}

Result<std::unique_ptr<Message>> Create(Session& session, const ResourceKind& kind, const WriteArguments& arguments,
                                        JsonRecord draft) {
  QUARTET_RETURN_IF_ERROR(ApplyAssignments(arguments, draft));
  const auto request = NewWriteRequest(kind, "Create", *draft.record, arguments.validate_only);
  SetText(*request, "request_id", session.ids().NewUuid());
  auto created = kind.NewRecord();
  QUARTET_RETURN_IF_ERROR(session.rpc().Call(*request, *created));
  return created;
}

Result<std::unique_ptr<Message>> Update(Session& session, const ResourceKind& kind, const WriteArguments& arguments,
                                        JsonRecord draft) {
  if (!arguments.name.empty()) SetText(*draft.record, "name", kind.FullName(arguments.name));
  const std::string name = GetText(*draft.record, "name");
  if (name.empty()) return UsageError("which one? give a NAME, or JSON with a \"name\"");
  if (!arguments.etag.empty()) SetText(*draft.record, "etag", arguments.etag);

  // A part of a field is changed in what is stored, and only if that is still so when it is written.
  const auto is_partial = [&](const std::string& assignment) { return SetsPartOfField(kind.record, assignment); };
  if (std::any_of(arguments.assignments.begin(), arguments.assignments.end(), is_partial)) {
    QUARTET_ASSIGN_OR_RETURN(const auto stored, GetRecord(session.rpc(), kind, name));
    const std::string etag = GetText(*draft.record, "etag");
    if (!etag.empty()) SetText(*stored, "etag", etag);
    google::protobuf::FieldMask given;
    for (const auto& field : draft.fields) given.add_paths(field);
    google::protobuf::util::FieldMaskUtil::MergeOptions replace;
    replace.set_replace_message_fields(true);
    replace.set_replace_repeated_fields(true);
    google::protobuf::util::FieldMaskUtil::MergeMessageTo(*draft.record, given, replace, stored.get());
    draft.record->CopyFrom(*stored);
  }
  QUARTET_RETURN_IF_ERROR(ApplyAssignments(arguments, draft));
  if (draft.fields.empty()) return UsageError("the JSON names no field that can be changed");

  const auto request = NewWriteRequest(kind, "Update", *draft.record, arguments.validate_only);
  auto& mask = static_cast<google::protobuf::FieldMask&>(MutableChild(*request, "update_mask"));
  for (const auto& field : draft.fields) mask.add_paths(field);
  auto updated = kind.NewRecord();
  QUARTET_RETURN_IF_ERROR(session.rpc().Call(*request, *updated));
  return updated;
}

int RunWrite(Session& session, const ResourceKind& kind, const WriteArguments& arguments, bool create) {
  const auto& console = session.console();
  auto drafts = Drafts(kind, arguments);
  if (!drafts.ok()) return ReportError(console, drafts.error());
  if (drafts->size() > 1 && !arguments.name.empty()) {
    return ReportError(console, UsageError("a NAME fits only one record; the JSON has several"));
  }
  const bool as_card = drafts->size() == 1 && arguments.format == Format::kTable;
  const auto writer = MakeRecordWriter(arguments.format, console, kind.record, kind.columns, std::string(kind.plural));
  int exit_code = kExitOk;
  bool any = false;
  for (auto& draft : *drafts) {
    const auto written = create ? Create(session, kind, arguments, std::move(draft))
                                : Update(session, kind, arguments, std::move(draft));
    if (!written.ok()) {
      exit_code = std::max(exit_code, ReportError(console, written.error()));
      if (exit_code >= kExitUnreachable) break;
      continue;
    }
    any = true;
    if (as_card) {
      WriteRecord(arguments.format, console, **written);
    } else {
      writer->Add(**written);
    }
  }
  if (any && !as_card) writer->End();
  if (any && arguments.validate_only) console.err << "Checked only; nothing was changed.\n";
  return exit_code;
}

void AddWrite(CLI::App& group, const ResourceKind& kind, Session& session, bool create) {
  auto arguments = std::make_shared<WriteArguments>();
  CLI::App* command = nullptr;
  if (create) {
    command = group.add_subcommand("create", fmt::format("Create {}", kind.plural));
    SetExamples(*command, {fmt::format("quartet {} create {}", kind.singular, kind.create_example),
                           fmt::format("quartet {} create --json new.json", kind.singular)});
  } else {
    command = group.add_subcommand("update", fmt::format("Change fields of {}", kind.plural));
    SetExamples(
        *command,
        {fmt::format("quartet {} update {}/… --set owner=jane --set tags=vip,fair", kind.singular, kind.plural),
         fmt::format("quartet {} update {}/… --set notes=            (clears the field)", kind.singular, kind.plural),
         fmt::format("quartet {} update --json changed.json", kind.singular)});
    command->add_option("NAME", arguments->name, "Name or id; the JSON's \"name\" if not given");
    command->add_option("--etag", arguments->etag, "Only if the record still has this etag");
  }
  command->add_option("--set", arguments->assignments, "FIELD=VALUE; may be repeated; see the README for the names")
      ->type_name("FIELD=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--json", arguments->json_path, "Record, or array of them, as `get -o json` shows it; - for stdin")
      ->type_name("FILE");
  command->add_flag("--dry-run", arguments->validate_only, "Check everything, change nothing");
  AddOutputOption(*command, arguments->format);
  command->callback([&kind, &session, arguments, create] {
    session.command = [&kind, &session, arguments, create] { return RunWrite(session, kind, *arguments, create); };
  });
}

}  // namespace

void AddChangeCommands(CLI::App& group, const ResourceKind& kind, Session& session) {
  AddWrite(group, kind, session, true);
  AddWrite(group, kind, session, false);
}

}  // namespace quartet::cli
