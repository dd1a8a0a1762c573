#pragma once

#include <string>

namespace quartet::rpc {

// The service configuration (gRPC's JSON form) by which our own clients repeat a
// call that was answered with UNAVAILABLE, or whose connection broke: at most
// three times, after growing pauses, each time at whichever replica is next.
// Only methods of our services that read are repeated; whether another may be
// is for its caller to say, who knows whether it carries a request_id. While
// many calls fail none is repeated.
std::string RetryServiceConfig();

}  // namespace quartet::rpc
