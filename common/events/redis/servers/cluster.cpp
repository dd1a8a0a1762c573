#include "common/events/redis/servers/cluster.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include "common/events/redis/servers/sentinel.h"

namespace quartet::events {
namespace {

// How often one command is sent on before its error is given to the caller.
constexpr int kRoundsMax = 6;
// Above this the buffer's memory is given back after an exchange.
constexpr std::size_t kClusterOutputKeptBytes = 1 << 20;

std::string Name(const config::Address& address) {
  return config::FormatAddress(address.host, address.port);
}

// Whether an error is about the cluster's state, which the map may be behind of.
bool IsOfCluster(std::string_view error) {
  for (const std::string_view start : {"MOVED", "ASK", "CLUSTERDOWN", "LOADING", "READONLY", "MASTERDOWN"}) {
    if (error.starts_with(start)) return true;
  }
  return false;
}

}  // namespace

RedisCluster::RedisCluster(const RedisOptions& options) : options_(options), owners_(kSlots, nullptr) {}

void RedisCluster::Forget() {
  output_.clear();
  if (output_.capacity() > kClusterOutputKeptBytes) output_.shrink_to_fit();
  commands_.clear();
}

void RedisCluster::Close() {
  for (auto& [name, node] : nodes_) node->connection.Close();
  mapped_ = false;
  Forget();
}

RedisCluster::Node& RedisCluster::NodeAt(const config::Address& address) {
  std::unique_ptr<Node>& node = nodes_[Name(address)];
  if (node == nullptr) node = std::make_unique<Node>(address, options_);
  return *node;
}

Status RedisCluster::Connect(Node& node) {
  if (node.connection.connected()) return {};
  QUARTET_RETURN_IF_ERROR(node.connection.Open(node.address));
  Status policy = node.connection.CheckPolicy();
  if (!policy.ok()) node.connection.Close();
  return policy;
}

Status RedisCluster::EnsureConnected(bool* is_new) {
  if (is_new != nullptr) *is_new = !mapped_;
  if (mapped_ && !stale_) return {};
  Status read = ReadMap();
  if (!read.ok()) Close();
  return read;
}

Status RedisCluster::ReadMap() {
  for (const config::Address& seed : options_.address.hosts) NodeAt(seed);
  // First those that are connected, for they are likely to answer.
  std::vector<Node*> candidates;
  for (const auto& [name, node] : nodes_) candidates.push_back(node.get());
  std::stable_partition(candidates.begin(), candidates.end(),
                        [](const Node* node) { return node->connection.connected(); });
  std::string failures;
  for (Node* node : candidates) {
    Status read = ReadMapFrom(*node);
    if (read.ok()) return read;
    // An operator has to act, and another node's answer would hide it.
    if (read.error().code == Code::kFailedPrecondition) return read;
    failures += (failures.empty() ? "" : "; ") + read.error().message;
  }
  return BrokerUnavailable(fmt::format("no node of the cluster tells where its slots are: {}", failures));
}

Status RedisCluster::ReadMapFrom(Node& node) {
  QUARTET_RETURN_IF_ERROR(Connect(node));
  QUARTET_ASSIGN_OR_RETURN(const RedisReply reply, node.connection.Command({"CLUSTER", "SLOTS"}));
  const auto ranges = ParseSlots(*reply, node.address);
  if (!ranges || ranges->empty()) {
    return BrokerUnavailable(fmt::format("Redis at {} knows no slots of a cluster", Name(node.address)));
  }
  std::fill(owners_.begin(), owners_.end(), nullptr);
  replicas_.clear();
  std::set<std::string> named;
  for (const SlotRange& range : *ranges) {
    Node& master = NodeAt(range.master);
    named.insert(Name(range.master));
    std::fill(owners_.begin() + range.first, owners_.begin() + range.last + 1, &master);
    for (const config::Address& replica : range.replicas) {
      if (!named.insert(Name(replica)).second) continue;
      replicas_.push_back(replica);
      // It may be the one left to ask.
      NodeAt(replica);
    }
  }
  for (const config::Address& seed : options_.address.hosts) named.insert(Name(seed));
  std::erase_if(nodes_, [&](const auto& entry) { return !named.contains(entry.first); });
  mapped_ = true;
  stale_ = false;
  return {};
}

Status RedisCluster::Check() {
  Close();
  QUARTET_RETURN_IF_ERROR(EnsureConnected(nullptr));
  const std::set<Node*> masters(owners_.begin(), owners_.end());
  for (Node* master : masters) {
    if (master == nullptr) return BrokerUnavailable("some slots of the cluster have no master");
    QUARTET_RETURN_IF_ERROR(Connect(*master));
  }
  return CheckReplicas(options_, replicas_);
}

Result<RedisCluster::Node*> RedisCluster::OwnerOf(int slot) {
  Node* const owner = owners_[static_cast<std::size_t>(slot)];
  if (owner != nullptr) return owner;
  stale_ = true;
  return BrokerUnavailable(fmt::format("slot {} of the cluster has no master", slot));
}

Result<config::Address> RedisCluster::ServerOf(std::string_view key) {
  QUARTET_ASSIGN_OR_RETURN(const Node* owner, OwnerOf(SlotOf(key)));
  return owner->address;
}

void RedisCluster::Append(std::string_view key, std::span<const std::string_view> arguments) {
  const std::size_t begin = output_.size();
  EncodeCommand(output_, arguments);
  commands_.push_back({.slot = SlotOf(key), .begin = begin, .end = output_.size()});
}

Result<std::vector<RedisReply>> RedisCluster::Exchange() {
  std::vector<RedisReply> replies(commands_.size());
  std::vector<Route> routes;
  routes.reserve(commands_.size());
  for (std::size_t i = 0; i < commands_.size(); ++i) {
    Result<Node*> owner = OwnerOf(commands_[i].slot);
    if (!owner.ok()) {
      Forget();
      return std::move(owner).error();
    }
    routes.push_back({.command = i, .node = *owner});
  }
  for (int round = 0; round < kRoundsMax && !routes.empty(); ++round) {
    Result<std::vector<Route>> again = ExchangeOn(routes, replies);
    if (!again.ok()) {
      Close();
      return std::move(again).error();
    }
    routes = std::move(again).value();
  }
  Forget();
  return replies;
}

Result<std::vector<RedisCluster::Route>> RedisCluster::ExchangeOn(const std::vector<Route>& routes,
                                                                  std::vector<RedisReply>& replies) {
  std::vector<Node*> used;
  for (const Route& route : routes) {
    QUARTET_RETURN_IF_ERROR(Connect(*route.node));
    RedisConnection& connection = route.node->connection;
    if (connection.collected_commands() == 0) used.push_back(route.node);
    if (route.ask) connection.Append({"ASKING"});
    const Command& command = commands_[route.command];
    connection.AppendEncoded(std::string_view(output_).substr(command.begin, command.end - command.begin));
  }
  for (Node* node : used) QUARTET_RETURN_IF_ERROR(node->connection.Send());
  return Receive(routes, replies);
}

Result<std::vector<RedisCluster::Route>> RedisCluster::Receive(const std::vector<Route>& routes,
                                                               std::vector<RedisReply>& replies) {
  std::vector<Route> again;
  for (const Route& route : routes) {
    // ASKING has a reply of its own.
    if (route.ask) {
      QUARTET_ASSIGN_OR_RETURN(const RedisReply asking, route.node->connection.ReadReply());
    }
    QUARTET_ASSIGN_OR_RETURN(RedisReply reply, route.node->connection.ReadReply());
    if (reply->type == REDIS_REPLY_ERROR && IsOfCluster(ReplyText(*reply))) {
      const auto redirect = ParseRedirect(ReplyText(*reply), route.node->address);
      if (redirect) {
        Node& target = NodeAt(redirect->server);
        again.push_back({.command = route.command, .node = &target, .ask = redirect->ask});
        if (!redirect->ask) owners_[static_cast<std::size_t>(redirect->slot)] = &target;
      }
      stale_ = stale_ || !redirect || !redirect->ask;
    }
    replies[route.command] = std::move(reply);
  }
  return again;
}

}  // namespace quartet::events
