// services/quartet: `quartet`, the command-line client. It speaks to the five services as any other caller does, and
// has no way around their rules. Results go to stdout (a table, one JSON array, or CSV), messages to stderr; exit codes
// are in exit_code.h. Commands are added to the parser in *_commands.cpp; parsing chooses one, which then runs.
#pragma once

namespace CLI {
class App;
}

namespace quartet::cli {

class Session;

// Adds every option and command. The session must outlive the parser.
void AddCommands(CLI::App& root, Session& session);

// Parses the command line and runs what it says. Gives the exit code.
int Run(int argc, char** argv);

}  // namespace quartet::cli
