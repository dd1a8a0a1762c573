#include "common/storage/postgres/connector.h"

#include <algorithm>
#include <string>
#include <thread>
#include <utility>

#include "common/telemetry/log.h"

namespace quartet::storage {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kPauseMin(100);
constexpr milliseconds kPauseMax(2'000);

}  // namespace

PostgresConnector::PostgresConnector(PostgresConnection::Options options)
    : options_(std::move(options)), jitter_(std::random_device{}()) {}

Result<std::unique_ptr<PostgresConnection>> PostgresConnector::Connect(PostgresConnection::Use use) {
  {
    const std::lock_guard lock(mutex_);
    if (last_error_ && steady_clock::now() < not_before_) return PostgresUnreachable();
  }
  auto connection = PostgresConnection::Open(options_, use);
  Note(connection.ok() ? std::nullopt : std::optional(connection.error()));
  if (!connection.ok()) return PostgresUnreachable();
  return connection;
}

void PostgresConnector::Note(const std::optional<Error>& error) {
  const std::lock_guard lock(mutex_);
  if (!error) {
    if (last_error_) telemetry::LogInfo("the database can be reached", {{"application", options_.application}});
    last_error_.reset();
    pause_ = milliseconds(0);
    return;
  }
  // One line per trouble, not one per try.
  if (!last_error_ || last_error_->message != error->message) {
    telemetry::LogError("the database cannot be reached; trying again",
                        {{"application", options_.application}, {"error", error->message}});
  }
  last_error_ = error;
  pause_ = std::clamp(pause_ * 2, kPauseMin, kPauseMax);
  std::uniform_int_distribution<milliseconds::rep> part(pause_.count() / 2, pause_.count());
  not_before_ = steady_clock::now() + milliseconds(part(jitter_));
}

Result<std::unique_ptr<PostgresConnection>> PostgresConnector::ConnectPatiently(PostgresConnection::Use use,
                                                                                milliseconds limit) {
  const auto deadline = steady_clock::now() + limit;
  for (;;) {
    auto connection = Connect(use);
    const auto now = steady_clock::now();
    if (connection.ok() || now >= deadline) return connection;
    std::unique_lock lock(mutex_);
    const auto next = std::min(std::max(not_before_, now), deadline);
    lock.unlock();
    std::this_thread::sleep_until(next);
  }
}

}  // namespace quartet::storage
