#include <fmt/core.h>

#include "tests/bench/monolith/database.h"
#include "tests/bench/monolith/pg_session.h"
#include "tests/bench/monolith/plain_rows.h"

namespace quartet::bench {
namespace {

constexpr const char* kCopiedDatabase = "quartet_copied";

PgSession Connect(const std::string& server) {
  PgSession admin(server + " dbname=postgres");
  admin.Script("SET client_min_messages TO warning");
  admin.Script(fmt::format("DROP DATABASE IF EXISTS {} WITH (FORCE)", kCopiedDatabase));
  admin.Script(fmt::format("CREATE DATABASE {}", kCopiedDatabase));
  return PgSession(fmt::format("{} dbname={}", server, kCopiedDatabase));
}

class PlainPostgres final : public PlainRows {
 public:
  explicit PlainPostgres(const std::string& server) : session_(Connect(server)) { MakeMonolithTables(session_); }

  void Take(std::vector<PlainBatch> batches) override {
    batches_.clear();
    for (const PlainBatch& batch : batches) {
      Rows rows{.leads = RowsOf(batch.leads), .events = {}, .outbox = {}};
      rows.events = fmt::format("{}\t{}\t", batch.id, batch.leads.front().create_time_us);
      rows.outbox = "0\t" + rows.events;
      AppendCopyBytes(batch.events, rows.events);
      AppendCopyBytes("", rows.outbox);
      rows.events += '\n';
      rows.outbox += '\n';
      batches_.push_back(std::move(rows));
    }
  }

  void Write() override {
    for (const Rows& rows : batches_) {
      session_.Script("BEGIN");
      CopyLeads(session_, rows.leads);
      session_.Copy("COPY events.outbox (slot, id, created_at, payload) FROM STDIN", rows.outbox);
      session_.Copy("COPY events.event (id, created_at, payload) FROM STDIN", rows.events);
      session_.Script("COMMIT");
    }
  }

 private:
  // In COPY's text format.
  struct Rows {
    LeadRows leads;
    std::string events;
    std::string outbox;
  };

  PgSession session_;
  std::vector<Rows> batches_;
};

}  // namespace

std::unique_ptr<PlainRows> MakePlainPostgres(const std::string& server) {
  return std::make_unique<PlainPostgres>(server);
}

}  // namespace quartet::bench
