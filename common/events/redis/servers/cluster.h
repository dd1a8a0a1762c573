#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/events/redis/servers/client.h"
#include "common/events/redis/servers/slots.h"

namespace quartet::events {

// A Redis Cluster: which master serves a slot, and a connection to each master that
// is talked to. An exchange sends to all of them before it waits for any.
//
// A command that meets MOVED or ASK is sent again to where they point, with those of
// its key that follow; a server redirects all that come after one it has redirected,
// so none overtakes another. MOVED also lets the map be read again before the next
// exchange, and so does every other error by which a cluster says that it is not
// well (CLUSTERDOWN, LOADING, READONLY, …), which is left to the caller, who tries
// again. TRYAGAIN cannot come: no command here has keys that could lie apart.
// A broken connection closes them all: the caller then reads again what it held.
class RedisCluster final : public RedisClient {
 public:
  using RedisClient::Append;

  explicit RedisCluster(const RedisOptions& options);

  Status EnsureConnected(bool* is_new) override;
  void Close() override;
  Status Check() override;
  void Append(std::string_view key, std::span<const std::string_view> arguments) override;
  std::size_t collected_bytes() const override { return output_.size(); }
  int collected_commands() const override { return static_cast<int>(commands_.size()); }
  Result<std::vector<RedisReply>> Exchange() override;
  Result<config::Address> ServerOf(std::string_view key) override;
  RedisConnection* only_connection() override { return nullptr; }

 private:
  struct Node {
    Node(config::Address at, const RedisOptions& options) : address(std::move(at)), connection(options) {}
    const config::Address address;
    RedisConnection connection;
  };
  // A command of the exchange in `output_`.
  struct Command {
    int slot = 0;
    std::size_t begin = 0;
    std::size_t end = 0;
  };
  // Where a command is sent this time.
  struct Route {
    std::size_t command = 0;
    Node* node = nullptr;
    bool ask = false;
  };

  // Reads the map from whichever node answers first.
  Status ReadMap();
  Status ReadMapFrom(Node& node);
  Node& NodeAt(const config::Address& address);
  Result<Node*> OwnerOf(int slot);
  Status Connect(Node& node);
  // Sends each command on its route and keeps the replies; gives the routes of those
  // that have to be sent again.
  Result<std::vector<Route>> ExchangeOn(const std::vector<Route>& routes, std::vector<RedisReply>& replies);
  Result<std::vector<Route>> Receive(const std::vector<Route>& routes, std::vector<RedisReply>& replies);
  void Forget();

  const RedisOptions options_;
  // By "host:port". Those of the map, and those that may know a newer one.
  std::map<std::string, std::unique_ptr<Node>> nodes_;
  std::vector<config::Address> replicas_;
  // The master of each slot; nullptr where the cluster names none.
  std::vector<Node*> owners_;
  bool mapped_ = false;
  bool stale_ = false;
  std::string output_;
  std::vector<Command> commands_;
};

}  // namespace quartet::events
