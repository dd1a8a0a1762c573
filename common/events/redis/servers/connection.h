#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/config/address.h"
#include "common/events/redis/bus.h"

struct redisContext;
struct redisReply;

namespace quartet::events {

struct RedisReplyDeleter {
  void operator()(redisReply* reply) const;
};
// What Redis answered. May be an error reply: see ReplyStatus.
using RedisReply = std::unique_ptr<redisReply, RedisReplyDeleter>;

// The text of a string, a status or an error; empty for the rest.
std::string_view ReplyText(const redisReply& reply);

// OK, or the error that `reply` carries. What passes by itself (LOADING, READONLY
// after a failover, CLUSTERDOWN, MISCONF, OOM and all the rest) is UNAVAILABLE
// BROKER_UNAVAILABLE; a missing stream or group is NOT_FOUND BROKER_NO_GROUP; a stream
// that is sealed (redis/layout.h) is FAILED_PRECONDITION BROKER_PARTITIONS.
Status ReplyStatus(const redisReply& reply);

// What Redis says where the stream's last entry has the highest id there is.
inline constexpr std::string_view kExhausted = "ERR The stream has exhausted the last possible ID";

// An error of the broker, with RetryInfo.
Error BrokerUnavailable(std::string message);

// Adds a command in the form in which it travels.
void EncodeCommand(std::string& output, std::span<const std::string_view> arguments);

// One connection to one server, for one thread at a time. Commands are collected,
// sent together and answered in their order; a connection that broke, or lost step,
// is closed.
class RedisConnection {
 public:
  explicit RedisConnection(const RedisOptions& options);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Connects anew and logs in. Errors: UNAVAILABLE BROKER_UNAVAILABLE.
  Status Open(const config::Address& address);
  // Likewise to a Sentinel, which has a password of its own.
  Status OpenSentinel(const config::Address& address);
  // That the server does not evict. Errors: as Open, and FAILED_PRECONDITION
  // BROKER_MAY_EVICT.
  Status CheckPolicy();
  bool connected() const { return context_ != nullptr; }
  void Close();

  // Adds a command to those that are sent next.
  void Append(std::span<const std::string_view> arguments);
  void Append(std::initializer_list<std::string_view> arguments) {
    Append(std::span<const std::string_view>(arguments.begin(), arguments.size()));
  }
  // One that EncodeCommand made.
  void AppendEncoded(std::string_view command);
  // Bytes and commands collected so far.
  std::size_t collected_bytes() const { return output_.size(); }
  int collected_commands() const { return collected_; }

  // Sends what was collected and reads one reply for each command. Error replies
  // are replies; an Error means that the connection is gone.
  Result<std::vector<RedisReply>> Exchange();
  // Likewise for one command; an error reply becomes an Error.
  Result<RedisReply> Command(std::initializer_list<std::string_view> arguments);
  // The same where the last command blocks for up to `block`: its reply is nullptr
  // if `interrupt_fd` became readable first, and then the connection is closed,
  // for that reply is still to come.
  Result<std::vector<RedisReply>> ExchangeBlocking(std::chrono::milliseconds block, int interrupt_fd);

  // The halves of an exchange, for a caller who talks to several servers at once.
  Status Send();
  Result<RedisReply> ReadReply() { return ReadReply(options_.command_timeout, -1); }
  // What to poll for a reply.
  int fd() const;

 private:
  Status Connect(const config::Address& address, const std::string& user, const std::string& password);
  Status LogIn(const std::string& user, const std::string& password);
  // The next reply; waits at most `timeout` for each piece of it.
  Result<RedisReply> ReadReply(std::chrono::milliseconds timeout, int interrupt_fd);
  // Closes, and says why.
  Error Broken(std::string_view what);

  const RedisOptions options_;
  config::Address address_;
  redisContext* context_ = nullptr;
  std::string output_;
  int collected_ = 0;
};

}  // namespace quartet::events
