#pragma once

namespace CLI {
class App;
}

namespace quartet::cli {

class Session;

// Adds `import` to the commands of leads.
void AddImportCommand(CLI::App& leads, Session& session);

}  // namespace quartet::cli
