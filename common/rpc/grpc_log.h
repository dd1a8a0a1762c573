#pragma once

namespace quartet::rpc {

// Makes what gRPC has to complain of a line of our own log. For the whole
// process, until it ends.
void RouteGrpcLog();

}  // namespace quartet::rpc
