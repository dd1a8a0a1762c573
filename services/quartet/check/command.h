// services/quartet/check: `quartet check` compares what lies in the databases of the five services: every cross
// reference both ways, every identity, intent, participation and decision (ADR 0026).
#pragma once

namespace CLI {
class App;
}

namespace quartet::cli {

class Session;

// Adds `check`.
void AddCheckCommand(CLI::App& root, Session& session);

}  // namespace quartet::cli
