#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/events/redis/servers/client.h"

namespace quartet::events {

// Waits for new entries on several streams of a cluster, which one command cannot do
// when they lie in different slots: one read blocks on each, on a connection of its
// own, and poll(2) waits for them all. Once the first has something the others are
// told to come back (CLIENT UNBLOCK), so that none is left waiting, and takes entries
// for a consumer that is busy, after Wait has returned. For one thread at a time.
class WaitingReads {
 public:
  struct Reader {
    std::string_view group;
    std::string_view consumer;
    std::string_view count;  // entries of each stream at most
  };

  // Both must outlive this; the client belongs to the same thread.
  WaitingReads(const RedisOptions& options, RedisClient& client);

  // The answers of XREADGROUP for those of `keys` where it found something, waiting
  // up to `timeout` (positive) for the first, or until `interrupt_fd` is readable. A
  // stream that is on its way to another server is no error: it is left to the next
  // ordinary read. Errors: UNAVAILABLE BROKER_UNAVAILABLE; then entries may have been
  // handed over that nobody saw.
  Result<std::vector<RedisReply>> Wait(const Reader& reader, std::span<const std::string_view> keys,
                                       std::chrono::milliseconds timeout, int interrupt_fd);

 private:
  struct Place {
    explicit Place(const RedisOptions& options) : connection(options) {}
    config::Address server;
    RedisConnection connection;
    std::string id;  // Redis's number of this connection
    bool waiting = false;
  };
  using Places = std::map<std::string, std::unique_ptr<Place>, std::less<>>;

  // A connection to the server that has `key`.
  Status Open(const std::string& key, Place& place);
  Status Begin(const Reader& reader, std::span<const std::string_view> keys, std::chrono::milliseconds timeout);
  // Until something is found, or all reads have come back, or time is up.
  Status WaitForFirst(std::chrono::milliseconds timeout, int interrupt_fd, std::vector<RedisReply>& found);
  // Takes the answer of a read that has come back; whether it is an error's.
  Result<bool> Take(Place& place, std::vector<RedisReply>& found);
  // Makes those that still wait come back.
  Status End(std::vector<RedisReply>& found);

  const RedisOptions options_;
  RedisClient& client_;
  Places places_;  // by key
};

}  // namespace quartet::events
