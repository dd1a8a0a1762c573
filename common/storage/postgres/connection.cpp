#include "common/storage/postgres/connection.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <libpq-fe.h>

#include "common/base/limits.h"
#include "common/storage/operation.h"
#include "common/telemetry/log.h"

namespace quartet::storage {
namespace {

using std::chrono::milliseconds;

// Beyond them the least recently used statement is given up; filters make many.
constexpr std::size_t kStatementsMax = 256;
constexpr std::size_t kShapesMax = 1'000;
// Longer than most commits take, and much shorter than the server's one second until it looks for deadlocks: two that
// wait for each other, as replicas do whose work meets, lose no more than this.
constexpr milliseconds kLockTimeout(100);
constexpr int kBinary = 1;
// What a pipeline may hold: bytes that the server has not taken, which libpq would gather without end, and statements
// whose answers nobody has taken. Far more than a batch of the hot path has.
constexpr std::size_t kPipelineBytesMax = 4 << 20;
constexpr std::size_t kPipelineStatementsMax = 4'096;
// A server without space refuses much; the log needs not every time.
constexpr std::chrono::seconds kQuiet(1);

// The password may also come from the environment or from a file; only libpq knows.
std::string PasswordOf(const PGconn* connection) {
  const char* password = PQpass(connection);
  return password == nullptr ? "" : password;
}

// Configure reads what comes last. A cluster hands on to its other nodes what is set within a transaction (Begin).
constexpr const char* kWhatServer =
    "SELECT set_config('citus.propagate_set_commands', 'local', false) WHERE to_regproc('citus_version') IS NOT NULL;"
    "SELECT CASE WHEN to_regproc('citus_version') IS NULL THEN 'plain' ELSE 'distributed' END;";

std::string_view Field(const pg_result* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view() : text;
}

std::string SessionSettings(PostgresConnection::Use use, milliseconds statement_timeout) {
  using Use = PostgresConnection::Use;
  // A commit that is not durable must not be acknowledged, whatever the server's default.
  std::string sql =
      "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';"
      "SET client_min_messages = warning;";
  if (use == Use::kSchema) return sql + "SET statement_timeout = 0; SET lock_timeout = 0;" + kWhatServer;
  sql += fmt::format(
      "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = 60000;"
      "SET default_transaction_isolation = 'repeatable read'; SET jit = off;",
      statement_timeout.count(), kLockTimeout.count());
  // What writers run finds rows by their keys, whatever the server believes to know of the table's size.
  // Citus must see the values to find the node.
  if (use == Use::kWrite) {
    sql +=
        "SELECT set_config('plan_cache_mode', 'force_generic_plan', false) WHERE to_regproc('citus_version') IS NULL;"
        "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;";
  }
  if (use == Use::kRead) sql += "SET default_transaction_read_only = on;";
  return sql + kWhatServer;
}

}  // namespace

void PostgresConnection::Closer::operator()(pg_conn* connection) const {
  PQfinish(connection);
}

Result<std::unique_ptr<PostgresConnection>> PostgresConnection::Open(const Options& options, Use use) {
  // The target comes after what it may override.
  constexpr std::array<const char*, 9> kNames = {"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                                                 "keepalives_count", "tcp_user_timeout", "target_session_attrs",
                                                 "application_name", "dbname",           nullptr};
  const std::array<const char*, 9> values = {
      "5", "10", "5", "3", "15000", "read-write", options.application.c_str(), options.target.c_str(), nullptr};
  PGconn* opened = PQconnectdbParams(kNames.data(), values.data(), /*expand_dbname=*/1);
  if (opened == nullptr) return PostgresUnreachable("no memory");
  std::unique_ptr<PostgresConnection> connection(new PostgresConnection(opened, options, use));
  if (PQstatus(opened) != CONNECTION_OK) return PostgresUnreachable(connection->ServerMessage());
  QUARTET_RETURN_IF_ERROR(connection->Configure(options));
  return connection;
}

PostgresConnection::PostgresConnection(pg_conn* connection, const Options& options, Use use)
    : use_(use),
      password_(PasswordOf(connection)),
      patience_(options.statement_timeout + options.patience),
      limits_of_time_({fmt::format("SET LOCAL lock_timeout = {}", kLockTimeout.count()),
                       fmt::format("SET LOCAL statement_timeout = {}", options.statement_timeout.count())}),
      connection_(connection),
      statements_(kStatementsMax) {}

PostgresConnection::~PostgresConnection() = default;

Status PostgresConnection::Configure(const Options& options) {
  PGconn* connection = connection_.get();
  PQsetNoticeReceiver(
      connection,
      [](void* self, const PGresult* notice) { static_cast<PostgresConnection*>(self)->TakeNotice(notice); }, this);
  if (PQsetnonblocking(connection, 1) != 0 ||
      PQsendQuery(connection, SessionSettings(use_, options.statement_timeout).c_str()) != 1) {
    return PostgresUnreachable(ServerMessage());
  }
  Flush(/*wait=*/true);
  for (PostgresResult result; !lost_;) {
    if (PQisBusy(connection) == 1) {
      WaitForSocket(/*write=*/false);
      continue;
    }
    result.reset(PQgetResult(connection));
    if (result == nullptr) break;
    if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR) return PostgresUnreachable(ServerMessage());
    if (PQntuples(result.get()) == 1) takes_sets_ = std::string_view(PQgetvalue(result.get(), 0, 0)) == "plain";
  }
  if (lost_) return failure_->error;
  if (PQenterPipelineMode(connection) != 1) return PostgresUnreachable(ServerMessage());
  if (use_ == Use::kSchema) patience_ = milliseconds(0);
  return {};
}

