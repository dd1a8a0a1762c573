#include "common/storage/postgres/database.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "common/storage/postgres/transaction.h"
#include "common/telemetry/log.h"

namespace quartet::storage {
namespace {

using Use = PostgresConnection::Use;

// Holds for the whole database; whoever changes the schema takes it. "quartet" in ASCII.
constexpr std::string_view kLockSchema = "SELECT pg_advisory_xact_lock(31933965206250868)";

// Whether texts are ordered by their bytes: a capital before every small letter, ASCII before the rest, spaces count.
constexpr std::string_view kLook =
    "SELECT CAST(current_setting('server_version_num') AS BIGINT), current_setting('server_encoding'), "
    "'B' < 'a' AND 'z' < U&'\\00e4' AND 'a b' < 'ab', current_setting('fsync')";
constexpr std::int64_t kVersionMin = 130'000;

Error Unsuitable(std::string message) {
  return FailedPrecondition("DATABASE_UNSUITABLE", std::move(message));
}

Status CheckServer(Transaction& transaction) {
  std::int64_t version = 0;
  std::string encoding;
  bool by_bytes = false;
  std::string fsync;
  QUARTET_RETURN_IF_ERROR(transaction.Query(kLook, {}, [&](const Row& row) {
    version = row.Int(0);
    encoding = row.String(1);
    by_bytes = row.Int(2) != 0;
    fsync = row.String(3);
  }));
  if (version < kVersionMin) {
    return Unsuitable(fmt::format("the server is PostgreSQL {}; 13 or later is needed", version / 10'000));
  }
  if (encoding != "UTF8" || !by_bytes) {
    return Unsuitable(
        "the database must hold UTF-8 and order text by its bytes; create it with: "
        "CREATE DATABASE … TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'");
  }
  if (fsync != "on") telemetry::LogWarning("the server runs with fsync off: a power failure may lose everything");
  return {};
}

}  // namespace

Result<std::unique_ptr<PostgresDatabase>> PostgresDatabase::Open(const PostgresOptions& options) {
  std::unique_ptr<PostgresDatabase> database(new PostgresDatabase(options));
  QUARTET_ASSIGN_OR_RETURN(const ConnectionPtr connection,
                           database->connector_.ConnectPatiently(Use::kSchema, options.start_limit));
  QUARTET_RETURN_IF_ERROR(database->Prepare(*connection));
  return database;
}

PostgresDatabase::PostgresDatabase(const PostgresOptions& options)
    : connector_({.target = options.target,
                  .application = options.application,
                  .statement_timeout = options.statement_timeout,
                  .patience = options.patience}),
      session_(connector_, options.outcome_limit),
      readers_max_(std::max<std::size_t>(options.connections, 2) - 1),
      commits_(session_, {.queue_limit = options.queue_limit,
                          .queue_bytes_limit = options.queue_bytes_limit,
                          .batch_limit = options.batch_limit,
                          .batch_bytes_limit = options.batch_bytes_limit}) {}

PostgresDatabase::~PostgresDatabase() {
  Close();
}

Status PostgresDatabase::Prepare(PostgresConnection& connection) {
  PostgresWorkingSet working_set(connection);
  PostgresTransaction transaction(working_set);
  QUARTET_RETURN_IF_ERROR(CheckServer(transaction));
  return ChangeSchema([](Transaction& change) -> Status {
    QUARTET_RETURN_IF_ERROR(change.Run(PostgresWriteSession::kCreateOutcomes));
    return change.Run(PostgresWriteSession::kDeleteOldOutcomes);
  });
}

void PostgresDatabase::Enqueue(WriteOperation operation) {
  commits_.Enqueue(std::move(operation));
}

void PostgresDatabase::Perform(WriteOperation operation) {
  commits_.Perform(std::move(operation));
}

Status PostgresDatabase::Read(const std::function<Status(Transaction&)>& run) {
  return ReadOn(TakeReader(/*urgent=*/false), run);
}

Status PostgresDatabase::ReadUrgent(const std::function<Status(Transaction&)>& run) {
  return ReadOn(TakeReader(/*urgent=*/true), run);
}

Status PostgresDatabase::ReadOn(Result<ConnectionPtr> taken, const std::function<Status(Transaction&)>& run) {
  QUARTET_ASSIGN_OR_RETURN(ConnectionPtr reader, std::move(taken));
  const std::uint64_t statements = reader->statement_count();
  const std::uint64_t round_trips = reader->round_trips();
  // Goes with the first statement, as the end does without waiting: a read of one statement is one round trip.
  reader->Begin();
  PostgresWorkingSet working_set(*reader);
  Status status = PostgresTransaction(working_set).RunOperation(run, /*settle=*/true);
  const bool recovered = reader->Recover();
  if (recovered) {
    reader->Send("ROLLBACK");
    reader->PushSync();
  }
  reads_.fetch_add(1, std::memory_order_relaxed);
  read_statements_.fetch_add(reader->statement_count() - statements, std::memory_order_relaxed);
  read_round_trips_.fetch_add(reader->round_trips() - round_trips, std::memory_order_relaxed);
  if (!recovered) reader.reset();
  GiveBack(std::move(reader));
  return status;
}

Status PostgresDatabase::ChangeSchema(const std::function<Status(Transaction&)>& run) {
  QUARTET_ASSIGN_OR_RETURN(const ConnectionPtr connection, connector_.Connect(Use::kSchema));
  connection->Send("BEGIN");
  connection->Send(kLockSchema);
  // A failure ends the transaction with its connection.
  PostgresWorkingSet working_set(*connection);
  QUARTET_RETURN_IF_ERROR(PostgresTransaction(working_set).RunOperation(run, /*settle=*/true));
  connection->Send("COMMIT");
  connection->AwaitSync();
  const auto& failure = connection->failure();
  return failure ? Status(failure->error) : Status();
}

void PostgresDatabase::Close() {
  commits_.Close();
  std::unique_lock lock(mutex_);
  closed_ = true;
  reader_changed_.notify_all();
  urgent_changed_.notify_all();
  reader_changed_.wait(lock, [this] { return readers_in_use_ == 0; });
  free_readers_.clear();
}

DatabaseCounters PostgresDatabase::Counters() const {
  DatabaseCounters counters;
  commits_.AddTo(counters);
  counters.reads = reads_.load(std::memory_order_relaxed);
  counters.statements = session_.statement_count() + read_statements_.load(std::memory_order_relaxed);
  counters.round_trips = session_.round_trips() + read_round_trips_.load(std::memory_order_relaxed);
  return counters;
}

Result<PostgresDatabase::ConnectionPtr> PostgresDatabase::TakeReader(bool urgent) {
  std::unique_lock lock(mutex_);
  has_urgent_ = has_urgent_ || urgent;
  const auto may_use = [&] {
    const std::size_t kept_free = has_urgent_ && !urgent && readers_max_ > 1 ? 1 : 0;
    return closed_ || readers_in_use_ + kept_free < readers_max_;
  };
  if (urgent) {
    ++urgent_waiting_;
    urgent_changed_.wait(lock, may_use);
    --urgent_waiting_;
  } else {
    reader_changed_.wait(lock, may_use);
  }
  if (closed_) return Unavailable("DATABASE_CLOSED", "the database is shutting down");
  ++readers_in_use_;
  while (!free_readers_.empty()) {
    ConnectionPtr reader = std::move(free_readers_.back());
    free_readers_.pop_back();
    // One that a restarted server has forgotten shows it before it is used.
    if (reader->Alive()) return reader;
  }
  lock.unlock();
  auto reader = connector_.Connect(Use::kRead);
  if (!reader.ok()) GiveBack(nullptr);
  return reader;
}

void PostgresDatabase::GiveBack(ConnectionPtr reader) {
  const std::lock_guard lock(mutex_);
  --readers_in_use_;
  if (reader != nullptr && !closed_) free_readers_.push_back(std::move(reader));
  // The closer and those who wait for a reader share the condition.
  if (closed_) {
    reader_changed_.notify_all();
  } else if (urgent_waiting_ > 0) {
    urgent_changed_.notify_one();
  } else {
    reader_changed_.notify_one();
  }
}

}  // namespace quartet::storage
