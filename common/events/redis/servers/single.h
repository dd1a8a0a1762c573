#pragma once

#include <string_view>

#include "common/events/redis/servers/client.h"

namespace quartet::events {

// One server: the one that is named, or the master that Sentinels name, who are asked
// again after each broken connection.
class RedisSingle final : public RedisClient {
 public:
  using RedisClient::Append;

  explicit RedisSingle(const RedisOptions& options);

  Status EnsureConnected(bool* is_new) override;
  void Close() override { connection_.Close(); }
  Status Check() override;
  void Append(std::string_view key, std::span<const std::string_view> arguments) override;
  std::size_t collected_bytes() const override { return connection_.collected_bytes(); }
  int collected_commands() const override { return connection_.collected_commands(); }
  Result<std::vector<RedisReply>> Exchange() override { return connection_.Exchange(); }
  Result<config::Address> ServerOf(std::string_view key) override;
  RedisConnection* only_connection() override { return &connection_; }

 private:
  Status Connect();
  bool by_sentinel() const { return options_.address.kind == config::RedisAddress::Kind::kSentinel; }

  const RedisOptions options_;
  RedisConnection connection_;
  config::Address server_;
};

}  // namespace quartet::events
