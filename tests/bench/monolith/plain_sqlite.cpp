#include <sqlite3.h>

#include <filesystem>
#include <stdexcept>

#include "common/events/migrations.h"
#include "services/lead/migrations.h"
#include "tests/bench/monolith/plain_rows.h"
#include "tests/support/temp_directory.h"

namespace quartet::bench {
namespace {

// A database as the lead service has one, through SQLite's own interface alone.
class PlainSqlite final : public PlainRows {
 public:
  PlainSqlite() : database_(Open(folder_.path() / "plain.db"), sqlite3_close) {
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

  void Take(std::vector<PlainBatch> batches) override { batches_ = std::move(batches); }

  void Write() override {
    for (const PlainBatch& batch : batches_) WriteOne(batch);
  }

 private:
  using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

  void WriteOne(const PlainBatch& batch) {
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
      Blob(*statement, 3, statement == &event_ ? batch.events : "");
      Step(*statement);
    }
    Script("COMMIT");
  }

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

  const test::TempDirectory folder_;
  std::vector<PlainBatch> batches_;
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> database_;
  Statement lead_{nullptr, sqlite3_finalize};
  Statement identity_{nullptr, sqlite3_finalize};
  Statement outbox_{nullptr, sqlite3_finalize};
  Statement event_{nullptr, sqlite3_finalize};
};

}  // namespace

std::unique_ptr<PlainRows> MakePlainSqlite() {
  return std::make_unique<PlainSqlite>();
}

}  // namespace quartet::bench
