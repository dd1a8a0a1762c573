#include "services/quartet/records/commands.h"

#include <ostream>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <google/protobuf/message.h>

#include "services/quartet/connection/session.h"
#include "services/quartet/output/error_report.h"
#include "services/quartet/records/client.h"
#include "services/quartet/records/resource_kind.h"
#include "services/quartet/shell/exit_code.h"
#include "services/quartet/shell/help.h"

namespace quartet::cli {
namespace {

using google::protobuf::Message;

struct ListArguments {
  ListQuery query;
  Format format = Format::kTable;
};

struct NameArguments {
  std::vector<std::string> names;
  std::string etag;
  Format format = Format::kTable;
};

// Of qualifications that are stuck: what is the matter with them.
std::vector<RecordColumn> StuckColumns() {
  return {{"ID", "name"},
          {"LEAD", "lead", false, 0, 3},
          {"STATE", "state"},
          {"TRIES", "tries", true},
          {"AWAITING", "awaiting", false, 10},
          {"HELD BY", "waits_for", false, 0, 1},
          {"ERROR", "last_error", false, 10, 2},
          {"CREATED", "create_time", false, 0, 4}};
}

int RunList(Session& session, const ResourceKind& kind, const ListArguments& arguments) {
  const bool stuck = arguments.query.stuck;
  const auto writer =
      MakeRecordWriter(arguments.format, session.console(), kind.record, stuck ? StuckColumns() : kind.columns,
                       fmt::format("{}{}", stuck ? "stuck " : "", kind.plural));
  const auto status =
      ForEachRecord(session.rpc(), kind, arguments.query, [&writer](const Message& record) { writer->Add(record); });
  if (!status.ok()) return ReportError(session.console(), status.error());
  writer->End();
  return kExitOk;
}

int RunGet(Session& session, const ResourceKind& kind, const NameArguments& arguments) {
  const auto names = ResolveNames(kind, arguments.names);
  const bool as_card = names.size() == 1 && arguments.format == Format::kTable;
  const auto writer =
      MakeRecordWriter(arguments.format, session.console(), kind.record, kind.columns, std::string(kind.plural));
  int exit_code = kExitOk;
  bool any = false;
  for (const auto& name : names) {
    const auto record = GetRecord(session.rpc(), kind, name);
    if (!record.ok()) {
      exit_code = std::max(exit_code, ReportError(session.console(), record.error()));
      if (exit_code >= kExitUnreachable) return exit_code;
      continue;
    }
    any = true;
    if (as_card) {
      WriteRecord(arguments.format, session.console(), **record);
    } else {
      writer->Add(**record);
    }
  }
  if (!as_card && any) writer->End();
  return exit_code;
}

void AddDeletion(CLI::App& group, const ResourceKind& kind, Session& session, bool undelete) {
  auto* command = group.add_subcommand(undelete ? "undelete" : "delete",
                                       undelete ? fmt::format("Take the deletion of {} back", kind.plural)
                                                : fmt::format("Delete {}; they can be undeleted", kind.plural));
  auto arguments = std::make_shared<NameArguments>();
  SetExamples(*command, {fmt::format("quartet {} {} {}/…", kind.singular, command->get_name(), kind.plural)});
  command->add_option("NAME", arguments->names, "Names or ids; - reads them from standard input")->required();
  if (!undelete) command->add_option("--etag", arguments->etag, "Only if the record still has this etag");
  auto force = std::make_shared<bool>(false);
  const bool may_be_used =
      kind.NewMessage(fmt::format("Delete{}Request", kind.type))->GetDescriptor()->FindFieldByName("force") != nullptr;
  if (!undelete && may_be_used) command->add_flag("--force", *force, "Though other records name it");
  AddOutputOption(*command, arguments->format);
  command->callback([&kind, &session, arguments, force, undelete] {
    session.command = [&kind, &session, arguments, force, undelete] {
      return ForEachName(session, kind, arguments->names, arguments->format, undelete ? "is back" : "is deleted",
                         [&](const std::string& name) {
                           auto request =
                               kind.NewMessage(fmt::format("{}{}Request", undelete ? "Undelete" : "Delete", kind.type));
                           SetText(*request, "name", name);
                           if (!arguments->etag.empty()) SetText(*request, "etag", arguments->etag);
                           if (*force)
                             request->GetReflection()->SetBool(
                                 request.get(), request->GetDescriptor()->FindFieldByName("force"), true);
                           return request;
                         });
    };
  });
}

}  // namespace

int ForEachName(Session& session, const ResourceKind& kind, const std::vector<std::string>& names, Format format,
                std::string_view done,
                const std::function<std::unique_ptr<Message>(const std::string& name)>& make_request) {
  const auto& console = session.console();
  const auto writer = MakeRecordWriter(format, console, kind.record, kind.columns, std::string(kind.plural));
  int exit_code = kExitOk;
  bool any = false;
  for (const auto& name : ResolveNames(kind, names)) {
    const auto request = make_request(name);
    const auto record = kind.NewRecord();
    if (const auto status = session.rpc().Call(*request, *record); !status.ok()) {
      // Most messages name the record themselves.
      if (status.error().message.find(name) == std::string::npos) console.err << name << ":\n";
      exit_code = std::max(exit_code, ReportError(console, status.error()));
      if (exit_code >= kExitUnreachable) break;
      continue;
    }
    any = true;
    console.err << fmt::format("{} {}.\n", name, done);
    if (format != Format::kTable) writer->Add(*record);
  }
  if (any && format != Format::kTable) writer->End();
  return exit_code;
}

void AddReadCommands(CLI::App& group, const ResourceKind& kind, Session& session) {
  const bool is_process = kind.service == Service::kQualification;
  auto* list = group.add_subcommand("list", fmt::format("List {}, oldest first", kind.plural));
  auto query = std::make_shared<ListArguments>();
  SetExamples(*list, {fmt::format("quartet {} list --order-by 'create_time desc' --limit 20", kind.singular),
                      fmt::format("quartet {} list --filter 'create_time >= \"2025-01-01T00:00:00Z\"' -o csv > {}.csv",
                                  kind.singular, kind.plural)});
  list->add_option("--filter", query->query.filter,
                   fmt::format("Only these: FIELD = \"value\" AND …; fields: {}", kind.filter_fields));
  list->add_option("--order-by", query->query.order_by, "create_time, or \"create_time desc\" for the newest first");
  list->add_option("--page-size", query->query.page_size, "How many are asked for at a time")
      ->check(CLI::Range(1, 1000).description(""));
  list->add_option("--limit", query->query.limit, "How many at most; all if not given")
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1'000'000'000}).description(""));
  if (is_process) {
    list->add_flag(
        "--stuck", query->query.stuck,
        "Only those that do not move, and what they wait for: begun more than 30 seconds ago, or asked again "
        "three times, and not decided or not acknowledged by every service");
  } else {
    list->add_flag("--show-deleted", query->query.show_deleted, "Deleted ones too");
  }
  AddOutputOption(*list, query->format);
  list->callback([&kind, &session, query] {
    session.command = [&kind, &session, query] { return RunList(session, kind, *query); };
  });

  auto* get = group.add_subcommand("get", fmt::format("Show {} by name", kind.plural));
  auto names = std::make_shared<NameArguments>();
  SetExamples(*get, {fmt::format("quartet {} get {}/…", kind.singular, kind.plural),
                     fmt::format("quartet {} get {}/… -o json", kind.singular, kind.plural)});
  get->add_option("NAME", names->names, "Names or ids; - reads them from standard input")->required();
  AddOutputOption(*get, names->format);
  get->callback([&kind, &session, names] {
    session.command = [&kind, &session, names] { return RunGet(session, kind, *names); };
  });
}

void AddDeleteCommands(CLI::App& group, const ResourceKind& kind, Session& session) {
  AddDeletion(group, kind, session, false);
  AddDeletion(group, kind, session, true);
}

}  // namespace quartet::cli
