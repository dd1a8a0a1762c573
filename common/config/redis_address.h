#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/config/address.h"

namespace quartet::config {

// Where Redis is and how one is let in. As text:
//   host:port, redis://host:port          one server
//   unix:///path                          one server on this machine, by its socket, which is
//                                         cheaper than the loopback interface
//   sentinel://host:port,…/name           the master that these Sentinels know by `name`
//   cluster://host:port,…                 a cluster, found through any of these nodes
// An s at the end of the scheme (rediss, sentinels, clusters) asks for TLS. Before the
// first host may stand user:password@, :password@ or user@, with %xx for what a URL
// cannot hold.
struct RedisAddress {
  enum class Kind { kServer, kSentinel, kCluster };

  Kind kind = Kind::kServer;
  // A socket is a host whose name is its path, with port 0.
  std::vector<Address> hosts = {{.host = "127.0.0.1", .port = 6379}};
  std::string master_name;  // for Sentinel only

  // Empty: none is given. A password without a user is the default user's.
  std::string user;
  std::string password;
  // What the Sentinels themselves ask for.
  std::string sentinel_password;

  bool tls = false;
  // PEM files. The system's authorities if ca_file is empty; no certificate of our
  // own if cert_file is.
  std::string ca_file;
  std::string cert_file;
  std::string key_file;

  // The form above without any secret, for messages.
  std::string ToString() const;
};

// Whether it stands for a Unix-domain socket.
bool IsSocket(const Address& address);
// For messages: host:port, or the socket's path.
std::string FormatServer(const Address& address);

// Errors: INVALID_ARGUMENT, whose message says what is wrong and repeats no secret.
Result<RedisAddress> ParseRedisAddress(std::string_view text);

}  // namespace quartet::config
