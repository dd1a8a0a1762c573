#pragma once

#include <memory>
#include <vector>

#include "common/config/redis_address.h"
#include "tests/support/servers/redis_server.h"
#include "tests/support/temp_directory.h"

namespace quartet::test {

// A real Redis with a replica, and three Sentinels that watch them and know each other
// from the start. Failures throw.
class RedisSentinelServers {
 public:
  static constexpr int kSentinels = 3;

  RedisSentinelServers();

  config::RedisAddress address() const;
  RedisServer& sentinel(int index) { return *sentinels_[static_cast<std::size_t>(index)]; }
  // The one that says so of itself.
  RedisServer& master();
  RedisServer& replica();
  // Waits until the replica is in step, and the Sentinels see it and each other.
  bool Settle();

 private:
  bool IsMaster(const RedisServer& server) const;

  TempDirectory directory_;
  std::vector<std::unique_ptr<RedisServer>> servers_;
  std::vector<std::unique_ptr<RedisServer>> sentinels_;
};

}  // namespace quartet::test
