#pragma once

namespace CLI {
class App;
}

namespace quartet::cli {

class Session;

// Adds `qualify` to the commands of leads.
void AddQualifyCommand(CLI::App& leads, Session& session);

// Adds `preview` to the commands of qualifications.
void AddPreviewCommand(CLI::App& qualifications, Session& session);

}  // namespace quartet::cli
