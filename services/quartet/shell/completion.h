#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace quartet::cli {

class Session;

// What can be typed after one command, for a shell's completion.
struct CompletionNode {
  struct Option {
    std::vector<std::string> names;  // "--output", "-o"
    std::string description;
    bool takes_value = false;
    bool takes_file = false;
    std::vector<std::string> choices;  // the values that there are, if they are few
  };
  std::string path;  // the commands before the cursor, joined by blanks: "quartet lead import"
  std::vector<std::pair<std::string, std::string>> commands;  // below it: name and description
  std::vector<Option> options;
  bool takes_file = false;           // as a positional
  std::vector<std::string> choices;  // as a positional
};

// Reads the tree of commands, options and their values off the parser itself; the root comes first.
std::vector<CompletionNode> CompletionNodes(const CLI::App& root);

// A script for the shell to source.
std::string BashCompletion(const std::vector<CompletionNode>& nodes);
std::string ZshCompletion(const std::vector<CompletionNode>& nodes);
std::string FishCompletion(const std::vector<CompletionNode>& nodes);

// Adds the command `completion`. `root` must be complete before it is run.
void AddCompletionCommand(CLI::App& root, Session& session);

}  // namespace quartet::cli
