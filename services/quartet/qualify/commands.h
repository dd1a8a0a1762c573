#pragma once

#include <string>
#include <vector>

#include "services/quartet/output/output.h"

namespace CLI {
class App;
}

namespace quartet::cli {

class Session;

// Adds `qualify` to the commands of leads.
void AddQualifyCommand(CLI::App& leads, Session& session);

// Shows what reverting qualifications of these names (as ResolveNames takes them)
// would do; the exit code.
int PreviewReverts(Session& session, const std::vector<std::string>& names, Format format);

// Adds `preview` to the commands of qualifications.
void AddPreviewCommand(CLI::App& qualifications, Session& session);

}  // namespace quartet::cli
