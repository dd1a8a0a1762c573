#include <algorithm>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "services/quartet/shell/completion.h"

namespace quartet::cli {
namespace {

// In single quotes, for any of the three shells. A quote inside is not worth its rules: it becomes a typographic one.
std::string Quoted(std::string text) {
  for (auto at = text.find('\''); at != std::string::npos; at = text.find('\'')) text.replace(at, 1, "’");
  std::replace(text.begin(), text.end(), '\\', '/');
  std::replace(text.begin(), text.end(), '\n', ' ');
  return "'" + text + "'";
}

std::vector<std::string> CommandNames(const CompletionNode& node) {
  std::vector<std::string> names;
  for (const auto& [name, description] : node.commands) names.push_back(name);
  return names;
}

std::vector<std::string> OptionNames(const CompletionNode& node) {
  std::vector<std::string> names;
  for (const auto& option : node.options) names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

// Case patterns "'path:--name' | 'path:-n'" for the value of an option.
std::string ValuePatterns(const CompletionNode& node, const CompletionNode::Option& option) {
  std::vector<std::string> patterns;
  for (const auto& name : option.names) patterns.push_back(Quoted(node.path + ":" + name));
  return fmt::format("{}", fmt::join(patterns, " | "));
}

// Case patterns of all commands below the root: how a shell finds the command before the cursor.
std::string PathPatterns(const std::vector<CompletionNode>& nodes) {
  std::vector<std::string> patterns;
  for (std::size_t i = 1; i < nodes.size(); ++i) patterns.push_back(Quoted(nodes[i].path));
  return fmt::format("{}", fmt::join(patterns, " | "));
}

}  // namespace

std::string BashCompletion(const std::vector<CompletionNode>& nodes) {
  std::string values;
  std::string words;
  for (const auto& node : nodes) {
    for (const auto& option : node.options) {
      if (!option.takes_value) continue;
      const std::string reply =
          option.takes_file ? "compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")"
          : option.choices.empty()
              ? ":"
              : fmt::format("mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$cur\")", fmt::join(option.choices, " "));
      values += fmt::format("    {}) {}; return ;;\n", ValuePatterns(node, option), reply);
    }
    auto plain = CommandNames(node);
    plain.insert(plain.end(), node.choices.begin(), node.choices.end());
    words += fmt::format("    {}) words='{}'; options='{}'; files={} ;;\n", Quoted(node.path), fmt::join(plain, " "),
                         fmt::join(OptionNames(node), " "), node.takes_file ? 1 : 0);
  }
  return fmt::format(R"(# bash completion of quartet; made by `quartet completion bash`
_quartet() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} node=quartet words='' options='' files=0 i
  # bash splits --option=value into three words
  if [[ $cur == = ]]; then
    cur=''
  elif [[ $prev == = ]]; then
    prev=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$node ${{COMP_WORDS[i]}}" in
      {}) node="$node ${{COMP_WORDS[i]}}" ;;
    esac
  done
  COMPREPLY=()
  case "$node:$prev" in
{}  esac
  case "$node" in
{}  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
  elif ((files)); then
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
  fi
}}
complete -F _quartet quartet
)",
                     PathPatterns(nodes), values, words);
}

std::string ZshCompletion(const std::vector<CompletionNode>& nodes) {
  // What _describe takes: "word:description", with colons inside the word escaped (no word has one).
  const auto described = [](const std::string& word, const std::string& description) {
    return Quoted(word + ":" + description);
  };
  std::string values;
  std::string words;
  for (const auto& node : nodes) {
    std::vector<std::string> commands;
    std::vector<std::string> options;
    for (const auto& [name, description] : node.commands) commands.push_back(described(name, description));
    for (const auto& choice : node.choices) commands.push_back(described(choice, ""));
    for (const auto& option : node.options) {
      for (const auto& name : option.names) options.push_back(described(name, option.description));
      if (!option.takes_value) continue;
      const std::string reply = option.takes_file        ? "_files"
                                : option.choices.empty() ? fmt::format("_message {}", Quoted(option.description))
                                                         : fmt::format("compadd -- {}", fmt::join(option.choices, " "));
      values += fmt::format("    {}) {}; return ;;\n", ValuePatterns(node, option), reply);
    }
    words += fmt::format("    {}) commands=({}); options=({}); files={} ;;\n", Quoted(node.path),
                         fmt::join(commands, " "), fmt::join(options, " "), node.takes_file ? 1 : 0);
  }
  return fmt::format(R"(#compdef quartet
# zsh completion of quartet; made by `quartet completion zsh`
_quartet() {{
  local node=quartet word files=0
  local -a commands options
  for word in "${{(@)words[2,CURRENT-1]}}"; do
    case "$node $word" in
      {}) node="$node $word" ;;
    esac
  done
  case "$node:${{words[CURRENT-1]}}" in
{}  esac
  case "$node" in
{}  esac
  if [[ ${{words[CURRENT]}} == -* ]]; then
    _describe -o option options
  elif ((files)); then
    _files
  elif ((${{#commands}})); then
    _describe command commands
  else
    _message 'name or id'
  fi
}}
if [[ ${{funcstack[1]-}} == _quartet ]]; then
  _quartet "$@"
else
  compdef _quartet quartet
fi
)",
                     PathPatterns(nodes), values, words);
}

std::string FishCompletion(const std::vector<CompletionNode>& nodes) {
  std::vector<std::string> paths;
  std::string lines;
  for (const auto& node : nodes) {
    paths.push_back(Quoted(node.path));
    const std::string at = fmt::format("complete -c quartet -n \"__quartet_at '{}'\"", node.path);
    for (const auto& [name, description] : node.commands) {
      lines += fmt::format("{} -a {} -d {}\n", at, Quoted(name), Quoted(description));
    }
    if (!node.choices.empty()) lines += fmt::format("{} -a '{}'\n", at, fmt::join(node.choices, " "));
    if (node.takes_file) lines += at + " -F\n";
    for (const auto& option : node.options) {
      std::string names;
      for (const auto& name : option.names)
        names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      std::string value;
      if (option.takes_file) {
        value = " -r -F";
      } else if (!option.choices.empty()) {
        value = fmt::format(" -x -a '{}'", fmt::join(option.choices, " "));
      } else if (option.takes_value) {
        value = " -x";
      }
      lines += fmt::format("{}{}{} -d {}\n", at, names, value, Quoted(option.description));
    }
  }
  return fmt::format(R"(# fish completion of quartet; made by `quartet completion fish`
set -g __quartet_nodes {}
function __quartet_at
    set -l node quartet
    for word in (commandline -opc)[2..-1]
        if contains -- "$node $word" $__quartet_nodes
            set node "$node $word"
        end
    end
    test "$node" = "$argv[1]"
end
complete -c quartet -e
complete -c quartet -f
{})",
                     fmt::join(paths, " "), lines);
}

}  // namespace quartet::cli
