// What lies in the databases of a suite, past its services.
#include <sqlite3.h>

#include <stdexcept>

#include <fmt/core.h>

#include "tests/support/eventually.h"
#include "tests/support/suite/process.h"

namespace quartet::test {
namespace {

using Connection = std::unique_ptr<sqlite3, int (*)(sqlite3*)>;

[[noreturn]] void Throw(const std::filesystem::path& path, sqlite3* database) {
  throw std::runtime_error(fmt::format("{}: {}", path.string(), sqlite3_errmsg(database)));
}

Connection OpenFile(const std::filesystem::path& path, int flags) {
  sqlite3* opened = nullptr;
  const int error = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  Connection database(opened, sqlite3_close);
  if (error != SQLITE_OK || sqlite3_busy_timeout(opened, 10'000) != SQLITE_OK) Throw(path, opened);
  return database;
}

// The first value of the last statement.
std::string RunSql(const std::filesystem::path& path, const std::string& sql, int flags) {
  const Connection database = OpenFile(path, flags);
  std::string value;
  for (const char* next = sql.c_str(); *next != '\0';) {
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v2(database.get(), next, -1, &prepared, &next) != SQLITE_OK) Throw(path, database.get());
    if (prepared == nullptr) break;
    const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> statement(prepared, sqlite3_finalize);
    value.clear();
    int step = sqlite3_step(prepared);
    if (step == SQLITE_ROW) {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(prepared, 0));
      value = text == nullptr ? "" : text;
    }
    while (step == SQLITE_ROW) step = sqlite3_step(prepared);
    if (step != SQLITE_DONE) Throw(path, database.get());
  }
  return value;
}

// The log of what is not in the file yet goes with it.
constexpr std::string_view kSuffixes[] = {"", "-wal"};

}  // namespace

std::filesystem::path Suite::FileOf(std::string_view service) const {
  return folder_.path() / service / fmt::format("{}.db", service);
}

std::int64_t Suite::QueryNumber(std::string_view service, const std::string& sql) const {
  return std::stoll(postgres_ != nullptr ? postgres_->Query(sql, SuiteDatabase(service))
                                         : RunSql(FileOf(service), sql, SQLITE_OPEN_READONLY));
}

std::string Suite::Execute(std::string_view service, const std::string& sql) const {
  if (postgres_ != nullptr) return postgres_->Query(sql, SuiteDatabase(service));
  return RunSql(FileOf(service), sql, SQLITE_OPEN_READWRITE);
}

void Suite::Backup(std::string_view service) const {
  if (postgres_ == nullptr) {
    for (const std::string_view suffix : kSuffixes) {
      const auto file = FileOf(service).string() + std::string(suffix);
      if (std::filesystem::exists(file)) std::filesystem::copy_file(file, file + ".backup");
    }
    return;
  }
  const std::string database = SuiteDatabase(service);
  // Sessions of a process that was killed take a moment to end, and a copy is made of a database that nobody uses.
  const std::string count = fmt::format("SELECT count(*) FROM pg_stat_activity WHERE datname = '{}'", database);
  if (!Eventually([&] { return postgres_->Query(count) == "0"; }))
    throw std::runtime_error(database + " is still in use");
  postgres_->Query(fmt::format("CREATE DATABASE {0}_backup TEMPLATE {0}", database));
}

void Suite::RestoreBackup(std::string_view service) const {
  if (postgres_ == nullptr) {
    for (const std::string_view suffix : {"", "-wal", "-shm"}) {
      const auto file = FileOf(service).string() + std::string(suffix);
      std::filesystem::remove(file);
      if (std::filesystem::exists(file + ".backup")) std::filesystem::copy_file(file + ".backup", file);
    }
    return;
  }
  const std::string database = SuiteDatabase(service);
  postgres_->Query(fmt::format("DROP DATABASE {} WITH (FORCE)", database));
  postgres_->Query(fmt::format("CREATE DATABASE {0} TEMPLATE {0}_backup", database));
}

}  // namespace quartet::test
