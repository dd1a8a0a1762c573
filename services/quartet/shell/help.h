#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace quartet::cli {

// Help that begins with examples. A command's examples are kept in what CLI11 calls its footer, which the formatter
// puts first. Commands inherit the formatter from their parent: set it on the root before there are any.
void UseExamplesFirstHelp(CLI::App& root);

// The examples of a command, each a command line; a line may go on below its first.
void SetExamples(CLI::App& command, const std::vector<std::string>& examples);

}  // namespace quartet::cli