void PostgresConnection::TakeNotice(const pg_result* notice) {
  // Others do not speak of the commit. What another node of a cluster has said no longer tells which function said it.
  const std::string_view function = Field(notice, PG_DIAG_SOURCE_FUNCTION);
  if (function == "SyncRepWaitForLSN" || function == "DefaultCitusNoticeReceiver") warned_ = true;
  LogSparingly("the database warns", notice, warning_quiet_until_);
}

void PostgresConnection::LogSparingly(std::string_view event, const pg_result* result,
                                      std::chrono::steady_clock::time_point& quiet_until) {
  const auto now = std::chrono::steady_clock::now();
  if (now < quiet_until) return;
  quiet_until = now + kQuiet;
  telemetry::LogWarning(event, {{"code", std::string(Field(result, PG_DIAG_SQLSTATE))},
                                {"detail", std::string(Field(result, PG_DIAG_MESSAGE_PRIMARY))}});
}

std::string PostgresConnection::ServerMessage() const {
  return WithoutSecret(PQerrorMessage(connection_.get()), password_);
}

void PostgresConnection::Lose(std::string_view detail) {
  lost_ = true;
  pending_.clear();
  if (!detail.empty()) telemetry::LogWarning("a connection to the database is lost", {{"detail", std::string(detail)}});
  // A failure that was there before explains more.
  if (!failure_ || failure_->kind != PostgresFailure::kConnection) {
    failure_ = {.kind = PostgresFailure::kConnection, .error = PostgresUnreachable()};
  }
}

void PostgresConnection::NoteIfFailed(int sent) {
  if (sent != 1) Lose(ServerMessage());
}

void PostgresConnection::Send(std::string_view sql, std::span<const WireValue> params, Wanted wanted) {
  if (failure_) return;
  PGconn* connection = connection_.get();
  auto statement = statements_.Find(sql);
  if (statement == nullptr) {
    statement = statements_.Add(sql);
    NoteIfFailed(PQsendPrepare(connection, statement->name.c_str(), statement->sql.c_str(), 0, nullptr));
    if (lost_) return;
    pending_.push_back({.kind = Pending::Kind::kPrepare, .statement = statement, .wanted = {}});
    if (const auto evicted = statements_.Evict(); evicted != nullptr) {
      const std::string deallocate = "DEALLOCATE " + evicted->name;
      NoteIfFailed(PQsendQueryParams(connection, deallocate.c_str(), 0, nullptr, nullptr, nullptr, nullptr, kBinary));
      if (lost_) return;
      pending_.push_back({.kind = Pending::Kind::kStatement, .statement = evicted, .wanted = {}});
    }
  }
  std::vector<const char*> values;
  std::vector<int> sizes;
  for (const WireValue& param : params) {
    values.push_back(param.data);
    sizes.push_back(static_cast<int>(param.size));
  }
  const std::vector<int> formats(params.size(), kBinary);
  NoteIfFailed(PQsendQueryPrepared(connection, statement->name.c_str(), static_cast<int>(params.size()), values.data(),
                                   sizes.data(), formats.data(), kBinary));
  if (lost_) return;
  pending_.push_back(
      {.kind = Pending::Kind::kStatement, .statement = std::move(statement), .wanted = std::move(wanted)});
  std::size_t bytes = 0;
  for (const WireValue& param : params) bytes += param.size;
  BoundPipeline(bytes);
}

