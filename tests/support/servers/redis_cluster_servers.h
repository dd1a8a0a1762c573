#pragma once

#include <chrono>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "common/config/redis_address.h"
#include "tests/support/servers/redis_server.h"
#include "tests/support/temp_directory.h"

namespace quartet::test {

// A real Redis Cluster of six servers on free ports of the loopback interface: three
// masters with a third of the slots each, and a replica of each. It is ready when the
// constructor returns. Failures throw.
class RedisClusterServers {
 public:
  static constexpr int kMasters = 3;
  static constexpr int kServers = 6;

  // `node_timeout`: how long a server may be silent before the others replace it.
  // `append_only`: see RedisServer.
  explicit RedisClusterServers(std::chrono::milliseconds node_timeout = std::chrono::seconds(30),
                               bool append_only = false);

  // All six are named, so that any may be down.
  config::RedisAddress address() const;
  // 0 to 2 are masters at the start, and 3 to 5 their replicas in the same order.
  RedisServer& server(int index) { return *servers_[static_cast<std::size_t>(index)]; }
  // Waits until all that run agree that the cluster is well, and that each replica that
  // runs is in step. Whether they do.
  bool Settle();

  // Runs a command at the server that has `key`; see RedisServer::Command.
  std::string Command(const std::string& key, std::initializer_list<std::string> arguments);
  // The server that has `slot` now.
  int OwnerOf(int slot);
  // Loses everything.
  void FlushAll();
  // Moves a slot to another master, as an operator does: key by key, and then the slot.
  void MoveSlot(int slot, int to);
  // The halves of it: between them those who ask the old master for a key are sent on.
  void MoveKeys(int slot, int to);
  void FinishMove(int slot, int to);

 private:
  std::vector<int> TakePorts();
  void WriteConfig(int index, const std::vector<int>& ports);
  bool IsMaster(int index);

  TempDirectory directory_;
  std::vector<std::string> ids_;
  std::vector<std::unique_ptr<RedisServer>> servers_;
};

// The slot of a key, by asking a server.
int KeySlot(const RedisServer& server, const std::string& key);

}  // namespace quartet::test
