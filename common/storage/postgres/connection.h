#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/base/result.h"
#include "common/storage/database.h"
#include "common/storage/postgres/batching/statement_shape.h"
#include "common/storage/postgres/error.h"
#include "common/storage/postgres/params.h"
#include "common/storage/postgres/result.h"
#include "common/storage/postgres/statements.h"

struct pg_conn;

namespace quartet::storage {

// A connection to the server that takes writes, always in pipeline mode:
// statements are sent without waiting for the answers to those before, so what
// is asked together costs one round trip. The first failure sticks: what is
// queued after it is not run, until Recover. Used from one thread at a time.
class PostgresConnection {
 public:
  enum class Use {
    kWrite,   // default isolation REPEATABLE READ
    kRead,    // the same, and nothing can be changed
    kSchema,  // READ COMMITTED, and no limit of time
  };

  struct Options {
    std::string target;                                   // a connection string or URI of libpq
    std::string application;                              // how the server's operator sees it
    std::chrono::milliseconds statement_timeout{10'000};  // a statement that takes longer fails
    // A server that has not said a word for so long beyond that is given up.
    std::chrono::milliseconds patience{5'000};
  };

  struct Failure {
    PostgresFailure kind = PostgresFailure::kStatement;
    Error error;
  };

  // Errors: UNAVAILABLE DATABASE_UNAVAILABLE with the words of libpq, which name
  // hosts and users: for the log, not for callers. Never with a password.
  static Result<std::unique_ptr<PostgresConnection>> Open(const Options& options, Use use);
  ~PostgresConnection();
  PostgresConnection(const PostgresConnection&) = delete;
  PostgresConnection& operator=(const PostgresConnection&) = delete;

  // What is wanted of a statement but its success.
  struct Wanted {
    // If it is to change as many rows as these are: the failures that one of them
    // is not changed. If its result has rows, they hold the numbers (from 1 on) of
    // those that are. Such a failure does not keep the server from running what is
    // queued after it.
    std::vector<Error> if_none;
    // Where its result is to go; set when Await returns without a failure.
    PostgresResult* result = nullptr;
  };

  // Queues a statement. `params` are copied. What is queued without being waited for
  // is bounded: beyond that this waits, for the socket or for the answers.
  void Send(std::string_view sql, std::span<const WireValue> params, Wanted wanted);
  void Send(std::string_view sql, std::span<const Param> params = {}) { Send(sql, WireParams(params).values(), {}); }
  // Queues the begin of a transaction. Its limits of time then hold on all nodes that it comes to.
  void Begin();
  bool AwaitsAnswers() const { return !pending_.empty(); }
  // Whether a statement's answer is awaited that may be a failure by `if_none`.
  bool HasOpenChecks() const;
  // Sends what is queued and waits for all answers; see failure().
  void Await();
  // The same at the end of a transaction or after a failure: the server settles
  // its accounts, and takes statements again.
  void AwaitSync();
  // Sends what is queued and a Sync, and does not wait; the next Await does.
  void PushSync();

  // The first failure since the connection was opened or recovered.
  const std::optional<Failure>& failure() const { return failure_; }
  // After a failed statement: from here on statements run again. False if the connection is lost.
  bool Recover();
  // Whether it is still of use, as far as can be told without waiting.
  bool Alive();
  // Whether the server has warned since the last call that a commit waits for no standby any more.
  bool TakeWarning() { return std::exchange(warned_, false); }

  // What is declared of a statement; kept, as the texts are few.
  std::shared_ptr<const StatementShape> ShapeOf(const Statement& statement);
  // Whether statements for many rows serve here: they have no place on Citus,
  // which must see the one shard that a statement is for.
  bool TakesSets() const { return takes_sets_; }

  // Statements of operations, as they count them, and waits of any kind.
  // `bytes`: of its parameters.
  void CountStatement(std::size_t bytes) {
    statement_count_.fetch_add(1, std::memory_order_relaxed);
    param_bytes_ += bytes;
  }
  std::size_t param_bytes() const { return param_bytes_; }
  std::uint64_t statement_count() const { return statement_count_.load(std::memory_order_relaxed); }
  std::uint64_t round_trips() const { return round_trips_.load(std::memory_order_relaxed); }

 private:
  struct Pending {
    enum class Kind { kPrepare, kStatement, kSync };
    Kind kind = Kind::kStatement;
    std::shared_ptr<PostgresStatements::Entry> statement;  // none for a Sync
    Wanted wanted;
    bool answered = false;
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Closer {
    void operator()(pg_conn* connection) const;
  };

  PostgresConnection(pg_conn* connection, const Options& options, Use use);
  Status Configure(const Options& options);
  void AwaitAnswers();
  void Drain(bool wait);
  void Accept(PostgresResult result);
  void Refuse(const pg_result* result, const Pending& pending);
  void TakeNotice(const pg_result* notice);
  // Logs what the server says, unless it is quiet until later.
  static void LogSparingly(std::string_view event, const pg_result* result,
                           std::chrono::steady_clock::time_point& quiet_until);
  void Check(const pg_result* result, Wanted& wanted);
  void Flush(bool wait);
  // Waits until the socket can be read, or written if that is wanted.
  void WaitForSocket(bool write);
  // Keeps what is queued within its bounds, after so many bytes more.
  void BoundPipeline(std::size_t bytes);
  // `detail` is for the log; "" if it is there already.
  void Lose(std::string_view detail);
  void NoteIfFailed(int sent);
  std::string ServerMessage() const;

  const Use use_;
  const std::string password_;
  std::chrono::milliseconds patience_{0};  // for the next word of the server; 0: without end
  const std::array<std::string, 2> limits_of_time_;
  std::unique_ptr<pg_conn, Closer> connection_;
  PostgresStatements statements_;
  // By their texts; the same text may be declared here and opaque there.
  using Shapes = std::unordered_map<std::string, std::shared_ptr<const StatementShape>, TextHash, std::equal_to<>>;
  Shapes declared_shapes_;
  Shapes opaque_shapes_;
  bool takes_sets_ = true;
  std::size_t unflushed_bytes_ = 0;  // since libpq held none for certain
  std::size_t param_bytes_ = 0;
  std::deque<Pending> pending_;
  std::optional<Failure> failure_;
  bool lost_ = false;
  bool warned_ = false;
  // In the log; one kind does not hide the other.
  std::chrono::steady_clock::time_point warning_quiet_until_;
  std::chrono::steady_clock::time_point refusal_quiet_until_;
  std::atomic<std::uint64_t> statement_count_ = 0;
  std::atomic<std::uint64_t> round_trips_ = 0;
};

}  // namespace quartet::storage
