#include "tests/bench/import_limit.h"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <span>
#include <stdexcept>

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "common/events/migrations.h"
#include "services/lead/migrations.h"
#include "tests/bench/conversion_records.h"
#include "tests/support/temp_directory.h"

namespace quartet::bench {
namespace {

constexpr int kListOfImports = 8;
constexpr int kListOfLimits = 9;
// As the service does it (services/lead/lead_import.cpp).
constexpr std::size_t kRowsPerTransaction = 250;

using Clock = std::chrono::steady_clock;

double Seconds(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// What a batch of new leads writes.
struct Batch {
  std::vector<resource::Record> leads;
  std::string id;
  std::string events;
};

// A database as the lead service has one, through SQLite's own interface alone.
class PlainSqlite {
 public:
  explicit PlainSqlite(const std::filesystem::path& path) : database_(Open(path), sqlite3_close) {
    for (const char* sql : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA cache_size = -16384"})
      Script(sql);
    for (const auto& [name, text] : lead::kMigrations) Script(std::string(text));
    for (const auto& [name, text] : events::kMigrations) Script(std::string(text));
    lead_ = Prepare(
        "INSERT INTO lead (id, version, create_time, update_time, delete_time, body, state, owner, source, company) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    identity_ =
        Prepare("INSERT INTO identity (kind, value, record_id, former) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING");
    outbox_ = Prepare("INSERT INTO outbox (slot, id, created_at, payload) VALUES (0, ?, ?, ?)");
    event_ = Prepare("INSERT INTO event (id, created_at, payload) VALUES (?, ?, ?)");
  }

  void Write(const Batch& batch) {
    Script("BEGIN IMMEDIATE");
    for (const resource::Record& lead : batch.leads) {
      int column = 0;
      Text(lead_, ++column, lead.id);
      for (const std::int64_t number : {lead.version, lead.create_time_us, lead.update_time_us, lead.delete_time_us})
        sqlite3_bind_int64(lead_.get(), ++column, number);
      Blob(lead_, ++column, lead.bytes);
      for (const resource::ColumnValue& value : lead.columns) {
        if (const auto* text = std::get_if<std::string>(&value))
          Text(lead_, ++column, *text);
        else
          sqlite3_bind_int64(lead_.get(), ++column, std::get<std::int64_t>(value));
      }
      Step(lead_);
      for (const identity::Identity& identity : lead.identities) {
        sqlite3_bind_int64(identity_.get(), 1, static_cast<std::int64_t>(identity.kind));
        Text(identity_, 2, identity.value);
        Text(identity_, 3, lead.id);
        Step(identity_);
      }
    }
    for (const Statement* statement : {&outbox_, &event_}) {
      Text(*statement, 1, batch.id);
      sqlite3_bind_int64(statement->get(), 2, batch.leads.front().create_time_us);
      Blob(*statement, 3, batch.events);
      Step(*statement);
    }
    Script("COMMIT");
  }

 private:
  using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

  static sqlite3* Open(const std::filesystem::path& path) {
    sqlite3* opened = nullptr;
    if (sqlite3_open(path.c_str(), &opened) != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(opened));
    return opened;
  }

  void Script(const std::string& sql) {
    if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(database_.get()));
  }

  Statement Prepare(const char* sql) {
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(database_.get()));
    return {prepared, sqlite3_finalize};
  }

  static void Text(const Statement& statement, int column, const std::string& text) {
    sqlite3_bind_text(statement.get(), column, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
  }

  static void Blob(const Statement& statement, int column, const std::string& bytes) {
    sqlite3_bind_blob(statement.get(), column, bytes.data(), static_cast<int>(bytes.size()), SQLITE_STATIC);
  }

  void Step(const Statement& statement) {
    if (sqlite3_step(statement.get()) != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(database_.get()));
    sqlite3_reset(statement.get());
  }

  std::unique_ptr<sqlite3, int (*)(sqlite3*)> database_;
  Statement lead_{nullptr, sqlite3_finalize};
  Statement identity_{nullptr, sqlite3_finalize};
  Statement outbox_{nullptr, sqlite3_finalize};
  Statement event_{nullptr, sqlite3_finalize};
};

std::vector<Batch> MakeBatches(MadeLeads& leads, int rows) {
  const SystemClock clock;
  UuidV7Source ids(clock);
  std::vector<Batch> batches;
  for (int done = 0; done < rows;) {
    Batch& batch = batches.emplace_back();
    batch.id = ids.NewUuid();
    for (std::size_t i = 0; i < kRowsPerTransaction && done < rows; ++i, ++done)
      batch.leads.push_back(LeadRecord(leads.Next(), ids.NewUuid(), clock.NowMicros()));
    batch.events = CreationEvents(batch.leads, ids);
  }
  return batches;
}

}  // namespace

const ImportResult::Run& ImportResult::Median() const {
  std::vector<const Run*> sorted;
  for (const Run& run : runs) sorted.push_back(&run);
  std::ranges::sort(sorted, {}, [](const Run* run) { return run->Ratio(); });
  return *sorted.at((sorted.size() - 1) / 2);
}

ImportResult MeasureImport(BenchSuite& suite, int rounds, int rows, const std::stop_token& stop) {
  const test::TempDirectory own;
  PlainSqlite plain(own.path() / "plain.db");
  MadeLeads imported(Companies::kShared, kListOfImports);
  MadeLeads inserted(Companies::kShared, kListOfLimits);
  ImportResult result{.limit_name = "plain inserts", .rows = rows, .runs = {}};
  for (int round = 0; round < rounds && !stop.stop_requested(); ++round) {
    ImportResult::Run run;
    const auto service_start = Clock::now();
    suite.Import(imported, rows);
    run.service = rows / Seconds(service_start);
    suite.Settle();
    const auto batches = MakeBatches(inserted, rows);
    const auto limit_start = Clock::now();
    for (const Batch& batch : batches) plain.Write(batch);
    run.limit = rows / Seconds(limit_start);
    result.runs.push_back(run);
  }
  return result;
}

}  // namespace quartet::bench
