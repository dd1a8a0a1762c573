#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/events/redis_bus.h"

struct redisContext;
struct redisReply;

namespace quartet::events {

struct RedisReplyDeleter {
  void operator()(redisReply* reply) const;
};
// What Redis answered. May be an error reply: see ReplyStatus.
using RedisReply = std::unique_ptr<redisReply, RedisReplyDeleter>;

// OK, or the error that `reply` carries. What passes by itself (LOADING, READONLY
// after a failover, MISCONF, OOM and all the rest) is UNAVAILABLE
// BROKER_UNAVAILABLE; a missing stream or group is NOT_FOUND BROKER_NO_GROUP.
Status ReplyStatus(const redisReply& reply);

// An error of the broker, with RetryInfo.
Error BrokerUnavailable(std::string message);

// One connection to Redis, for one thread at a time. Commands are collected, sent
// together and answered in their order; a connection that broke, or lost step, is
// closed, and the next call of EnsureConnected makes a new one.
class RedisConnection {
 public:
  explicit RedisConnection(const RedisOptions& options);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Connects unless connected, and checks that Redis does not evict.
  // `is_new` tells whether the connection was made by this call.
  // Errors: see Bus::Publish.
  Status EnsureConnected(bool* is_new = nullptr);
  bool connected() const { return context_ != nullptr; }
  void Close();

  // Adds a command to those that the next exchange sends.
  void Append(std::span<const std::string_view> arguments);
  void Append(std::initializer_list<std::string_view> arguments) {
    Append(std::span<const std::string_view>(arguments.begin(), arguments.size()));
  }
  // Bytes and commands collected so far.
  std::size_t collected_bytes() const { return output_.size(); }
  int collected_commands() const { return collected_; }

  // Sends what was collected and reads one reply for each command. Error replies
  // are replies; an Error means that the connection is gone.
  Result<std::vector<RedisReply>> Exchange();
  // Likewise for one command; an error reply becomes an Error.
  Result<RedisReply> Command(std::initializer_list<std::string_view> arguments);

  // Sends what was collected (one command that blocks for up to `block`), and
  // waits for its reply; nullptr if `interrupt_fd` became readable first, and
  // then the connection is closed, for the reply is still to come.
  Result<RedisReply> ExchangeBlocking(std::chrono::milliseconds block, int interrupt_fd);

 private:
  Status CheckPolicy();
  Status Send();
  // The next reply; waits at most `timeout` for each piece of it.
  Result<RedisReply> ReadReply(std::chrono::milliseconds timeout, int interrupt_fd);
  // Closes, and says why.
  Error Broken(std::string_view what);

  const RedisOptions options_;
  redisContext* context_ = nullptr;
  std::string output_;
  int collected_ = 0;
};

}  // namespace quartet::events
