#pragma once

#include <memory>
#include <string>

namespace grpc {
class Channel;
}  // namespace grpc

namespace quartet::rpc {

// A plain-text channel to "host:port", or to several of numbers alone
// ("127.0.0.1:7400,127.0.0.1:7410"). Calls go in turn to all replicas that the
// addresses, or the host's name, stand for; the name is looked up again whenever
// a connection ends, which servers see to (see Server::Options). It connects when
// first used and again whenever it must (100 ms after the first failure, at most
// 2 s apart), and gives up a server that is silent for 15 s. Calls that only read
// are repeated elsewhere when their server goes away (see retry_policy.h); any
// other then fails with UNAVAILABLE, as does every call while there is no
// connection. Channels to one address share their connections.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address);

}  // namespace quartet::rpc
