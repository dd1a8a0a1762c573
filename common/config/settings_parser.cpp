#include "common/config/settings_parser.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "common/config/address.h"

namespace quartet::config {
namespace {

std::string EnvironmentName(const std::string& flag) {
  std::string name = "QUARTET_" + flag;
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return name;
}

}  // namespace

SettingsParser::SettingsParser(std::string program, std::string examples, std::vector<Flag> flags)
    : program_(std::move(program)), examples_(std::move(examples)), flags_(std::move(flags)) {}

bool SettingsParser::Parse(int argc, const char* const* argv, const Environment& environment,
                           const std::string& version, std::string& help) {
  CLI::App app(examples_, program_);
  app.set_version_flag("--version", version);
  app.allow_extras();
  std::map<std::string, std::string> values;
  std::map<std::string, CLI::Option*> options;
  for (const Flag& flag : flags_) {
    const std::string text = fmt::format("{} [{}]", flag.help, EnvironmentName(flag.name));
    if (flag.is_switch) {
      options[flag.name] = app.add_flag("--" + flag.name, text);
    } else {
      options[flag.name] = app.add_option("--" + flag.name, values[flag.name], text)->type_name("");
    }
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    help = app.help();
    return true;
  } catch (const CLI::CallForVersion&) {
    help = version + "\n";
    return true;
  } catch (const CLI::ParseError& error) {
    mistakes_.push_back({"command line", error.what()});
  }
  for (const std::string& extra : app.remaining()) {
    mistakes_.push_back({extra, fmt::format("is not known; see {} --help", program_)});
  }
  for (const auto& [name, option] : options) {
    if (option->count() == 0) continue;
    given_[name] = {.value = values.contains(name) ? values[name] : "true", .origin = "--" + name};
  }
  ReadEnvironment(environment);
  return false;
}

void SettingsParser::ReadEnvironment(const Environment& environment) {
  for (const Flag& flag : flags_) {
    if (given_.contains(flag.name)) continue;
    const std::string variable = EnvironmentName(flag.name);
    // An empty variable is one that a template left out.
    if (const char* value = environment(variable.c_str()); value != nullptr && *value != '\0') {
      given_[flag.name] = {.value = value, .origin = variable};
    }
  }
}

const Given* SettingsParser::Find(const std::string& name) const {
  const auto found = given_.find(name);
  return found == given_.end() ? nullptr : &found->second;
}

void SettingsParser::Mistake(const std::string& name, std::string description) {
  const Given* given = Find(name);
  mistakes_.push_back({given != nullptr ? given->origin : "--" + name, std::move(description)});
}

std::string SettingsParser::Text(const std::string& name, std::string fallback) const {
  const Given* given = Find(name);
  return given != nullptr ? given->value : std::move(fallback);
}

bool SettingsParser::Switch(const std::string& name) {
  const std::string value = Text(name, "false");
  if (value == "true" || value == "1" || value == "yes") return true;
  if (value != "false" && value != "0" && value != "no") {
    Mistake(name, fmt::format("'{}' is neither true nor false", value));
  }
  return false;
}

int SettingsParser::Int(const std::string& name, int fallback, int least, int most) {
  const Given* given = Find(name);
  if (given == nullptr) return fallback;
  const std::string& text = given->value;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    Mistake(name, fmt::format("'{}' is not a number from {} to {}", text, least, most));
    return fallback;
  }
  return value;
}

std::string SettingsParser::AddressText(const std::string& name, std::string fallback, int port_min) {
  std::string text = Text(name, std::move(fallback));
  const auto address = ParseAddress(text);
  if (!address) {
    Mistake(name, fmt::format("'{}' is not host:port", text));
  } else if (address->port < port_min) {
    Mistake(name, fmt::format("'{}' has no port that can be connected to", text));
  }
  return text;
}

std::string SettingsParser::AddressesText(const std::string& name, std::string fallback) {
  if (Text(name, fallback).find(',') == std::string::npos) return AddressText(name, std::move(fallback), 1);
  std::string text = Text(name, std::move(fallback));
  const bool six = text.starts_with('[');
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    const auto address = ParseAddress(std::string_view(text).substr(start, end - start));
    if (!address || address->port < 1 || IpFamily(address->host) != (six ? 6 : 4)) {
      Mistake(name, fmt::format("'{}' is no list of IPv4 addresses or of IPv6 addresses with ports; to reach several "
                                "replicas by name give the one name that stands for all",
                                text));
      break;
    }
    start = end + 1;
  }
  return text;
}

}  // namespace quartet::config
