#include "services/quartet/connection/suite_address.h"

#include <charconv>
#include <cstdlib>
#include <fstream>

#include <fmt/core.h>

namespace quartet::cli {
namespace {

constexpr int kDefaultBasePort = 7400;
constexpr int kRedisOffset = 9;
constexpr int kBasePortMax = 65535 - kRedisOffset;

int Offset(Service service) {
  switch (service) {
    case Service::kLead:
      return 0;
    case Service::kContact:
      return 1;
    case Service::kAccount:
      return 2;
    case Service::kOpportunity:
      return 3;
    case Service::kQualification:
      return 4;
  }
  std::abort();
}

Result<int> ParsePort(std::string_view text, std::string_view origin) {
  int port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc() || end != text.data() + text.size() || port < 1 || port > kBasePortMax) {
    return InvalidArgument(
        {{std::string(origin), fmt::format("\"{}\" is no base port; give a number from 1 to {}", text, kBasePortMax)}});
  }
  return port;
}

// The file that deploy/local/up writes: lines "key=value", of which base_port and redis matter here.
std::optional<std::string> StateFilePath(const Environment& environment) {
  if (const auto state_home = environment("XDG_STATE_HOME")) return *state_home + "/quartet/suite";
  if (const auto home = environment("HOME")) return *home + "/.local/state/quartet/suite";
  return std::nullopt;
}

std::optional<std::string> FromStateFile(const std::string& path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(key)) return line.substr(key.size());
  }
  return std::nullopt;
}

std::string HostAndPort(const std::string& host, int port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

}  // namespace

std::string_view ServiceName(Service service) {
  switch (service) {
    case Service::kLead:
      return "lead";
    case Service::kContact:
      return "contact";
    case Service::kAccount:
      return "account";
    case Service::kOpportunity:
      return "opportunity";
    case Service::kQualification:
      return "qualification";
  }
  std::abort();
}

std::string SuiteAddress::Of(Service service) const {
  return HostAndPort(host, base_port + Offset(service));
}

std::optional<std::string> ProcessEnvironment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing in this program calls setenv later
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

Result<SuiteAddress> FindSuite(const std::optional<std::string>& host_flag, const std::optional<int>& base_port_flag,
                               const Environment& environment) {
  SuiteAddress address{.host = "127.0.0.1", .base_port = kDefaultBasePort, .origin = "the default"};
  if (host_flag) {
    address.host = *host_flag;
  } else if (const auto host = environment("QUARTET_HOST")) {
    address.host = *host;
  }

  std::optional<std::string> port;
  std::optional<std::string> redis = environment("QUARTET_REDIS");
  if (base_port_flag) {
    port = std::to_string(*base_port_flag);
    address.origin = "--base-port";
  } else if ((port = environment("QUARTET_BASE_PORT"))) {
    address.origin = "QUARTET_BASE_PORT";
  } else if (const auto path = StateFilePath(environment)) {
    port = FromStateFile(*path, "base_port=");
    if (port) address.origin = *path;
    if (!redis) redis = FromStateFile(*path, "redis=");
  }
  if (port) {
    QUARTET_ASSIGN_OR_RETURN(address.base_port, ParsePort(*port, address.origin));
  }
  address.redis = redis ? *redis : HostAndPort(address.host, address.base_port + kRedisOffset);
  return address;
}

}  // namespace quartet::cli
