#include "common/storage/sqlite/statement.h"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <variant>

namespace quartet::storage {
namespace {

// Whether `sql` begins with `word`, a keyword in capitals.
bool BeginsWith(std::string_view sql, std::string_view word) {
  return sql.size() >= word.size() && std::ranges::equal(word, sql.substr(0, word.size()), [](char wanted, char found) {
           return wanted == (found & ~0x20);
         });
}

bool CountsRows(std::string_view sql) {
  constexpr std::array<std::string_view, 4> kWords = {"INSERT", "UPDATE", "DELETE", "WITH"};
  sql.remove_prefix(std::min(sql.find_first_not_of(" \n\t\r"), sql.size()));
  return std::ranges::any_of(kWords, [sql](std::string_view word) { return BeginsWith(sql, word); });
}

int BindOne(sqlite3_stmt* statement, int position, const Param& param) {
  // A null pointer would bind NULL, and an empty view may carry one.
  constexpr const char* kEmpty = "";
  if (const auto* number = std::get_if<std::int64_t>(&param)) return sqlite3_bind_int64(statement, position, *number);
  if (const auto* text = std::get_if<std::string_view>(&param)) {
    return sqlite3_bind_text64(statement, position, text->empty() ? kEmpty : text->data(), text->size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  if (const auto* blob = std::get_if<Blob>(&param)) {
    const std::string_view bytes = blob->bytes;
    return sqlite3_bind_blob64(statement, position, bytes.empty() ? kEmpty : bytes.data(), bytes.size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, position);
}

}  // namespace

std::pair<std::unique_ptr<SqliteStatement>, int> SqliteStatement::Prepare(sqlite3* connection, std::string_view sql,
                                                                          bool keep) {
  sqlite3_stmt* handle = nullptr;
  const unsigned flags = keep ? SQLITE_PREPARE_PERSISTENT : 0U;
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()), flags, &handle, &tail);
  if (code != SQLITE_OK) return {nullptr, code};
  // An empty text gives no statement.
  if (handle == nullptr) return {nullptr, SQLITE_MISUSE};
  std::unique_ptr<SqliteStatement> statement(new SqliteStatement(handle));
  const std::string_view rest = sql.substr(static_cast<std::size_t>(tail - sql.data()));
  if (rest.find_first_not_of(" \n\t\r;") != std::string_view::npos) return {nullptr, SQLITE_MISUSE};
  if (!statement->ResolveParameters()) return {nullptr, SQLITE_RANGE};
  const bool writes = sqlite3_stmt_readonly(handle) == 0;
  statement->changes_rows_ = writes && CountsRows(sql);
  statement->changes_schema_ = writes && !CountsRows(sql);
  return {std::move(statement), SQLITE_OK};
}

SqliteStatement::~SqliteStatement() {
  sqlite3_finalize(handle_);
}

bool SqliteStatement::ResolveParameters() {
  const int count = sqlite3_bind_parameter_count(handle_);
  parameters_.reserve(static_cast<std::size_t>(count));
  for (int position = 1; position <= count; ++position) {
    const char* name = sqlite3_bind_parameter_name(handle_, position);
    const std::string_view text = name == nullptr ? "" : name;
    std::size_t number = 0;
    if (text.size() < 2 || text.front() != '$') return false;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number == 0) return false;
    parameters_.push_back(number - 1);
    parameter_count_ = std::max(parameter_count_, number);
  }
  return true;
}

int SqliteStatement::Bind(std::span<const Param> params) {
  if (params.size() != parameter_count_) return SQLITE_RANGE;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const int code = BindOne(handle_, static_cast<int>(i) + 1, params[parameters_[i]]);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

void SqliteStatement::Reset() {
  // The result repeats the error of the last step, which its caller has seen.
  sqlite3_reset(handle_);
}

SqliteStatementCache::Lease::Lease(Entry& entry) : entry_(&entry), statement_(entry.statement.get()) {
  entry.in_use = true;
}

SqliteStatementCache::Lease::Lease(std::unique_ptr<SqliteStatement> own)
    : own_(std::move(own)), statement_(own_.get()) {}

SqliteStatementCache::Lease::Lease(Lease&& other) noexcept
    : entry_(std::exchange(other.entry_, nullptr)),
      own_(std::move(other.own_)),
      statement_(std::exchange(other.statement_, nullptr)) {}

SqliteStatementCache::Lease::~Lease() {
  if (statement_ == nullptr) return;
  statement_->Reset();
  if (entry_ != nullptr) entry_->in_use = false;
}

std::optional<SqliteStatementCache::Lease> SqliteStatementCache::Borrow(std::string_view sql, int& code) {
  const auto found = by_text_.find(sql);
  if (found != by_text_.end() && !found->second->in_use) {
    code = SQLITE_OK;
    entries_.splice(entries_.begin(), entries_, found->second);
    return Lease(*found->second);
  }
  const bool keep = found == by_text_.end();
  auto [statement, result] = SqliteStatement::Prepare(connection_, sql, keep);
  code = result;
  if (statement == nullptr) return std::nullopt;
  if (!keep) return Lease(std::move(statement));
  MakeRoom();
  entries_.push_front({.sql = std::string(sql), .statement = std::move(statement)});
  by_text_.emplace(entries_.front().sql, entries_.begin());
  return Lease(entries_.front());
}

void SqliteStatementCache::MakeRoom() {
  if (entries_.size() < limit_) return;
  // Statements in use are few (queries within row callbacks) and recent.
  for (auto entry = std::prev(entries_.end()); entry != entries_.begin(); --entry) {
    if (entry->in_use) continue;
    by_text_.erase(entry->sql);
    entries_.erase(entry);
    return;
  }
}

}  // namespace quartet::storage
