#include "services/quartet/shell/completion.h"

#include <memory>
#include <ostream>

#include <CLI/CLI.hpp>

#include "services/quartet/connection/session.h"
#include "services/quartet/shell/exit_code.h"
#include "services/quartet/shell/help.h"

namespace quartet::cli {
namespace {

// The values that a type's name lists: "FORM:{table,json}" gives table and json.
std::vector<std::string> ChoicesOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const auto open = type.find('{');
  const auto close = type.find('}', open == std::string::npos ? 0 : open);
  if (open == std::string::npos || close == std::string::npos) return {};
  return CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

bool TakesFile(const CLI::Option& option) {
  return option.get_type_name().starts_with("FILE");
}

void AddOptions(const CLI::App& app, CompletionNode& node) {
  for (const auto* option : app.get_options()) {
    if (option->get_positional()) {
      node.takes_file = node.takes_file || TakesFile(*option);
      for (auto& choice : ChoicesOf(*option)) node.choices.push_back(std::move(choice));
    }
    CompletionNode::Option completed;
    for (const auto& name : option->get_lnames()) completed.names.push_back("--" + name);
    for (const auto& name : option->get_snames()) completed.names.push_back("-" + name);
    if (completed.names.empty()) continue;
    completed.description = option->get_description();
    completed.takes_value = option->get_items_expected_max() > 0;
    completed.takes_file = TakesFile(*option);
    completed.choices = ChoicesOf(*option);
    node.options.push_back(std::move(completed));
  }
}

void Visit(const CLI::App& app, const std::string& path, const CLI::App& root, std::vector<CompletionNode>& nodes) {
  CompletionNode node{.path = path};
  AddOptions(app, node);
  if (&app != &root) {
    // Options of every command may stand behind any command; its own help is among the command's options already.
    CompletionNode every;
    AddOptions(root, every);
    for (auto& option : every.options) {
      if (option.takes_value) node.options.push_back(std::move(option));
    }
  }
  const auto children = app.get_subcommands([](const CLI::App*) { return true; });
  for (const auto* child : children) node.commands.emplace_back(child->get_name(), child->get_description());
  nodes.push_back(std::move(node));
  for (const auto* child : children) Visit(*child, path + " " + child->get_name(), root, nodes);
}

}  // namespace

std::vector<CompletionNode> CompletionNodes(const CLI::App& root) {
  std::vector<CompletionNode> nodes;
  Visit(root, root.get_name(), root, nodes);
  return nodes;
}

void AddCompletionCommand(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand("completion", "Print a completion script for a shell");
  auto shell = std::make_shared<std::string>();
  SetExamples(*command, {"quartet completion bash > /etc/bash_completion.d/quartet",
                         "source <(quartet completion bash)                      (this shell only)",
                         "quartet completion zsh > \"${fpath[1]}/_quartet\"",
                         "quartet completion fish > ~/.config/fish/completions/quartet.fish"});
  command->add_option("SHELL", *shell, "The shell")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&root, &session, shell] {
    session.offline = true;
    session.command = [&root, &session, shell] {
      const auto nodes = CompletionNodes(root);
      auto* make = *shell == "bash" ? BashCompletion : *shell == "zsh" ? ZshCompletion : FishCompletion;
      session.console().out << make(nodes);
      return static_cast<int>(kExitOk);
    };
  });
}

}  // namespace quartet::cli
