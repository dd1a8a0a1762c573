#pragma once

namespace CLI {
class App;
}

namespace quartet::cli {

class Session;

// Adds `status`: the health of the services and of Redis.
void AddStatusCommand(CLI::App& root, Session& session);

// Adds `counters`: calls, statements, commits and so on of the services.
void AddCountersCommand(CLI::App& root, Session& session);

// Adds `dead-letters`: list, replay and drop.
void AddDeadLetterCommands(CLI::App& root, Session& session);

}  // namespace quartet::cli
