#pragma once

namespace quartet::cli {

// What `quartet` tells its caller; documented in its help.
enum ExitCode : int {
  kExitOk = 0,
  kExitFailed = 1,        // a request was refused, or some of many items failed
  kExitUsage = 2,         // the command line, or a file named on it, makes no sense
  kExitUnreachable = 3,   // a service does not answer; nothing more was tried
  kExitInterrupted = 130  // ended by Ctrl-C, as shells have it
};

}  // namespace quartet::cli
