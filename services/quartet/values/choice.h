#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

namespace quartet::cli {

// An option whose values are words that stand for those of `target`; another word is a usage error that lists them, in
// the order given here.
template <typename T>
CLI::Option* AddChoice(CLI::App& command, const std::string& names, T& target,
                       std::vector<std::pair<std::string, T>> choices, const std::string& description) {
  std::vector<std::string> words;
  words.reserve(choices.size());
  for (const auto& [word, value] : choices) words.push_back(word);
  const std::map<std::string, T> values(choices.begin(), choices.end());
  return command
      .add_option_function<std::string>(
          names, [&target, values](const std::string& word) { target = values.at(word); }, description)
      ->check(CLI::IsMember(words));
}

}  // namespace quartet::cli
