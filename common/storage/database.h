// common/storage: durable storage behind one small port. A Database runs
// operations: writes share transactions and their one fsync (group commit),
// reads see one snapshot. SQLite (sqlite/database.h) or PostgreSQL
// (postgres/database.h) stands behind it, and every statement is written for
// both: parameters are $1, $2, …, of types that their place in the statement
// tells; integers are BIGINT, texts are compared byte by byte, times are
// microseconds since the Unix epoch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "common/base/result.h"
#include "common/storage/statement/statement.h"

namespace quartet::storage {

struct Blob {
  std::string_view bytes;
};

// A statement's parameter: NULL, a BIGINT, a TEXT or a BLOB/BYTEA. Views must
// live until the call returns.
using Param = std::variant<std::nullptr_t, std::int64_t, std::string_view, Blob>;
// What they take, about.
std::size_t SizeOf(std::span<const Param> params);

// One row of a result; valid only inside the callback that is given it. A value of
// another type than is asked for reads as NULL does, and the query then gives
// DATA_LOSS ROW_UNREADABLE.
class Row {
 public:
  virtual ~Row() = default;
  virtual bool IsNull(int column) const = 0;
  // Of an integer column. NULL reads as 0.
  virtual std::int64_t Int(int column) const = 0;
  // Of a TEXT or BLOB column, or an integer's digits. NULL reads as ""; the view
  // dies with the callback.
  virtual std::string_view Bytes(int column) const = 0;
  std::string String(int column) const { return std::string(Bytes(column)); }
};

using RowCallback = std::function<void(const Row&)>;

// One transaction. Statements are prepared once and kept by their text, so the
// text should be a constant or one of few variants. Where what it touches is
// declared beside it, the store may run it together with others. Every parameter from $1 to
// the highest that the statement names must be given, and no more.
// The first statement that fails fails the transaction: every later one gives
// the same error, and the operation cannot succeed any more (so it is in
// PostgreSQL). What may be there already is inserted with ON CONFLICT.
// Errors: UNAVAILABLE DATABASE_UNAVAILABLE (locked, disk full, I/O; RetryInfo),
// INTERNAL for a statement that is wrong (never with its text),
// ALREADY_EXISTS UNIQUE_VIOLATION when a unique constraint refuses,
// RESOURCE_EXHAUSTED RESULT_TOO_LARGE for more rows or bytes than limits.h allows.
// DATA_LOSS ROW_UNREADABLE alone lets the operation go on: it may leave the row to
// somebody else.
//
// Operations are written as if they ran one after the other. Where several
// processes write one database, two that change the same row, or insert the same
// unique value, collide, and one of them runs again. Where one only reads what
// the other changes, they do not: who relies on a row that it does not change
// must Touch it.
class Transaction {
 public:
  virtual ~Transaction() = default;
  // Runs a statement and gives each row to `on_row`.
  virtual Status Query(const Statement& statement, std::span<const Param> params, const RowCallback& on_row) = 0;
  // Runs a statement; the number of rows it changed.
  virtual Result<std::int64_t> Execute(const Statement& statement, std::span<const Param> params) = 0;

  // Runs a statement for its effect alone. It may be under way still when this
  // returns, and its failure may then show at a later statement, or only as the
  // result of the operation: what comes after it must not depend on its success.
  virtual Status Run(const Statement& statement, std::span<const Param> params) {
    auto changed = Execute(statement, params);
    if (!changed.ok()) return std::move(changed).error();
    return {};
  }
  // As Run, of a statement that must change a row; the operation fails with
  // `if_none` if it changes none.
  virtual Status Change(const Statement& statement, std::span<const Param> params, Error if_none) {
    auto changed = Execute(statement, params);
    if (!changed.ok()) return std::move(changed).error();
    return *changed == 0 ? Status(std::move(if_none)) : Status();
  }
  // Runs an update that changes nothing, so that whoever changes the same row at
  // the same time in another process collides with this operation. A database
  // that one process alone writes need not run it. Otherwise as Run.
  virtual Status Touch(const Statement& statement, std::span<const Param> params) { return Run(statement, params); }

  // Whether other processes may write the database at the same time. Where none does, what is only there to make two
  // of them collide need not be written.
  virtual bool IsShared() const { return false; }

  // Whether every question costs a journey to a server. Then what is announced by
  // Expect is asked together.
  virtual bool IsRemote() const { return false; }
  // Announces a Query with this text and these parameters. All that
  // were announced are asked when the first of them is run. Only a hint, which
  // means nothing where the database is not remote.
  virtual void Expect(const Statement& /*statement*/, std::span<const Param> /*params*/) {}