void PostgresConnection::BoundPipeline(std::size_t bytes) {
  unflushed_bytes_ += bytes;
  if (unflushed_bytes_ > kPipelineBytesMax) {
    // Takes in what the server has to say meanwhile, so that neither waits for the other.
    Flush(/*wait=*/true);
    unflushed_bytes_ = 0;
  }
  if (pending_.size() >= kPipelineStatementsMax) Await();
}

std::shared_ptr<const StatementShape> PostgresConnection::ShapeOf(const Statement& statement) {
  Shapes& shapes = statement.is_opaque() ? opaque_shapes_ : declared_shapes_;
  if (const auto found = shapes.find(statement.sql()); found != shapes.end()) return found->second;
  // Those that the transaction has kept live on.
  if (shapes.size() == kShapesMax) shapes.clear();
  auto shape = std::make_shared<const StatementShape>(storage::ShapeOf(statement));
  shapes.emplace(statement.sql(), shape);
  return shape;
}

void PostgresConnection::Begin() {
  Send("BEGIN");
  if (takes_sets_) return;
  for (const std::string& setting : limits_of_time_) Send(setting);
}

bool PostgresConnection::HasOpenChecks() const {
  return std::ranges::any_of(pending_, [](const Pending& pending) { return !pending.wanted.if_none.empty(); });
}

void PostgresConnection::Await() {
  if (failure_) return;
  NoteIfFailed(PQsendFlushRequest(connection_.get()));
  AwaitAnswers();
}

void PostgresConnection::AwaitSync() {
  if (lost_) return;
  NoteIfFailed(PQpipelineSync(connection_.get()));
  if (!lost_) pending_.push_back({.kind = Pending::Kind::kSync, .statement = nullptr, .wanted = {}});
  AwaitAnswers();
}

void PostgresConnection::PushSync() {
  if (lost_) return;
  NoteIfFailed(PQpipelineSync(connection_.get()));
  if (lost_) return;
  pending_.push_back({.kind = Pending::Kind::kSync, .statement = nullptr, .wanted = {}});
  Flush(/*wait=*/true);
}

void PostgresConnection::AwaitAnswers() {
  unflushed_bytes_ = 0;
  round_trips_.fetch_add(1, std::memory_order_relaxed);
  Flush(/*wait=*/false);
  Drain(/*wait=*/true);
}

bool PostgresConnection::Recover() {
  if (lost_) return false;
  if (!failure_) return true;
  if (failure_->kind == PostgresFailure::kConnection) {
    Lose("");
    return false;
  }
  // What was queued is skipped by the server up to the Sync.
  AwaitSync();
  if (lost_) return false;
  failure_.reset();
  return true;
}

bool PostgresConnection::Alive() {
  if (lost_) return false;
  pollfd socket{.fd = PQsocket(connection_.get()), .events = POLLIN | POLLRDHUP, .revents = 0};
  if (poll(&socket, 1, 0) > 0) {
    if ((socket.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) != 0) {
      Lose("the server has closed the connection");
    } else {
      // The answers that nobody has waited for.
      NoteIfFailed(PQconsumeInput(connection_.get()));
      Drain(/*wait=*/false);
    }
  }
  return !lost_ && !failure_;
}

