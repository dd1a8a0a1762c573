#include "common/storage/statement/owned_statement.h"

#include <cstdlib>
#include <utility>

#include "common/storage/statement/access_check.h"
#include "common/telemetry/log.h"

namespace quartet::storage {

OwnedStatement::OwnedStatement(std::string sql, const Access& access) : sql_(std::move(sql)), access_(access) {
  const auto contradiction = FindContradiction(sql_, access_);
  if (contradiction.empty()) return;
  telemetry::LogError("a statement is not what it is declared to be",
                      {{"sql", sql_}, {"detail", std::string(contradiction)}});
  std::abort();
}

}  // namespace quartet::storage
