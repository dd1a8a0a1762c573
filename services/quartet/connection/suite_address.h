#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace quartet::cli {

// The five services, in the order of the tables shown to people.
enum class Service { kLead, kContact, kAccount, kOpportunity, kQualification };

inline constexpr Service kServices[] = {Service::kLead, Service::kContact, Service::kAccount, Service::kOpportunity,
                                        Service::kQualification};

// "lead", "contact", …; also the middle part of the service's proto package.
std::string_view ServiceName(Service service);

// Where a suite listens: five services at fixed distances from one port, and the Redis that they use.
struct SuiteAddress {
  std::string host;
  int base_port = 0;
  std::string origin;  // how it is known, for a person: "--base-port", "QUARTET_BASE_PORT", a file, "the default"
  std::string redis;   // in the notation of common/config/redis_address.h

  // "host:port", with brackets round an IPv6 address.
  std::string Of(Service service) const;
};

// Reads one environment variable; nothing if it is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;

// The process's own environment; a variable that is set but empty counts as not set.
std::optional<std::string> ProcessEnvironment(const char* name);

// Finds the suite: the flags if given, then QUARTET_HOST and QUARTET_BASE_PORT, then the port that deploy/local/up left
// in its state file, then 127.0.0.1 and 7400; its Redis by QUARTET_REDIS, then by the state file if that told the port,
// then 9 ports above the base. Errors: INVALID_ARGUMENT when what was found is no port (1 to 65526).
Result<SuiteAddress> FindSuite(const std::optional<std::string>& host_flag, const std::optional<int>& base_port_flag,
                               const Environment& environment);

}  // namespace quartet::cli
