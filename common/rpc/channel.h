#pragma once

#include <memory>
#include <string>

namespace grpc {
class Channel;
}  // namespace grpc

namespace quartet::rpc {

// A plain-text channel to "host:port". It connects when first used and again
// whenever it must (100 ms after the first failure, at most 2 s apart). A call
// while there is no connection fails with UNAVAILABLE instead of waiting.
// Channels to one address share their connection.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address);

}  // namespace quartet::rpc
