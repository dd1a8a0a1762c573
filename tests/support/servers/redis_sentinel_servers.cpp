#include "tests/support/servers/redis_sentinel_servers.h"

#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "tests/support/eventually.h"

namespace quartet::test {
namespace {

constexpr const char* kName = "main";

bool Contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

RedisSentinelServers::RedisSentinelServers() {
  servers_.push_back(std::make_unique<RedisServer>());
  const int master_port = servers_.front()->port();
  servers_.push_back(std::make_unique<RedisServer>(
      false, std::vector<std::string>{"--replicaof", "127.0.0.1 " + std::to_string(master_port),
                                      "--repl-diskless-sync-delay", "0"}));
  servers_.front()->Command({"CONFIG", "SET", "repl-diskless-sync-delay", "0"});

  std::vector<int> ports;
  for (int i = 0; i < kSentinels; ++i) ports.push_back(FreePort());
  for (int i = 0; i < kSentinels; ++i) {
    const std::string path = (directory_.path() / fmt::format("sentinel-{}.conf", i)).string();
    std::ofstream file(path);
    file << fmt::format("sentinel myid {:040x}\n", i + 1)
         << fmt::format("sentinel monitor {} 127.0.0.1 {} 2\n", kName, master_port)
         << fmt::format("sentinel down-after-milliseconds {} 1000\n", kName)
         << fmt::format("sentinel failover-timeout {} 5000\n", kName)
         << fmt::format("sentinel known-replica {} 127.0.0.1 {}\n", kName, servers_.back()->port());
    for (int j = 0; j < kSentinels; ++j) {
      if (j == i) continue;
      file << fmt::format("sentinel known-sentinel {} 127.0.0.1 {} {:040x}\n", kName,
                          ports[static_cast<std::size_t>(j)], j + 1);
    }
    file.close();
    sentinels_.push_back(std::make_unique<RedisServer>(false, std::vector<std::string>{path, "--sentinel"},
                                                       ports[static_cast<std::size_t>(i)]));
  }
  if (!Settle()) throw std::runtime_error("Redis and its Sentinels do not come up");
}

config::RedisAddress RedisSentinelServers::address() const {
  config::RedisAddress address{.kind = config::RedisAddress::Kind::kSentinel, .hosts = {}, .master_name = kName};
  for (const auto& sentinel : sentinels_) address.hosts.push_back({.host = "127.0.0.1", .port = sentinel->port()});
  return address;
}

bool RedisSentinelServers::IsMaster(const RedisServer& server) const {
  return server.running() && Contains(server.Command({"INFO", "replication"}), "role:master");
}

RedisServer& RedisSentinelServers::master() {
  for (const auto& server : servers_) {
    if (IsMaster(*server)) return *server;
  }
  throw std::runtime_error("there is no master");
}

RedisServer& RedisSentinelServers::replica() {
  RedisServer& master_now = master();
  for (const auto& server : servers_) {
    if (server.get() != &master_now) return *server;
  }
  throw std::runtime_error("there is no replica");
}

bool RedisSentinelServers::Settle() {
  return Eventually([&] {
    if (!Contains(replica().Command({"INFO", "replication"}), "master_link_status:up")) return false;
    for (const auto& sentinel : sentinels_) {
      if (!sentinel->running()) continue;
      const std::string seen = sentinel->Command({"INFO", "sentinel"});
      if (!Contains(seen, "status=ok") || !Contains(seen, "slaves=1") || !Contains(seen, "sentinels=3")) return false;
    }
    return true;
  });
}

}  // namespace quartet::test