  Status Run(const Statement& statement, std::initializer_list<Param> params = {}) {
    return Run(statement, std::span<const Param>(params.begin(), params.size()));
  }
  Status Change(const Statement& statement, std::initializer_list<Param> params, Error if_none) {
    return Change(statement, std::span<const Param>(params.begin(), params.size()), std::move(if_none));
  }
  Status Touch(const Statement& statement, std::initializer_list<Param> params) {
    return Touch(statement, std::span<const Param>(params.begin(), params.size()));
  }

  void Expect(const Statement& statement, std::initializer_list<Param> params) {
    Expect(statement, std::span<const Param>(params.begin(), params.size()));
  }

  Status Query(const Statement& statement, std::initializer_list<Param> params, const RowCallback& on_row) {
    return Query(statement, std::span<const Param>(params.begin(), params.size()), on_row);
  }
  Result<std::int64_t> Execute(const Statement& statement, std::initializer_list<Param> params) {
    return Execute(statement, std::span<const Param>(params.begin(), params.size()));
  }
};

// One unit of work of one caller. `run` may run several times, because it shares
// a transaction with others that may fail: it must have no effect outside of its
// transaction until `done` says that it is durable, and what it hands out through
// captured variables it must set anew each time. An UNAVAILABLE result leaves open
// whether it is durable: a connection that breaks keeps the answer to itself.
struct WriteOperation {
  // An error, or an exception (INTERNAL), rolls back this operation's statements
  // and harms no neighbour.
  std::function<Status(Transaction&)> run;
  // If there is one, called before `run`, and before that of others with which it
  // shares a transaction: may Expect what `run` is going to read, and nothing else.
  std::function<void(Transaction&)> expect = nullptr;
  // Called once when the result is durable or has failed, in the order in which
  // the operations were queued, on the thread that wrote them, which is the
  // database's own or that of a Perform; must be quick, must not throw and must
  // not wait for the database (it may enqueue).
  std::function<void(Status)> done;
  // What it holds while it waits, about: the requests or messages that it was made from.
  std::size_t size_bytes = 0;
};

// What a database has done since it was opened.
struct DatabaseCounters {
  std::uint64_t operations = 0;         // writes that were run, whatever came of them
  std::uint64_t failed_operations = 0;  // of these, the ones that ended in an error
  std::uint64_t transactions = 0;       // commits: each made a whole batch durable with one fsync
  std::uint64_t reruns = 0;             // batches that had to run again to isolate a failure
  std::uint64_t rejected = 0;           // writes that were refused because the queue was full
  std::uint64_t reads = 0;
  std::uint64_t statements = 0;   // that operations made; several may have travelled as one
  std::uint64_t round_trips = 0;  // how often somebody waited for a server's answer; 0 where there is no server
};

class Database {
 public:
  virtual ~Database() = default;

  // Queues an operation; concurrent ones share a transaction. When the queue
  // is full, in number or in bytes, `done` gets RESOURCE_EXHAUSTED OVERLOADED (RetryInfo) at once, on
  // this thread; after Close UNAVAILABLE DATABASE_CLOSED likewise.
  virtual void Enqueue(WriteOperation operation) = 0;

  // The same for a caller who has nothing else to do: returns after `done`. If
  // nobody writes at this moment the operation is run on this thread, which saves
  // waking another one and being woken by it. Not from within `run` or `done`, nor
  // while holding what these need.
  virtual void Perform(WriteOperation operation);

  // Runs `run` once in one read-only snapshot that sees every durable write; waits
  // for a free connection, so it must not be called from within `run`.
  virtual Status Read(const std::function<Status(Transaction&)>& run) = 0;

  // As Read, on a connection that is kept free for such reads: for what everybody depends on, and
  // what must not wait behind pages of lists. Short ones only.
  virtual Status ReadUrgent(const std::function<Status(Transaction&)>& run) { return Read(run); }

  // As Read, if that needs no waiting, neither for a connection nor for the disk or a
  // server; otherwise nothing, and `run` may have been called and have failed then.
  virtual std::optional<Status> TryRead(const std::function<Status(Transaction&)>& /*run*/) { return std::nullopt; }

  // Refuses new work, finishes what is queued, and returns after the last `done`
  // and the last Read. May be called again. Destroying the database closes it.
  virtual void Close() = 0;

  virtual DatabaseCounters Counters() const = 0;

  // Whether other processes may have it open at the same time.
  virtual bool IsShared() const { return false; }

  // Runs an operation that changes the schema: with no other of the kind beside
  // it, in whatever process, and without a limit of time.
  virtual Status ChangeSchema(const std::function<Status(Transaction&)>& run) { return Write(run); }

  // Perform, and its result.
  Status Write(std::function<Status(Transaction&)> run);
};

}  // namespace quartet::storage
