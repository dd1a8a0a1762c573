#pragma once

#include <span>
#include <string_view>

#include "common/app/host.h"

namespace quartet::app {

struct NamedBind {
  std::string_view name;  // one of config::kServices
  Bind bind;
};

// All of main for the process quartet-<service>: reads the settings, runs the
// host until SIGTERM or SIGINT, drains. The exit code: 0 after a clean stop or
// --help, 1 if it could not start, 2 if the settings are wrong.
int RunService(int argc, char** argv, std::string_view service, Bind bind);

// The same for the process that holds them all. `services` names each of
// config::kServices once.
int RunAll(int argc, char** argv, std::span<const NamedBind> services);

}  // namespace quartet::app
