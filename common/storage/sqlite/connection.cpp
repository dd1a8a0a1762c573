#include "common/storage/sqlite/connection.h"

#include <sqlite3.h>

#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "common/storage/sqlite/error.h"
#include "common/storage/sqlite/log_buffer.h"
#include "common/storage/sqlite/reader.h"
#include "common/telemetry/log.h"

namespace quartet::storage {
namespace {

// Only a backup tool could hold a lock for longer.
constexpr int kBusyTimeoutMs = 5'000;
// A log that has grown beyond this is cut when it starts anew. Below it the file
// keeps its size, which spares each fsync an update of the file's metadata.
constexpr std::int64_t kLogBytesKept = 64 << 20;
constexpr std::int64_t kPageBytes = 4096;

// Must come before any connection of the process: SQLite's own accounting of
// memory takes a global lock for each allocation.
void ConfigureLibraryOnce() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

// SQLite's codes for what SqliteStatement refuses by itself.
const char* Explain(int code) {
  if (code == SQLITE_RANGE) return "the parameters given are not the statement's $1 to $n";
  if (code == SQLITE_MISUSE) return "this is not exactly one statement";
  return sqlite3_errstr(code);
}

}  // namespace

void SqliteConnection::Closer::operator()(sqlite3* handle) const {
  // Fails only while statements are left, which would be a leak of ours.
  if (sqlite3_close(handle) != SQLITE_OK) std::abort();
}

SqliteConnection::SqliteConnection(sqlite3* handle, Options options)
    : options_(std::move(options)), handle_(handle), statements_(handle, options_.statements_max) {}

SqliteConnection::~SqliteConnection() = default;

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(Options options) {
  ConfigureLibraryOnce();
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  QUARTET_ASSIGN_OR_RETURN(const char* const vfs, options.writer ? LogBufferVfs() : ReaderVfs());
  const int code = sqlite3_open_v2(options.path.c_str(), &handle, flags, vfs);
  if (handle == nullptr) return SqliteError(SQLITE_NOMEM, "out of memory");
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(handle, std::move(options)));
  if (code != SQLITE_OK) return connection->ErrorFor(code, "(open)");
  QUARTET_RETURN_IF_ERROR(connection->Configure());
  return connection;
}

Status SqliteConnection::Configure() {
  sqlite3_busy_timeout(handle_.get(), kBusyTimeoutMs);
  // As in PostgreSQL, "x" is never a text.
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  sqlite3_db_config(handle_.get(), SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  if (options_.writer) QUARTET_RETURN_IF_ERROR(SwitchToWal());

  std::vector<std::string> settings = {
      "PRAGMA synchronous = FULL",
      // Checkpoints are the writer's upkeep, never part of a commit.
      "PRAGMA wal_autocheckpoint = 0",
      fmt::format("PRAGMA journal_size_limit = {}", kLogBytesKept),
      fmt::format("PRAGMA cache_size = -{}", options_.cache_bytes / 1024),
      fmt::format("PRAGMA mmap_size = {}", options_.map_bytes),
      "PRAGMA temp_store = MEMORY",
      "PRAGMA foreign_keys = ON",
      "PRAGMA trusted_schema = OFF",
      // As in PostgreSQL; and it lets LIKE 'prefix%' use an index.
      "PRAGMA case_sensitive_like = ON",
      // Deleted content is overwritten where that costs no further page.
      "PRAGMA secure_delete = FAST",
  };
  if (options_.file_bytes_max > 0) {
    settings.push_back(fmt::format("PRAGMA max_page_count = {}", options_.file_bytes_max / kPageBytes));
  }
  if (!options_.writer) settings.emplace_back("PRAGMA query_only = ON");
  for (const std::string& setting : settings) QUARTET_RETURN_IF_ERROR(Run(setting));
  return {};
}

Status SqliteConnection::SwitchToWal() {
  int code = SQLITE_OK;
  const std::string_view sql = "PRAGMA journal_mode = WAL";
  const auto statement = statements_.Borrow(sql, code);
  if (!statement) return ErrorFor(code, sql);
  code = sqlite3_step((*statement)->handle());
  if (code != SQLITE_ROW) return ErrorFor(code, sql);
  const auto* mode = reinterpret_cast<const char*>(sqlite3_column_text((*statement)->handle(), 0));
  if (mode == nullptr || std::string_view(mode) != "wal") {
    return FailedPrecondition("DATABASE_UNSUITABLE", options_.path.string() +
                                                         " cannot use a write-ahead log there; a local file system "
                                                         "with shared memory is needed");
  }
  return {};
}

Status SqliteConnection::Run(std::string_view sql) {
  int code = SQLITE_OK;
  const auto statement = statements_.Borrow(sql, code);
  if (!statement) return ErrorFor(code, sql);
  do {
    code = sqlite3_step((*statement)->handle());
  } while (code == SQLITE_ROW);
  if (code != SQLITE_DONE) return ErrorFor(code, sql);
  return {};
}

Error SqliteConnection::ErrorFor(int code, std::string_view sql) const {
  // A code that SQLite itself did not report has no message of SQLite's.
  const bool own = sqlite3_extended_errcode(handle_.get()) != code;
  const char* detail = own ? Explain(code) : sqlite3_errmsg(handle_.get());
  Error error = SqliteError(code, detail);
  if (error.code == Code::kInternal) {
    telemetry::LogError("statement refused",
                        {{"code", std::to_string(code)}, {"detail", detail}, {"sql", std::string(sql)}});
  }
  return error;
}

bool SqliteConnection::InTransaction() const {
  return sqlite3_get_autocommit(handle_.get()) == 0;
}

}  // namespace quartet::storage
