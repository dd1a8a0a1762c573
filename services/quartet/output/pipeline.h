#pragma once

#include <string>
#include <vector>

#include "services/quartet/output/console.h"

namespace CLI {
class App;
}
namespace quartet::opportunity::v1 {
class Pipeline;
}

namespace quartet::cli {

class Session;

// Adds the command `pipeline`.
void AddPipelineCommand(CLI::App& root, Session& session);

// Draws a pipeline: a line per stage with a bar for its count and its amounts, one line for each currency, then what
// the open ones are worth by probability. Fits console.out_width; 80 columns where there is no terminal.
void DrawPipeline(const Console& console, const opportunity::v1::Pipeline& pipeline);

}  // namespace quartet::cli
