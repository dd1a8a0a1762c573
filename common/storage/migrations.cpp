#include "common/storage/migrations.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "common/base/id_source.h"
#include "common/storage/postgres/batching/sql_text.h"

namespace quartet::storage {
namespace {

constexpr std::string_view kCreateTable =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    "set_name TEXT NOT NULL, number BIGINT NOT NULL, title TEXT NOT NULL, checksum TEXT NOT NULL, "
    "applied_at BIGINT NOT NULL, PRIMARY KEY (set_name, number))";
constexpr std::string_view kSelectApplied =
    "SELECT number, title, checksum FROM schema_migration WHERE set_name = $1 ORDER BY number";
constexpr std::string_view kInsertApplied =
    "INSERT INTO schema_migration (set_name, number, title, checksum, applied_at) VALUES ($1, $2, $3, $4, $5)";

struct Step {
  std::int64_t number = 0;
  std::string title;
  std::string checksum;
  std::string_view text;
};

Result<std::vector<Step>> ParseFiles(std::string_view set, std::span<const MigrationFile> files) {
  constexpr std::size_t kDigits = 4;
  constexpr std::string_view kSuffix = ".sql";
  std::vector<Step> steps;
  for (const auto& [name, text] : files) {
    Step step{.checksum = UuidV5(text), .text = text};
    const bool shaped = name.size() > kDigits + 1 + kSuffix.size() && name[kDigits] == '_' && name.ends_with(kSuffix);
    const auto parsed = std::from_chars(name.data(), name.data() + std::min(kDigits, name.size()), step.number);
    const bool in_order = step.number == static_cast<std::int64_t>(steps.size()) + 1;
    if (!shaped || parsed.ptr != name.data() + kDigits || !in_order) {
      return Internal(fmt::format("migration {}/{} should be {:04}_<title>.sql", set, name, steps.size() + 1));
    }
    step.title = name.substr(kDigits + 1, name.size() - kDigits - 1 - kSuffix.size());
    steps.push_back(std::move(step));
  }
  return steps;
}

Result<std::vector<Step>> ReadApplied(Transaction& transaction, std::string_view set) {
  std::vector<Step> applied;
  QUARTET_RETURN_IF_ERROR(transaction.Query(kSelectApplied, {set}, [&](const Row& row) {
    applied.push_back({.number = row.Int(0), .title = row.String(1), .checksum = row.String(2)});
  }));
  return applied;
}

Status CheckApplied(std::string_view set, const std::vector<Step>& applied, const std::vector<Step>& steps) {
  if (applied.size() > steps.size() || (!applied.empty() && applied.back().number > std::ssize(steps))) {
    return FailedPrecondition(
        "SCHEMA_NEWER",
        fmt::format("the database was written by a newer program: its schema \"{}\" is at step {}, this "
                    "program knows {}",
                    set, applied.back().number, steps.size()));
  }
  for (std::size_t i = 0; i < applied.size(); ++i) {
    if (applied[i].number != steps[i].number) {
      return FailedPrecondition("SCHEMA_GAP", fmt::format("step {} of the schema \"{}\" is missing in the database, "
                                                          "although step {} has been applied",
                                                          steps[i].number, set, applied[i].number));
    }
    if (applied[i].checksum != steps[i].checksum) {
      return FailedPrecondition("SCHEMA_CHANGED",
                                fmt::format("step {:04}_{} of the schema \"{}\" is not the one that this program has "
                                            "(\"{}\"): an applied step must never be edited",
                                            applied[i].number, applied[i].title, set, steps[i].title));
    }
  }
  return {};
}

Status Apply(Transaction& transaction, std::string_view set, const Step& step, const Clock& clock) {
  for (const std::string_view statement : SplitStatements(step.text)) {
    // Not Run, so that a failure is this step's.
    const auto changed = transaction.Execute(statement, {});
    if (changed.ok()) continue;
    Error error = changed.error();
    error.message = fmt::format("step {:04}_{} of the schema \"{}\": {}", step.number, step.title, set, error.message);
    return error;
  }
  return transaction.Run(kInsertApplied, {set, step.number, std::string_view(step.title),
                                          std::string_view(step.checksum), clock.NowMicros()});
}

}  // namespace

Status Migrate(Database& database, std::string_view set, std::span<const MigrationFile> files, const Clock& clock) {
  QUARTET_ASSIGN_OR_RETURN(const std::vector<Step> steps, ParseFiles(set, files));
  for (bool finished = false; !finished;) {
    QUARTET_RETURN_IF_ERROR(database.ChangeSchema([&](Transaction& transaction) -> Status {
      QUARTET_RETURN_IF_ERROR(transaction.Run(kCreateTable));
      QUARTET_ASSIGN_OR_RETURN(const std::vector<Step> applied, ReadApplied(transaction, set));
      QUARTET_RETURN_IF_ERROR(CheckApplied(set, applied, steps));
      finished = applied.size() == steps.size();
      return finished ? Status() : Apply(transaction, set, steps[applied.size()], clock);
    }));
  }
  return {};
}

}  // namespace quartet::storage
