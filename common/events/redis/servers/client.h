#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/config/address.h"
#include "common/events/redis/bus.h"
#include "common/events/redis/servers/connection.h"

namespace quartet::events {

// Commands to Redis, whatever it consists of: one server, the master that Sentinels
// name, or a cluster. Each command comes with the key that it is about, which says
// where it goes. Commands of one key are carried out in their order, also when their
// key moves to another server at that moment. For one thread at a time.
class RedisClient {
 public:
  virtual ~RedisClient() = default;

  // Connects unless connected. `is_new` tells that a connection broke, or there was
  // none, since the last call. Errors: see Bus::Publish.
  virtual Status EnsureConnected(bool* is_new = nullptr) = 0;
  // Gives up every connection.
  virtual void Close() = 0;
  // Connects anew, to every server that is or may become a master, and checks each.
  // Errors: see Bus::Publish.
  virtual Status Check() = 0;

  // Adds a command to those that the next exchange sends.
  virtual void Append(std::string_view key, std::span<const std::string_view> arguments) = 0;
  void Append(std::string_view key, std::initializer_list<std::string_view> arguments) {
    Append(key, std::span<const std::string_view>(arguments.begin(), arguments.size()));
  }
  // Bytes and commands collected so far.
  virtual std::size_t collected_bytes() const = 0;
  virtual int collected_commands() const = 0;

  // Sends what was collected and gives one reply for each command. Error replies are
  // replies; an Error means that connections are gone.
  virtual Result<std::vector<RedisReply>> Exchange() = 0;
  // Likewise for one command; an error reply becomes an Error.
  Result<RedisReply> Command(std::string_view key, std::initializer_list<std::string_view> arguments);

  // The server where commands of `key` go now. Errors: UNAVAILABLE.
  virtual Result<config::Address> ServerOf(std::string_view key) = 0;
  // The one connection that all commands go over; nullptr in a cluster.
  virtual RedisConnection* only_connection() = 0;
};

std::unique_ptr<RedisClient> MakeRedisClient(const RedisOptions& options);

}  // namespace quartet::events
