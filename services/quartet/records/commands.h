#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "services/quartet/output/output.h"

namespace CLI {
class App;
}
namespace google::protobuf {
class Message;
}

namespace quartet::cli {

struct ResourceKind;
class Session;

// Adds list and get to the command of a kind of record.
void AddReadCommands(CLI::App& group, const ResourceKind& kind, Session& session);

// Adds delete and undelete.
void AddDeleteCommands(CLI::App& group, const ResourceKind& kind, Session& session);

// Adds create and update.
void AddChangeCommands(CLI::App& group, const ResourceKind& kind, Session& session);

// Calls a method that answers with the record for each of `names` (as ResolveNames takes them), one after the other. A
// failure is reported and the others go on. `done` ("deleted") ends the message about each success, which is what the
// table format shows. Gives the exit code.
int ForEachName(Session& session, const ResourceKind& kind, const std::vector<std::string>& names, Format format,
                std::string_view done,
                const std::function<std::unique_ptr<google::protobuf::Message>(const std::string& name)>& make_request);

}  // namespace quartet::cli
