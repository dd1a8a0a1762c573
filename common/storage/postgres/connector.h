#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <random>

#include "common/base/result.h"
#include "common/storage/postgres/connection.h"

namespace quartet::storage {

// Makes a database's connections. After a failure it refuses to try again for
// a while (0.1 s at first, then longer, up to 2 s), so that a server that is
// down or full is not stormed, and callers are told at once. Thread-safe.
class PostgresConnector {
 public:
  explicit PostgresConnector(PostgresConnection::Options options);

  // Errors: UNAVAILABLE DATABASE_UNAVAILABLE in the same words always; the log has the cause.
  Result<std::unique_ptr<PostgresConnection>> Connect(PostgresConnection::Use use);

  // Tries until it succeeds or `limit` has passed; says in the log what it waits for.
  Result<std::unique_ptr<PostgresConnection>> ConnectPatiently(PostgresConnection::Use use,
                                                               std::chrono::milliseconds limit);

 private:
  void Note(const std::optional<Error>& error);

  const PostgresConnection::Options options_;
  std::mutex mutex_;
  std::optional<Error> last_error_;
  std::chrono::steady_clock::time_point not_before_;
  std::chrono::milliseconds pause_{0};
  std::minstd_rand jitter_;
};

}  // namespace quartet::storage
