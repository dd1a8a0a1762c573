#include <map>
#include <memory>
#include <optional>
#include <ostream>
#include <set>

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include "services/quartet/connection/session.h"
#include "services/quartet/operate/commands.h"
#include "services/quartet/output/error_report.h"
#include "services/quartet/output/output.h"
#include "services/quartet/output/table.h"
#include "services/quartet/records/text.h"
#include "services/quartet/shell/exit_code.h"
#include "services/quartet/shell/help.h"

#include "quartet/operations/v1/service.pb.h"

namespace quartet::cli {
namespace {

using namespace operations::v1;  // NOLINT(google-build-using-namespace): seven messages of one service

constexpr int kLettersMax = 1000;  // that one call takes or gives

struct DeadLetterArguments {
  std::string service;  // empty: every one
  std::vector<std::string> ids;
  bool all = false;
  Format format = Format::kTable;
};

std::vector<Service> Chosen(const DeadLetterArguments& arguments) {
  std::vector<Service> services;
  for (const Service service : kServices) {
    if (arguments.service.empty() || arguments.service == ServiceName(service)) services.push_back(service);
  }
  return services;
}

Result<ListDeadLettersResponse> List(Rpc& rpc, Service service) {
  ListDeadLettersRequest request;
  request.set_page_size(kLettersMax);
  ListDeadLettersResponse response;
  QUARTET_RETURN_IF_ERROR(rpc.CallAt(service, request, response));
  return response;
}

int RunList(Session& session, const DeadLetterArguments& arguments) {
  const auto& console = session.console();
  const auto writer = MakeRecordWriter(arguments.format, console, DeadLetter::default_instance(), {}, "dead letters");
  std::vector<TableRow> rows;
  for (const Service service : Chosen(arguments)) {
    const auto response = List(session.rpc(), service);
    if (!response.ok()) return ReportError(console, response.error());
    for (const auto& letter : response->dead_letters()) {
      if (arguments.format != Format::kTable) {
        writer->Add(letter);
        continue;
      }
      rows.push_back({{CellText(letter, "id")},
                      {std::string(ServiceName(service))},
                      {CellText(letter, "topic")},
                      {CellText(letter, "subject")},
                      {CellText(letter, "fail_time")},
                      {CellText(letter, "error"), Tint::kBad}});
    }
  }
  if (arguments.format != Format::kTable || rows.empty()) {
    writer->End();
  } else {
    PrintTable(console,
               {{"ID"},
                {"SERVICE"},
                {"TOPIC", false, 8, 2},
                {"SUBJECT", false, 10, 3},
                {"FAILED", false, 0, 4},
                {"ERROR", false, 10}},
               rows);
  }
  return kExitOk;
}

// Which service holds which of the letters that are meant. Errors: those of listing them; NOT_FOUND naming every id
// that none holds.
Result<std::map<Service, std::vector<std::string>>> Find(Session& session, const DeadLetterArguments& arguments) {
  std::map<Service, std::vector<std::string>> found;
  std::set<std::string> missing(arguments.ids.begin(), arguments.ids.end());
  for (const Service service : Chosen(arguments)) {
    QUARTET_ASSIGN_OR_RETURN(const auto response, List(session.rpc(), service));
    for (const auto& letter : response.dead_letters()) {
      if (missing.erase(letter.id()) > 0 || arguments.all) found[service].push_back(letter.id());
    }
  }
  if (missing.empty()) return found;
  Error error = NotFound("DEAD_LETTER_NOT_FOUND", "no service holds some of the dead letters");
  for (const auto& id : missing) error.violations.push_back({"ID", id});
  return error;
}

template <typename Request, typename Response>
int RunOn(Session& session, const DeadLetterArguments& arguments, std::string_view done) {
  const auto& console = session.console();
  if (arguments.ids.empty() != arguments.all) {
    return ReportError(console, UsageError("give either ids or --all"));
  }
  const auto found = Find(session, arguments);
  if (!found.ok()) return ReportError(console, found.error());
  std::size_t count = 0;
  for (const auto& [service, ids] : *found) {
    Request request;
    request.mutable_ids()->Assign(ids.begin(), ids.end());
    Response response;
    if (const auto status = session.rpc().CallAt(service, request, response); !status.ok()) {
      return ReportError(console, status.error());
    }
    count += ids.size();
  }
  console.err << fmt::format("{} dead letter{} {}.\n", count, count == 1 ? "" : "s", done);
  return kExitOk;
}

std::shared_ptr<DeadLetterArguments> AddArguments(CLI::App& command, bool takes_ids) {
  auto arguments = std::make_shared<DeadLetterArguments>();
  command.add_option("--service", arguments->service, "Only this one's")
      ->check(CLI::IsMember({"lead", "contact", "account", "opportunity", "qualification"}));
  if (takes_ids) {
    command.add_option("ID", arguments->ids, "Ids of dead letters");
    command.add_flag("--all", arguments->all, "All that there are, up to 1,000 for each service");
  } else {
    AddOutputOption(command, arguments->format);
  }
  return arguments;
}

}  // namespace

void AddDeadLetterCommands(CLI::App& root, Session& session) {
  auto* group = root.add_subcommand("dead-letters", "Messages that could not be handled");
  group->require_subcommand(1);
  SetExamples(*group, {"quartet dead-letters list", "quartet dead-letters replay --all --service lead"});

  auto* list = group->add_subcommand("list", "List them, oldest first");
  SetExamples(*list, {"quartet dead-letters list --service lead"});
  list->callback([&session, arguments = AddArguments(*list, false)] {
    session.command = [&session, arguments] { return RunList(session, *arguments); };
  });

  auto* replay = group->add_subcommand("replay", "Publish them again to where they came from");
  SetExamples(*replay, {"quartet dead-letters replay 018f…", "quartet dead-letters replay --all"});
  replay->callback([&session, arguments = AddArguments(*replay, true)] {
    session.command = [&session, arguments] {
      return RunOn<ReplayDeadLettersRequest, ReplayDeadLettersResponse>(session, *arguments, "published again");
    };
  });

  auto* drop = group->add_subcommand("drop", "Forget them");
  SetExamples(*drop, {"quartet dead-letters drop 018f…"});
  drop->callback([&session, arguments = AddArguments(*drop, true)] {
    session.command = [&session, arguments] {
      return RunOn<DropDeadLettersRequest, DropDeadLettersResponse>(session, *arguments, "dropped");
    };
  });
}

}  // namespace quartet::cli
