#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/storage/database.h"
#include "common/telemetry/contradictions.h"
#include "services/qualification/qualification_repository.h"
#include "services/qualification/waiters.h"

#include "quartet/qualification/v1/service.pb.h"

namespace quartet::qualification {

// What became of qualifications, for the services that hold their intents (rules 1 and 6). That
// an id has no row is believed of no read: what could read could be a database that was restored,
// or that of a former primary. Only the write that keeps the row from ever beginning makes it
// ABORTED. (CockroachDB's push of a transaction whose record is missing.) Thread-safe.
class DecisionLog {
 public:
  DecisionLog(const QualificationRepository& repository, storage::Database& database,
              telemetry::Contradictions& contradictions, const Clock& clock)
      : repository_(repository), database_(database), contradictions_(contradictions), clock_(clock) {}

  // The decisions, positional, and the watermark. `ids` must be UUIDs. Errors: those of the database.
  Result<v1::GetDecisionsResponse> Read(std::span<const std::string> ids);

  // The same if that needs no waiting and nothing is missing; otherwise nothing.
  std::optional<Result<v1::GetDecisionsResponse>> TryRead(std::span<const std::string> ids);

  // Reads the qualifications of these names, and tells those who wait for the ones that are
  // decided. What cannot be read now is asked for again when it is due next.
  void NotifyWaiters(Waiters& waiters, std::span<const std::string> names);

 private:
  // What a read found.
  struct Found {
    v1::GetDecisionsResponse response;
    std::vector<std::size_t> missing;     // indices
    std::vector<std::size_t> unreadable;  // likewise
  };
  // The decisions of `ids` from the stored rows.
  Status Find(storage::Transaction& transaction, std::span<const std::string> ids, Found& found) const;
  void Report(const Found& found);
  // Decides what is missing, by writing.
  Status Fence(std::span<const std::string> ids, std::span<const std::size_t> missing,
               v1::GetDecisionsResponse& response);

  const QualificationRepository& repository_;
  storage::Database& database_;
  telemetry::Contradictions& contradictions_;
  const Clock& clock_;
};

// Reports that somebody speaks of a qualification that was never begun; `seen`: where.
void ReportUnknown(telemetry::Contradictions& contradictions, const std::string& id, const std::string& seen);

}  // namespace quartet::qualification
