#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/config/settings.h"

namespace quartet::config {

// One flag, its twin in the environment and its explanation.
struct Flag {
  std::string name;  // "base-port": the flag is --base-port, the twin QUARTET_BASE_PORT
  std::string help;
  bool is_switch = false;  // --name alone means true
};

// A value and where it came from, for messages: "--listen" or "QUARTET_LISTEN".
struct Given {
  std::string value;
  std::string origin;
};

// What was given for a set of flags, and what was wrong with it. Readers take a
// value out by its flag's name and note a mistake instead of failing, so that
// all are known in the end.
class SettingsParser {
 public:
  // `examples` opens the help text.
  SettingsParser(std::string program, std::string examples, std::vector<Flag> flags);

  // Reads flags, then the environment for what no flag gave. True: `help` holds
  // a text to show, and there is nothing to run.
  bool Parse(int argc, const char* const* argv, const Environment& environment, const std::string& version,
             std::string& help);

  // The value, or `fallback` if none was given.
  std::string Text(const std::string& name, std::string fallback) const;
  bool Switch(const std::string& name);
  int Int(const std::string& name, int fallback, int least, int most);
  // "host:port" with a port of at least `port_min`.
  std::string AddressText(const std::string& name, std::string fallback, int port_min);
  // The same with a port that can be connected to; or several, a comma between,
  // whose hosts are all IPv4 addresses or all IPv6 addresses.
  std::string AddressesText(const std::string& name, std::string fallback);

  // Notes that the value of `name` is wrong.
  void Mistake(const std::string& name, std::string description);
  const std::vector<FieldViolation>& mistakes() const { return mistakes_; }

 private:
  const Given* Find(const std::string& name) const;
  void ReadEnvironment(const Environment& environment);

  std::string program_;
  std::string examples_;
  std::vector<Flag> flags_;
  std::map<std::string, Given> given_;
  std::vector<FieldViolation> mistakes_;
};

}  // namespace quartet::config
