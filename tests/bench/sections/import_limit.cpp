#include "tests/bench/sections/import_limit.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include "common/base/clock.h"
#include "common/base/id_source.h"
#include "tests/bench/monolith/conversion_records.h"
#include "tests/bench/monolith/plain_rows.h"

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

std::vector<PlainBatch> MakeBatches(MadeLeads& leads, int rows) {
  const SystemClock clock;
  UuidV7Source ids(clock);
  std::vector<PlainBatch> batches;
  for (int done = 0; done < rows;) {
    PlainBatch& batch = batches.emplace_back();
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

ImportResult MeasureImport(BenchSuite& suite, const std::string& server, int rounds, int rows,
                           const std::stop_token& stop) {
  const auto plain = server.empty() ? MakePlainSqlite() : MakePlainPostgres(server);
  MadeLeads imported(Companies::kShared, kListOfImports);
  MadeLeads inserted(Companies::kShared, kListOfLimits);
  ImportResult result{.limit_name = server.empty() ? "plain inserts" : "COPY alone", .rows = rows, .runs = {}};
  for (int round = 0; round < rounds && !stop.stop_requested(); ++round) {
    ImportResult::Run run;
    const auto service_start = Clock::now();
    suite.Import(imported, rows);
    run.service = rows / Seconds(service_start);
    suite.Settle();
    plain->Take(MakeBatches(inserted, rows));
    const auto limit_start = Clock::now();
    plain->Write();
    run.limit = rows / Seconds(limit_start);
    result.runs.push_back(run);
  }
  return result;
}

}  // namespace quartet::bench
