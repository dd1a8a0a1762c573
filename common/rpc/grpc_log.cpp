#include "common/rpc/grpc_log.h"

#include <string>

#include <fmt/format.h>
#include <grpc/support/log.h>

#include "common/telemetry/log.h"

namespace quartet::rpc {

void RouteGrpcLog() {
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
  gpr_set_log_function([](gpr_log_func_args* line) {
    telemetry::LogError("grpc", {{"message", line->message}, {"at", fmt::format("{}:{}", line->file, line->line)}});
  });
}

}  // namespace quartet::rpc
