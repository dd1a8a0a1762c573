#include "services/quartet/connection/session.h"

namespace quartet::cli {

Session::Session() : console_(ProcessConsole()), ids_(clock_) {}

Session::~Session() = default;

Status Session::Connect() {
  QUARTET_ASSIGN_OR_RETURN(auto address, FindSuite(options.host, options.base_port, ProcessEnvironment));
  const auto timeout =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(options.timeout_s));
  rpc_ = std::make_unique<Rpc>(std::move(address), timeout, interrupt_);
  return {};
}

}  // namespace quartet::cli