void PostgresConnection::Drain(bool wait) {
  PGconn* connection = connection_.get();
  while (!lost_ && !pending_.empty()) {
    if (PQisBusy(connection) == 1) {
      if (!wait) return;
      WaitForSocket(PQflush(connection) > 0);
      continue;
    }
    PostgresResult result(PQgetResult(connection));
    if (PQstatus(connection) != CONNECTION_OK) {
      // The server's last words, if there are any: "terminating connection due to administrator command".
      Lose(ServerMessage());
      return;
    }
    if (result != nullptr) {
      Accept(std::move(result));
    } else if (pending_.front().answered) {
      pending_.pop_front();
    } else {
      Lose("an answer is missing");
    }
  }
}

void PostgresConnection::Accept(PostgresResult result) {
  Pending& pending = pending_.front();
  const ExecStatusType status = PQresultStatus(result.get());
  if (pending.kind == Pending::Kind::kSync) {
    if (status != PGRES_PIPELINE_SYNC) {
      Lose("answers have got out of step");
    } else {
      pending_.pop_front();
    }
    return;
  }
  pending.answered = true;
  const bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
  if (done && !failure_ && !pending.wanted.if_none.empty()) Check(result.get(), pending.wanted);
  if (done && !failure_ && PQresultMemorySize(result.get()) > limits::kResultBytesMax) {
    failure_ = {.kind = PostgresFailure::kStatement, .error = ResultTooLarge()};
  }
  if (done && pending.wanted.result != nullptr) *pending.wanted.result = std::move(result);
  if (done) return;
  if (pending.kind == Pending::Kind::kPrepare) statements_.Forget(*pending.statement);
  if (status != PGRES_PIPELINE_ABORTED) Refuse(result.get(), pending);
}

void PostgresConnection::Check(const pg_result* result, Wanted& wanted) {
  const std::size_t rows = wanted.if_none.size();
  if (std::string_view(PQcmdTuples(const_cast<pg_result*>(result))) == std::to_string(rows)) return;
  std::vector<bool> changed(rows);
  for (int row = 0; row < PQntuples(result); ++row) {
    const std::int64_t number = IntegerAt(result, row, 0);
    if (number >= 1 && number <= std::ssize(changed)) changed[static_cast<std::size_t>(number - 1)] = true;
  }
  const auto unchanged = std::ranges::find(changed, false) - changed.begin();
  failure_ = {.kind = PostgresFailure::kStatement,
              .error = std::move(wanted.if_none[static_cast<std::size_t>(unchanged) % rows])};
}

void PostgresConnection::Refuse(const pg_result* result, const Pending& pending) {
  if (failure_) return;
  const PostgresRefusal refusal = {.code = Field(result, PG_DIAG_SQLSTATE),
                                   .function = Field(result, PG_DIAG_SOURCE_FUNCTION),
                                   .message = Field(result, PG_DIAG_MESSAGE_PRIMARY)};
  const PostgresFailure kind = ClassifyPostgres(refusal, use_ == Use::kRead);
  if (kind == PostgresFailure::kStatement) {
    telemetry::LogError("statement refused", {{"code", std::string(refusal.code)},
                                              {"detail", std::string(refusal.message)},
                                              {"sql", pending.statement->sql}});
  }
  if (kind == PostgresFailure::kUnavailable || kind == PostgresFailure::kConnection)
    LogSparingly("the database cannot serve", result, refusal_quiet_until_);
  failure_ = {.kind = kind, .error = PostgresError(kind, refusal.code)};
}

void PostgresConnection::Flush(bool wait) {
  while (!lost_) {
    const int left = PQflush(connection_.get());
    if (left < 0) Lose(ServerMessage());
    if (left <= 0 || !wait) return;
    WaitForSocket(/*write=*/true);
  }
}

void PostgresConnection::WaitForSocket(bool write) {
  const auto events = static_cast<short>(write ? POLLIN | POLLOUT : POLLIN);
  pollfd socket{.fd = PQsocket(connection_.get()), .events = events, .revents = 0};
  const int timeout_ms = patience_.count() == 0 ? -1 : static_cast<int>(patience_.count());
  const int ready = poll(&socket, 1, timeout_ms);
  if (ready < 0 && errno == EINTR) return;
  if (ready < 0) return Lose(std::strerror(errno));
  if (ready == 0) return Lose("the server does not answer");
  if ((socket.revents & (POLLIN | POLLERR | POLLHUP)) != 0) NoteIfFailed(PQconsumeInput(connection_.get()));
}

}  // namespace quartet::storage
