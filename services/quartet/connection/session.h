#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/base/result.h"
#include "services/quartet/connection/rpc.h"
#include "services/quartet/output/console.h"
#include "services/quartet/shell/interrupt.h"

namespace quartet::cli {

// Options of every command.
struct GlobalOptions {
  std::optional<std::string> host;
  std::optional<int> base_port;
  double timeout_s = 30;
};

// What a command works with. Parsing the command line fills the options and chooses `command`; nothing is connected
// before that.
class Session {
 public:
  Session();
  ~Session();

  // Finds the suite by the options; before rpc(). Errors: those of FindSuite.
  Status Connect();

  Rpc& rpc() { return *rpc_; }
  const Console& console() const { return console_; }
  Interrupt& interrupt() { return interrupt_; }
  IdSource& ids() { return ids_; }
  const Clock& clock() const { return clock_; }

  GlobalOptions options;
  // What the parsed command does; gives the exit code. `offline`: it needs no suite.
  std::function<int()> command;
  bool offline = false;

 private:
  Interrupt interrupt_;
  Console console_;
  SystemClock clock_;
  UuidV7Source ids_;
  std::unique_ptr<Rpc> rpc_;
};

}  // namespace quartet::cli
