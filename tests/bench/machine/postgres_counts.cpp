#include "tests/bench/machine/postgres_counts.h"

#include <fmt/core.h>

namespace quartet::bench {

Counts PostgresCounts(PgSession& session, const std::string& databases) {
  // What others have in their memory is told only to a new look.
  session.Script("SELECT pg_stat_clear_snapshot()");
  const auto number = [&](const std::string& sql) { return static_cast<double>(session.Number(sql)); };
  return {
      {"PostgreSQL commits", number(fmt::format("SELECT coalesce(sum(xact_commit), 0)::BIGINT FROM pg_stat_database "
                                                "WHERE starts_with(datname, '{}')",
                                                databases))},
      {"PostgreSQL log bytes", number("SELECT wal_bytes::BIGINT FROM pg_stat_wal")},
      {"PostgreSQL log syncs", number("SELECT wal_sync FROM pg_stat_wal")}};
}

}  // namespace quartet::bench
