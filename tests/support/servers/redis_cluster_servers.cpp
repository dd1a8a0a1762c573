#include "tests/support/servers/redis_cluster_servers.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

#include "tests/support/eventually.h"

namespace quartet::test {
namespace {

constexpr int kSlots = 16'384;
constexpr int kReplicaPortsBehind = RedisClusterServers::kServers;

bool Has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

int FirstSlot(int master) {
  return kSlots * master / RedisClusterServers::kMasters;
}

}  // namespace

int KeySlot(const RedisServer& server, const std::string& key) {
  return std::stoi(server.Command({"CLUSTER", "KEYSLOT", key}));
}

RedisClusterServers::RedisClusterServers(std::chrono::milliseconds node_timeout, bool append_only) {
  for (int i = 0; i < kServers; ++i) ids_.push_back(fmt::format("{:040x}", i + 1));
  const std::vector<int> ports = TakePorts();
  for (int i = 0; i < kServers; ++i) {
    WriteConfig(i, ports);
    const auto bus_port = static_cast<std::size_t>(kReplicaPortsBehind + i);
    servers_.push_back(std::make_unique<RedisServer>(
        append_only,
        std::vector<std::string>{"--cluster-enabled", "yes", "--cluster-config-file",
                                 (directory_.path() / fmt::format("nodes-{}.conf", i)).string(), "--cluster-port",
                                 std::to_string(ports[bus_port]), "--cluster-node-timeout",
                                 std::to_string(node_timeout.count()), "--cluster-allow-replica-migration", "no",
                                 "--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"},
        ports[static_cast<std::size_t>(i)]));
  }
  if (!Settle()) throw std::runtime_error("the Redis cluster does not come up");
}

// One for clients and one for the cluster's own bus, for each server.
std::vector<int> RedisClusterServers::TakePorts() {
  std::vector<int> ports;
  while (ports.size() < 2 * kServers) {
    const int port = FreePort();
    if (std::find(ports.begin(), ports.end(), port) == ports.end()) ports.push_back(port);
  }
  return ports;
}

// What a server would have written down had the cluster been made by hand: so all know
// each other from the start.
void RedisClusterServers::WriteConfig(int index, const std::vector<int>& ports) {
  std::ofstream file(directory_.path() / fmt::format("nodes-{}.conf", index));
  for (int i = 0; i < kServers; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const bool master = i < kMasters;
    file << fmt::format("{} 127.0.0.1:{}@{} {}{} {} 0 0 {} connected", ids_[at], ports[at],
                        ports[at + kReplicaPortsBehind], i == index ? "myself," : "", master ? "master" : "slave",
                        master ? "-" : ids_[at - kMasters], master ? i + 1 : i - kMasters + 1);
    if (master) file << fmt::format(" {}-{}", FirstSlot(i), FirstSlot(i + 1) - 1);
    file << "\n";
  }
  file << fmt::format("vars currentEpoch {} lastVoteEpoch 0\n", kMasters);
}

config::RedisAddress RedisClusterServers::address() const {
  config::RedisAddress address{.kind = config::RedisAddress::Kind::kCluster, .hosts = {}};
  for (const auto& server : servers_) address.hosts.push_back({.host = "127.0.0.1", .port = server->port()});
  return address;
}

bool RedisClusterServers::Settle() {
  return Eventually([&] {
    for (const auto& server : servers_) {
      if (!server->running()) continue;
      if (!Has(server->Command({"CLUSTER", "INFO"}), "cluster_state:ok")) return false;
      const std::string replication = server->Command({"INFO", "replication"});
      if (Has(replication, "role:slave") && !Has(replication, "master_link_status:up")) return false;
    }
    return true;
  });
}

bool RedisClusterServers::IsMaster(int index) {
  return server(index).running() && Has(server(index).Command({"INFO", "replication"}), "role:master");
}

std::string RedisClusterServers::Command(const std::string& key, std::initializer_list<std::string> arguments) {
  std::string reply = "no server runs";
  Eventually([&] {
    for (const auto& server : servers_) {
      if (!server->running() || key.empty()) continue;
      reply = server->Command(arguments);
      if (!reply.starts_with("MOVED ") && !reply.starts_with("CLUSTERDOWN ")) return true;
    }
    return false;
  });
  return reply;
}

int RedisClusterServers::OwnerOf(int slot) {
  for (int i = 0; i < kServers; ++i) {
    if (!IsMaster(i)) continue;
    // A master names its own ranges behind the flag "myself".
    std::istringstream lines(server(i).Command({"CLUSTER", "NODES"}));
    for (std::string line; std::getline(lines, line);) {
      if (!Has(line, "myself,master")) continue;
      std::istringstream words(line);
      std::string word;
      for (int skipped = 0; skipped < 8; ++skipped) words >> word;
      while (words >> word) {
        if (word.front() == '[') continue;
        const auto dash = word.find('-');
        const int first = std::stoi(word);
        const int last = dash == std::string::npos ? first : std::stoi(word.substr(dash + 1));
        if (first <= slot && slot <= last) return i;
      }
    }
  }
  throw std::runtime_error(fmt::format("slot {} has no master", slot));
}

void RedisClusterServers::FlushAll() {
  for (int i = 0; i < kServers; ++i) {
    if (IsMaster(i)) server(i).Command({"FLUSHALL"});
  }
}

void RedisClusterServers::MoveSlot(int slot, int to) {
  if (OwnerOf(slot) == to) return;
  MoveKeys(slot, to);
  FinishMove(slot, to);
}

void RedisClusterServers::MoveKeys(int slot, int to) {
  const int from = OwnerOf(slot);
  const std::string number = std::to_string(slot);
  const std::string& from_id = ids_[static_cast<std::size_t>(from)];
  const std::string& to_id = ids_[static_cast<std::size_t>(to)];
  server(to).Command({"CLUSTER", "SETSLOT", number, "IMPORTING", from_id});
  server(from).Command({"CLUSTER", "SETSLOT", number, "MIGRATING", to_id});
  while (true) {
    std::istringstream keys(server(from).Command({"CLUSTER", "GETKEYSINSLOT", number, "1"}));
    std::string key;
    if (!std::getline(keys, key) || key.empty()) break;
    const std::string moved =
        server(from).Command({"MIGRATE", "127.0.0.1", std::to_string(server(to).port()), key, "0", "10000"});
    if (moved != "OK" && moved != "NOKEY") throw std::runtime_error(moved);
  }
}

void RedisClusterServers::FinishMove(int slot, int to) {
  const std::string number = std::to_string(slot);
  const std::string& to_id = ids_[static_cast<std::size_t>(to)];
  // The new owner first, so that nobody is sent to one that does not know yet.
  server(to).Command({"CLUSTER", "SETSLOT", number, "NODE", to_id});
  for (int i = 0; i < kServers; ++i) {
    if (i != to && IsMaster(i)) server(i).Command({"CLUSTER", "SETSLOT", number, "NODE", to_id});
  }
}

}  // namespace quartet::test
